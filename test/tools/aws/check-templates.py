"""Checks SAM and CloudFormation templates: python3 check-templates.py

Each line that it reads is a JSON array of files, which it answers with a line: a JSON
array with an object for each file. Its "problems" are what cfn-lint says of the file,
which knows the rules of SAM's own translator and the schemas of CloudFormation's
resources; its "template" is the template with functions in their long form, as it was
before SAM's translator.
"""
import json
import sys

from cfnlint.config import ConfigMixIn
from cfnlint.decode import decode
from cfnlint.runner import Runner


def check(files):
    problems = {file: [] for file in files}
    runner = Runner(ConfigMixIn(["--template", *files], regions=["us-east-1"]))
    for match in runner.run():
        problems[match.filename].append(
            f"{match.filename}:{match.linenumber}: {match.rule.id} {match.message}"
        )
    return [{"problems": problems[file], "template": decode(file)[0]} for file in files]


for line in sys.stdin:
    json.dump(check(json.loads(line)), sys.stdout, default=str)
    print(flush=True)
