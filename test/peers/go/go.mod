// The AG-UI Go SDK as an independent client of this runtime. It is a module of
// its own so that the SDK is no requirement of the runtime.
module github.com/copilotkit-go/runtime/peers/go

go 1.26.0

require (
	github.com/ag-ui-protocol/ag-ui/sdks/community/go v0.0.0-20260630145048-7479d97e25f6
	github.com/sirupsen/logrus v1.9.3
)

require (
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/sys v0.0.0-20220715151400-c0bba94af5f8 // indirect
)
