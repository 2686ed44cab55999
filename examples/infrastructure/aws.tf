# The function, its streaming Function URL and its table of threads, with Terraform:
#
#   make package-lambda
#   terraform init && terraform apply -var auth=none -var zip=../../dist/lambda-arm64.zip

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.42" # invoked_via_function_url
    }
  }
}

variable "auth" {
  type        = string
  description = "Who may call: docs/access.md."
}

variable "model" {
  type    = string
  default = "demo"
}

variable "zip" {
  type    = string
  default = "dist/lambda-arm64.zip"
}

# The function's further variables. Keys and tokens among them are in Terraform's state:
# keep that as safe as they are.
variable "environment" {
  type      = map(string)
  default   = {}
  sensitive = true
}

# docs/dynamodb.md says what the table needs.
resource "aws_dynamodb_table" "threads" {
  name                        = "copilotkit-threads"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = true

  attribute {
    name = "pk"
    type = "S"
  }
  attribute {
    name = "sk"
    type = "S"
  }
  attribute {
    name = "list"
    type = "S"
  }
  attribute {
    name = "at"
    type = "B"
  }

  global_secondary_index {
    name               = "list"
    hash_key           = "list"
    range_key          = "at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["owner", "id", "name", "agent", "archived", "created", "updated", "ran", "expires", "day", "runs", "input", "output", "estimated"]
  }

  ttl {
    attribute_name = "expires"
    enabled        = true
  }
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/copilotkit/function"
  retention_in_days = 30
}

resource "aws_iam_role" "function" {
  name = "copilotkit"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }]
  })
}

resource "aws_iam_role_policy" "function" {
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
      {
        Effect   = "Allow"
        Action   = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem", "dynamodb:Query"]
        Resource = [aws_dynamodb_table.threads.arn, "${aws_dynamodb_table.threads.arn}/index/list"]
      },
    ]
  })
}

resource "aws_lambda_function" "copilotkit" {
  function_name    = "copilotkit"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  handler          = "bootstrap"
  runtime          = "provided.al2023"
  architectures    = ["arm64"]
  memory_size      = 128
  timeout          = 900
  role             = aws_iam_role.function.arn

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.function.name
  }

  environment {
    variables = merge({
      COPILOTKIT_AUTH                  = var.auth
      COPILOTKIT_MODEL                 = var.model
      COPILOTKIT_STORE                 = "dynamodb://${aws_dynamodb_table.threads.name}?retention=2160h"
      COPILOTKIT_LIMIT_RUNS_PER_MINUTE = "20"
      COPILOTKIT_LIMIT_CONCURRENT_RUNS = "5"
      COPILOTKIT_LIMIT_TOKENS_PER_DAY  = "1000000"
    }, var.environment)
  }
}

resource "aws_lambda_function_url" "copilotkit" {
  function_name      = aws_lambda_function.copilotkit.function_name
  authorization_type = "NONE"
  invoke_mode        = "RESPONSE_STREAM"
}

# A public Function URL needs both permissions.
resource "aws_lambda_permission" "url" {
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = aws_lambda_function.copilotkit.function_name
  principal              = "*"
  function_url_auth_type = "NONE"
}

resource "aws_lambda_permission" "invoke" {
  action                   = "lambda:InvokeFunction"
  function_name            = aws_lambda_function.copilotkit.function_name
  principal                = "*"
  invoked_via_function_url = true
}

output "runtime_url" {
  value = "${trimsuffix(aws_lambda_function_url.copilotkit.function_url, "/")}/api/copilotkit"
}
