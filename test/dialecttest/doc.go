// Package dialecttest is the providers' side of their protocols, for the tests of
// dialects: each function writes an answer of package modeltest as a provider does.
package dialecttest
