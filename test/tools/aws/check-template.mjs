// Checks a SAM template: node check-template.mjs template.yaml
//
// If SAM_SCHEMA names the published SAM schema, the template is validated against
// that. It is always parsed as CloudFormation, which finds broken references,
// properties of the wrong type and missing ones. The resulting CloudFormation
// template is printed as JSON.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Ajv from "ajv-draft-04";
import { App, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";
import { parse } from "yaml";

const [file] = process.argv.slice(2);

// CloudFormation's short forms: !Ref Name is {Ref: Name}, !Sub text is
// {"Fn::Sub": text}, and !GetAtt A.B is {"Fn::GetAtt": ["A", "B"]}.
const functions = ["And", "Equals", "GetAtt", "If", "Join", "Not", "Or", "Select", "Split", "Sub"];
const long = (name, value) => (name === "GetAtt" ? { "Fn::GetAtt": value.split(".") } : { [`Fn::${name}`]: value });
const customTags = [
  { tag: "!Ref", resolve: (name) => ({ Ref: name }) },
  { tag: "!Condition", resolve: (name) => ({ Condition: name }) },
  ...functions.flatMap((name) => [
    { tag: `!${name}`, resolve: (value) => long(name, value) },
    { tag: `!${name}`, collection: "seq", resolve: (items) => long(name, items.toJSON()) },
  ]),
];

const template = parse(readFileSync(file, "utf8"), { customTags });

if (process.env.SAM_SCHEMA) {
  const schema = JSON.parse(readFileSync(process.env.SAM_SCHEMA, "utf8"));
  const ajv = new Ajv({ strict: false, allErrors: true });
  if (!ajv.validate(schema, template)) {
    // The schema tries every resource as each of SAM's types. Only the errors for its
    // own type, and for all of CloudFormation's types, count.
    console.error(ajv.errorsText(ajv.errors, { separator: "\n" }));
    process.exit(1);
  }
}

// SAM makes a resource of a function's URL, to which outputs refer.
for (const [name, resource] of Object.entries(template.Resources)) {
  if (resource.Properties?.FunctionUrlConfig) {
    const { AuthType, InvokeMode } = resource.Properties.FunctionUrlConfig;
    template.Resources[`${name}Url`] = {
      Type: "AWS::Lambda::Url",
      Properties: { TargetFunctionArn: { Ref: name }, AuthType, InvokeMode },
    };
  }
}

const folder = mkdtempSync(join(tmpdir(), "check-template-"));
try {
  const templateFile = join(folder, "template.json");
  writeFileSync(templateFile, JSON.stringify(template));
  const stack = new Stack(new App({ outdir: join(folder, "out"), context: { "@aws-cdk/core:validateAgainstDefaultRules": true } }), "Check");
  new CfnInclude(stack, "Template", { templateFile });
  console.log(JSON.stringify(App.of(stack).synth().getStackByName(stack.stackName).template, null, 2));
} finally {
  rmSync(folder, { recursive: true });
}
