package otel

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// PrometheusHandler returns a handler that answers with all metrics in Prometheus's text
// format.
func (t *Telemetry) PrometheusHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		_, _ = w.Write(t.metrics.text(t.config.Resource))
	})
}

// text returns all metrics in Prometheus's text format.
func (m *metrics) text(resource map[string]string) []byte {
	var b bytes.Buffer
	b.WriteString("# HELP target_info What this process is.\n# TYPE target_info gauge\ntarget_info")
	writeLabels(&b, resourceLabels(resource), "")
	b.WriteString(" 1\n")
	for i := range m.all() {
		points := i.copied()
		if len(points) == 0 {
			continue
		}
		slices.SortFunc(points, func(a, b *point) int {
			return bytes.Compare(appendKey(nil, a.attributes), appendKey(nil, b.attributes))
		})
		i.write(&b, points)
	}
	return b.Bytes()
}

// resourceLabels returns the attributes of a resource, which deployers name as they like:
// those that are the same name to Prometheus are one, with all values, and all are UTF-8.
// Prometheus refuses everything otherwise.
func resourceLabels(resource map[string]string) (labels []attribute) {
	at := make(map[string]int)
	for _, key := range sortedKeys(resource) {
		name, value := prometheusName(key), cut(resource[key], defaultAttributeLimit)
		if n, taken := at[name]; taken {
			labels[n].text += ";" + value
			continue
		}
		at[name] = len(labels)
		labels = append(labels, text(name, value))
	}
	return labels
}

// write writes the series of an instrument.
func (i *instrument) write(b *bytes.Buffer, points []*point) {
	name, kind := prometheusName(i.name), "gauge"
	switch {
	case i.kind == histogram:
		kind = "histogram"
		if i.unit == "s" {
			name += "_seconds"
		}
	case i.kind == counter:
		kind = "counter"
		name += "_total"
	}
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %s %s\n", name, i.description, name, kind)
	for _, p := range points {
		if i.kind != histogram {
			b.WriteString(name)
			writeLabels(b, p.attributes, "")
			fmt.Fprintf(b, " %s\n", number(p.sum))
			continue
		}
		total := uint64(0)
		for n, count := range p.buckets {
			total += count
			bound := "+Inf"
			if n < len(i.bounds) {
				bound = number(i.bounds[n])
			}
			b.WriteString(name + "_bucket")
			writeLabels(b, p.attributes, bound)
			fmt.Fprintf(b, " %d\n", total)
		}
		b.WriteString(name + "_sum")
		writeLabels(b, p.attributes, "")
		fmt.Fprintf(b, " %s\n%s_count", number(p.sum), name)
		writeLabels(b, p.attributes, "")
		fmt.Fprintf(b, " %d\n", p.count)
	}
}

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

// writeLabels writes attributes as labels, with a bucket's bound unless that is "".
func writeLabels(b *bytes.Buffer, attributes []attribute, bound string) {
	if len(attributes) == 0 && bound == "" {
		return
	}
	b.WriteByte('{')
	for n := range attributes {
		a := &attributes[n]
		if n > 0 {
			b.WriteByte(',')
		}
		value := a.text
		switch a.kind {
		case kindInt:
			value = strconv.FormatInt(a.number, 10)
		case kindBool:
			value = strconv.FormatBool(a.number != 0)
		}
		b.WriteString(prometheusName(a.key))
		b.WriteString(`="`)
		if strings.ContainsAny(value, "\\\"\n") {
			value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value)
		}
		b.WriteString(value)
		b.WriteByte('"')
	}
	if bound != "" {
		if len(attributes) > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`le="` + bound + `"`)
	}
	b.WriteByte('}')
}

// prometheusName returns a name with underscores in the place of what Prometheus doesn't
// allow, and before a digit that it begins with.
func prometheusName(name string) string {
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "_" + name
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, name)
}
