package check

import (
	"fmt"
	"strings"
)

// width is that of the text of a report, in characters.
const width = 110

// Text returns the report as people read it.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Checked %s.\n", r.Checked)
	if len(r.Does) > 0 {
		b.WriteString("\nWhat it does\n")
		for _, line := range r.Does {
			paragraph(&b, fmt.Sprintf("  %-16s ", line.Name), line.Text)
		}
	}
	if len(r.Trials) > 0 {
		b.WriteString("\nWhat was tried\n")
		for _, trial := range r.Trials {
			result := "fine"
			if !trial.OK {
				result = "NOT FINE"
			}
			paragraph(&b, fmt.Sprintf("  %-9s ", result), fmt.Sprintf("%s: %s (%.1f s)", trial.Name, trial.Text, trial.Seconds))
		}
	}
	for _, kind := range []struct {
		severity Severity
		title    string
	}{{Problem, "Problems"}, {Warning, "Warnings"}} {
		r.list(&b, kind.severity, kind.title)
	}
	fmt.Fprintf(&b, "\n%s, %s.\n", count(r.Problems(), "problem"), count(r.Warnings(), "warning"))
	return b.String()
}

func (r *Report) list(b *strings.Builder, severity Severity, title string) {
	number := 0
	for _, f := range r.Findings {
		if f.Severity != severity {
			continue
		}
		if number++; number == 1 {
			fmt.Fprintf(b, "\n%s\n", title)
		}
		what := f.What
		if f.Variable != "" {
			what = f.Variable + ": " + what
		}
		paragraph(b, fmt.Sprintf("  %2d. ", number), what)
		if f.Why != "" {
			paragraph(b, "      Why: ", f.Why)
		}
		if f.Do != "" {
			paragraph(b, "      Do:  ", f.Do)
		}
	}
}

// paragraph writes a text behind a label, and breaks its lines at spaces.
func paragraph(b *strings.Builder, label, text string) {
	b.WriteString(label)
	column := len(label)
	for i, word := range strings.Fields(text) {
		if i > 0 && column+1+len(word) > width {
			b.WriteString("\n" + strings.Repeat(" ", len(label)))
			column = len(label)
		} else if i > 0 {
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	b.WriteByte('\n')
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
