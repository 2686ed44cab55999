package static

import (
	"net/http"
	"strconv"
	"strings"
)

// codings are the kinds of compressed files, the smaller first.
var codings = []struct{ name, extension string }{{"br", ".br"}, {"gzip", ".gz"}}

// compressed returns the file to send for an original: itself or, with the name of its coding,
// a compressed one beside it that the client prefers. varies reports whether there is one for
// some client. One that is older than its original was made from another, and isn't used, unless
// the original never changes.
func (h *Handler) compressed(request http.Header, original *file, immutable bool) (sent *file, coding string, varies bool) {
	accepted := acceptedCodings(request)
	sent, best := original, accepted.weight("identity")
	for _, candidate := range codings {
		if strings.HasSuffix(original.name, candidate.extension) {
			return original, "", false
		}
		beside, err := h.open(original.name + candidate.extension)
		if err != nil { // then the original will do
			continue
		}
		if !immutable && beside.info.ModTime().Before(original.info.ModTime()) {
			_ = beside.Close()
			continue
		}
		varies = true
		weight := accepted.weight(candidate.name)
		if weight <= 0 || weight < best || weight == best && coding != "" {
			_ = beside.Close()
			continue
		}
		if sent != original {
			_ = sent.Close()
		}
		sent, coding, best = beside, candidate.name, weight
	}
	return sent, coding, varies
}

// accepted are the weights of codings in Accept-Encoding.
type accepted map[string]float64

func acceptedCodings(header http.Header) accepted {
	weights := make(accepted)
	for _, value := range header.Values("Accept-Encoding") {
		for item := range strings.SplitSeq(value, ",") {
			coding, parameter, _ := strings.Cut(item, ";")
			weight := 1.0
			if name, q, given := strings.Cut(strings.ReplaceAll(parameter, " ", ""), "="); given && strings.EqualFold(name, "q") {
				var err error
				if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
					weight = 0
				}
			}
			weights[strings.ToLower(strings.TrimSpace(coding))] = weight
		}
	}
	return weights
}

// weight returns how much a client wants a coding: 0 for not at all. The original is always
// something that it can read, if need be.
func (a accepted) weight(coding string) float64 {
	if weight, named := a[coding]; named {
		return weight
	}
	if coding == "identity" {
		return 0
	}
	return a["*"]
}
