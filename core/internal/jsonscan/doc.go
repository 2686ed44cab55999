// Package jsonscan reads and writes JSON where it stands, without decoding it
// into Go values: most events of a run pass through unchanged, and one field of
// theirs is all that anybody looks at.
//
// [Check] validates a text. All else here takes JSON that Check has accepted, and
// panics or loops on anything else.
package jsonscan
