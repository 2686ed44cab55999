// Package bundle is where a deployment is put together: environment in,
// runtime out.
package bundle

// DemoModel is the value of COPILOTKIT_MODEL that selects the embedded model.
const DemoModel = "demo"
