// Package jwt verifies signed tokens, for the packages that find out by them who
// calls: what a token must say, and the keys that verify it.
//
// The keys come over the network when the first token needs them. From then on a [Source]
// keeps them, whatever clients send and however their issuer is.
package jwt
