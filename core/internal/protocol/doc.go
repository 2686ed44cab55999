// Package protocol is the order that AG-UI asks of a run's events, as its clients
// check it. Events pass through an [Expander], which turns chunks into what they
// stand for, and a [Progress], which refuses what clients would refuse and says how
// to close a run that has ended early.
//
// Both look into an event without decoding it where they can: most events of a run
// are deltas, and cost no allocation here.
package protocol
