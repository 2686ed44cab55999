package main

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The picture's measures, in pixels.
const (
	pictureWidth, pictureHeight = 860, 400
	panelWidth, panelHeight     = 330, 250
	panelTop, panelGap          = 78, 90
	panelLeft                   = 70
)

// style has colours for both schemes, and a class s0 to s4 for each line.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600;font-size:14px}.axis{fill:#59636e}
.grid{stroke:#d1d9e0}.guide{stroke:#59636e;stroke-dasharray:3 4;fill:none}.line{fill:none;stroke-width:2}
.s0{stroke:#0969da}.s1{stroke:#bc4c00}.s2{stroke:#1a7f37}.s3{stroke:#8250df}.s4{stroke:#9a6700}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.axis{fill:#9198a1}.grid{stroke:#3d444d}.guide{stroke:#9198a1}
.s0{stroke:#58a6ff}.s1{stroke:#ff9b5e}.s2{stroke:#4ac26b}.s3{stroke:#c297ff}.s4{stroke:#e3b341}}
</style>
`

// draw returns an SVG of how costs grow. The same figures are drawn as the same bytes.
func draw(all []*growth) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" aria-label="Processor time and memory by size">`+"\n", pictureWidth, pictureHeight)
	b.WriteString(style)
	x := panelLeft
	for i, g := range all {
		fmt.Fprintf(&b, `<path class="line s%d" d="M%d 20h18"/><text x="%d" y="24">%s</text>`+"\n", i, x, x+24, g.name)
		x += 40 + 7*len(g.name)
	}
	drawPanel(&b, panelLeft, "Processor time", all, func(p point) float64 { return p.time.Seconds() }, func(v float64) string {
		return shortTime(time.Duration(math.Round(v * 1e9)))
	})
	drawPanel(&b, panelLeft+panelWidth+panelGap, "Memory allocated", all, func(p point) float64 { return p.bytes }, shortBytes)
	b.WriteString("</svg>\n")
	return []byte(b.String())
}

// drawPanel draws one value of all, with both axes in tenfold steps.
func drawPanel(b *strings.Builder, left int, title string, all []*growth, value func(point) float64, label func(float64) string) {
	low, high, first := math.Inf(1), math.Inf(-1), math.Inf(1)
	for _, g := range all {
		for _, p := range g.points {
			low, high = min(low, math.Log10(value(p))), max(high, math.Log10(value(p)))
		}
		first = min(first, math.Log10(value(g.points[0])))
	}
	low, high = math.Floor(low), math.Ceil(high)
	from, to := math.Log10(float64(sizes[0])), math.Log10(float64(sizes[len(sizes)-1]))
	x := func(v float64) float64 { return float64(left) + panelWidth*(v-from)/(to-from) }
	y := func(v float64) float64 { return panelTop + panelHeight*(high-v)/(high-low) }

	fmt.Fprintf(b, `<text class="title" x="%d" y="%d">%s</text>`+"\n", left, panelTop-16, title)
	for v := low; v <= high; v++ {
		fmt.Fprintf(b, `<path class="grid" d="M%d %.1fh%d"/><text class="axis" text-anchor="end" x="%d" y="%.1f">%s</text>`+"\n",
			left, y(v), panelWidth, left-8, y(v)+4, label(math.Pow(10, v)))
	}
	for _, size := range sizes {
		at := x(math.Log10(float64(size)))
		fmt.Fprintf(b, `<path class="grid" d="M%.1f %dv%d"/><text class="axis" text-anchor="middle" x="%.1f" y="%d">%s</text>`+"\n",
			at, panelTop, panelHeight, at, panelTop+panelHeight+18, thousands(size))
	}
	// Along the dashed lines, ten times as much costs ten times as much.
	for start := math.Floor(first); start+to-from <= high; start++ {
		fmt.Fprintf(b, `<path class="guide" d="M%.1f %.1fL%.1f %.1f"/>`+"\n", x(from), y(start), x(to), y(start+to-from))
	}
	fmt.Fprintf(b, `<text class="axis" x="%d" y="%d">how many; dashed: linear</text>`+"\n", left, panelTop+panelHeight+40)
	for i, g := range all {
		fmt.Fprintf(b, `<path class="line s%d" d="`, i)
		for j, p := range g.points {
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(j, 1)], x(math.Log10(float64(p.size))), y(math.Log10(value(p))))
		}
		b.WriteString(`"/>` + "\n")
		for _, p := range g.points {
			fmt.Fprintf(b, `<circle class="line s%d" r="3" cx="%.1f" cy="%.1f"><title>%s %s: %s</title></circle>`+"\n",
				i, x(math.Log10(float64(p.size))), y(math.Log10(value(p))), thousands(p.size), g.name, label(value(p)))
		}
	}
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d,%03d", n/1000, n%1000)
}

// shortTime and shortBytes write two digits at least.
func shortTime(d time.Duration) string {
	switch {
	case d >= time.Second:
		return fmt.Sprintf("%.3g s", d.Seconds())
	case d >= time.Millisecond:
		return fmt.Sprintf("%.3g ms", d.Seconds()*1e3)
	}
	return fmt.Sprintf("%.3g µs", d.Seconds()*1e6)
}

func shortBytes(bytes float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "GB"}, {1e6, "MB"}, {1e3, "kB"}} {
		if bytes >= unit.size*0.9995 {
			return fmt.Sprintf("%.3g %s", bytes/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%.3g B", bytes)
}
