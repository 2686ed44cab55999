"""Checks SAM and CloudFormation templates: python3 check-templates.py FILE...

Prints a JSON array with an object for each file: "problems", what cfn-lint says of it,
which knows the rules of SAM's own translator and the schemas of CloudFormation's
resources; and "template", the template with functions in their long form, as it was
before SAM's translator.
"""
import json
import sys

from cfnlint.api import lint_file
from cfnlint.config import ManualArgs
from cfnlint.decode import decode
from pathlib import Path


def check(file):
    problems = [
        f"{file}:{match.linenumber}: {match.rule.id} {match.message}"
        for match in lint_file(Path(file), ManualArgs(regions=["us-east-1"]))
    ]
    template, _ = decode(file)
    return {"problems": problems, "template": template}


json.dump([check(file) for file in sys.argv[1:]], sys.stdout, default=str)
