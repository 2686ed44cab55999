// Package fold says what events amount to: the messages and the state of a thread
// ([Thread], [WithActivities]), the history that a run leaves behind ([Run]), history as it is shown
// to those who come later ([Compact], [LastState]), and what one answer showed
// ([Answer]).
//
// Events are folded one by one as they come, in the order of the wire and with
// chunks expanded. The cost of an event only depends on the event: a delta is
// appended to the text that it continues, a JSON Patch is applied to a state that
// stays a tree (see package jsonpatch), and the end has nothing to do but to encode
// once what has gathered. Memory is what the folded result needs, and about as
// much again while it is being encoded.
package fold
