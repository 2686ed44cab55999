// The function, its streaming Function URL and its table of threads, with the AWS CDK:
//
//   make package-lambda
//   npm install aws-cdk-lib constructs && npx cdk deploy --app "npx tsx examples/infrastructure/cdk.ts" -c auth=none
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, BillingMode, ProjectionType, Table } from "aws-cdk-lib/aws-dynamodb";
import { Architecture, Code, Function as Lambda, FunctionUrlAuthType, InvokeMode, Runtime } from "aws-cdk-lib/aws-lambda";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";

const app = new App();
const stack = new Stack(app, "copilotkit");
const context = (name: string, otherwise = ""): string => app.node.tryGetContext(name) ?? otherwise;

// docs/dynamodb.md says what the table needs.
const table = new Table(stack, "Threads", {
  partitionKey: { name: "pk", type: AttributeType.STRING },
  sortKey: { name: "sk", type: AttributeType.STRING },
  billingMode: BillingMode.PAY_PER_REQUEST,
  timeToLiveAttribute: "expires",
  removalPolicy: RemovalPolicy.RETAIN,
});
table.addGlobalSecondaryIndex({
  indexName: "list",
  partitionKey: { name: "list", type: AttributeType.STRING },
  sortKey: { name: "at", type: AttributeType.BINARY },
  projectionType: ProjectionType.INCLUDE,
  nonKeyAttributes: ["owner", "id", "name", "agent", "archived", "created", "updated", "ran", "expires", "day", "runs", "input", "output", "estimated"],
});

const copilotkit = new Lambda(stack, "Function", {
  code: Code.fromAsset(context("zip", "dist/lambda-arm64.zip")),
  handler: "bootstrap",
  runtime: Runtime.PROVIDED_AL2023,
  architecture: Architecture.ARM_64,
  memorySize: 128,
  timeout: Duration.minutes(15),
  logGroup: new LogGroup(stack, "Log", { retention: RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY }),
  environment: {
    // Who may call: docs/access.md. A model needs its key here, or on Bedrock a permission.
    COPILOTKIT_AUTH: context("auth"),
    COPILOTKIT_MODEL: context("model", "demo"),
    COPILOTKIT_STORE: `dynamodb://${table.tableName}?retention=2160h`,
    COPILOTKIT_LIMIT_RUNS_PER_MINUTE: "20",
    COPILOTKIT_LIMIT_CONCURRENT_RUNS: "5",
    COPILOTKIT_LIMIT_TOKENS_PER_DAY: "1000000",
  },
});
table.grant(copilotkit, "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:Query");

const url = copilotkit.addFunctionUrl({ authType: FunctionUrlAuthType.NONE, invokeMode: InvokeMode.RESPONSE_STREAM });
new CfnOutput(stack, "FunctionUrl", { value: url.url, description: "Append /api/copilotkit to get the front end's runtimeUrl." });
