module github.com/copilotkit-go/runtime

go 1.26
