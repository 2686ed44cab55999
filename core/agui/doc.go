// Package agui is the AG-UI wire protocol: events, run input, messages, their
// JSON and its validation, Server-Sent Events, and what the protocol asks of a
// stream. It knows nothing of runtimes, agents or stores.
//
// An event is one of the …Event structs, or an [Encoded] one, which has its wire
// form already. An event is encoded once: [Encode] gives an Encoded from a
// struct, [ParseEncoded] from JSON that came over the wire, and its bytes go to
// the client, the store, the followers and the debug bus alike. All that follows
// takes either kind, and looks into an Encoded one without decoding it where it
// can.
//
// A run's events pass through these, in this order:
//
//   - [Expander] turns chunk events into the start, content and end events that
//     they stand for.
//   - [Progress] refuses what the protocol's clients would refuse, and knows how
//     to close a run that ended early.
//   - [Transcript] folds them into the thread's messages and state.
//   - [JoinDeltas] makes them few, for a store; [Compact] makes them fewer and
//     tidier, for those who are shown the history.
//
// [UnmarshalRunAgentInput] and [UnmarshalEvent] validate as the protocol's own
// schemas do, of the versions 0.0.59 and 1.0, and name the JSON path of what is
// wrong. Fields that they don't know are kept in Extra and survive a round trip.
//
// Source: https://docs.ag-ui.com
package agui
