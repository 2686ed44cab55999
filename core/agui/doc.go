// Package agui is the AG-UI wire protocol: events, run input, messages, their
// JSON and its validation, Server-Sent Events, and what the protocol asks of a
// stream (chunk expansion, finalization of a run that ended early, compaction
// of history). It knows nothing of runtimes, agents or stores.
//
// An event is encoded once: [Encode] gives an [Encoded], whose bytes go to the
// client, the store, the followers and the debug bus alike.
package agui
