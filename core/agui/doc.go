// Package agui is the AG-UI wire protocol: events, run input, messages, their
// JSON and its validation, and Server-Sent Events. It knows nothing of runtimes,
// agents or stores.
//
// An event is one of the …Event structs, or an [Encoded] one, which has its wire
// form already. An event is encoded once: [Encode] makes an Encoded from a
// struct, [ParseEncoded] from JSON that came over the wire, and its bytes go to
// the client, the store, the followers and the debug bus alike.
// [Encoded.Field], [Encoded.Text] and [Encoded.PlainDelta] look into one without
// decoding it; [Encoded.Decode] returns the struct.
//
// [UnmarshalRunAgentInput] and [UnmarshalEvent] validate as the protocol's own
// schemas do, of the versions 0.0.59 and 1.0, and name the JSON path of what is
// wrong. Fields that they don't know are kept in Extra and survive a round trip.
//
// Source: https://docs.ag-ui.com
package agui
