// Package gemini is the dialect of Google's own protocol, generateContent, for the
// Gemini API by key ("google/…") and for Vertex AI ("vertex/…"), by the platform's
// identity or by key.
//
//	m, err := gemini.New(model.Config{Model: "google/gemini-3-flash"})
//
// The address is without a version, which is then v1beta, or v1beta1 on Vertex AI. One
// that ends in a version keeps it, and a final "/openai" is dropped: that is the address
// of the same provider's chat completions.
//
// Vertex AI has models by project and location, GOOGLE_CLOUD_PROJECT and
// GOOGLE_CLOUD_LOCATION ("global" by default). Without a project, its address is that of
// the express mode, which needs a key. An address of the deployer's own is asked without
// signing in unless there is a project.
package gemini
