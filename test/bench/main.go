// Command bench measures the local server as a separate process, between a model that
// costs next to nothing and clients that only count: time to the first answer,
// processor time per event, events per second, memory. It also measures a bare relay,
// which does the least that a Go program can do with such a stream, and, if its npm
// packages are installed, the reference runtime.
//
//	go run ./test/bench
//
// It prints a table in Markdown. Everything runs on the same machine, so the figures
// are only good for comparing the columns.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

// deltas is the number of deltas in the model's answer.
const deltas = 500

func main() {
	reference := flag.String("reference", "test/conformance/node_modules", "folder with the reference's npm packages; skipped where it doesn't exist")
	linear := flag.String("linear", "", "file for the picture of how costs grow; none is drawn if empty")
	only := flag.String("only", "", "measure only this part: start, cold, load or linear")
	streams := flag.Int("streams", 1000, "how many slow streams at once, 0 for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *reference, *streams, *linear, *only); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, reference string, streams int, linear, only string) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	model, err := startModel(nil)
	if err != nil {
		return err
	}
	defer model.close()
	if only == "" || only == "start" {
		fmt.Fprintln(os.Stderr, "measuring starts")
		starts, err := measureColdStarts(ctx, dir, model)
		if err != nil {
			return err
		}
		printColdStarts(starts)
	}
	if only == "" || only == "cold" {
		fmt.Fprintln(os.Stderr, "measuring the first text on Lambda")
		if err := measureFirstText(ctx, dir); err != nil {
			return err
		}
	}
	if only == "" || only == "load" {
		if err := runLoad(ctx, dir, reference, model, streams); err != nil {
			return err
		}
	}
	if linear == "" || only != "" && only != "linear" {
		return nil
	}
	fmt.Fprintln(os.Stderr, "measuring how costs grow")
	return drawGrowth(ctx, linear)
}

// runLoad measures what runs cost, of all targets.
func runLoad(ctx context.Context, dir, reference string, model *model, streams int) error {
	targets, err := buildTargets(ctx, dir, reference)
	if err != nil {
		return err
	}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer collector.Close()
	observed := targets[0]
	observed.name += ", with OpenTelemetry"
	observed.env = []string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + collector.URL}
	targets = slices.Insert(targets, 1, observed)
	var results []*result
	var failed error
	for _, target := range targets {
		fmt.Fprintf(os.Stderr, "measuring %s\n", target.name)
		measured, err := measure(ctx, target, model, streams)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", target.name, err))
			continue
		}
		results = append(results, measured)
	}
	print(results, streams)
	printCosts(results)
	return failed
}

// buildTargets builds the programs that are measured.
func buildTargets(ctx context.Context, dir, reference string) ([]target, error) {
	var targets []target
	for _, program := range []struct{ name, pkg string }{
		{"this runtime", "./cmd/copilotkit"},
		{"bare relay", "./test/bench/relay"},
	} {
		binary := filepath.Join(dir, filepath.Base(program.pkg))
		if err := build(ctx, binary, program.pkg); err != nil {
			return nil, err
		}
		targets = append(targets, target{name: program.name, command: []string{binary}})
	}
	if packages, err := filepath.Abs(reference); err == nil {
		if _, err := os.Stat(filepath.Join(packages, "@copilotkit", "runtime")); err == nil {
			targets = append(targets, target{name: "reference", command: []string{"node", "test/bench/reference.mjs", packages}})
		} else {
			fmt.Fprintf(os.Stderr, "the reference is left out: its packages are not in %s\n", reference)
		}
	}
	return targets, nil
}

// print writes the table.
func print(results []*result, streams int) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	row := func(name string, value func(*result) string) {
		fmt.Fprintf(table, "| %s", name)
		for _, r := range results {
			fmt.Fprintf(table, "\t| %s", value(r))
		}
		fmt.Fprintln(table, "\t|")
	}
	row("", func(r *result) string { return r.target.name })
	row("---", func(*result) string { return "---" })
	row("process start to first answered `/info`", func(r *result) string { return milliseconds(r.start) })
	row("first event, one run", func(r *result) string { return milliseconds(r.firstEvent) })
	row("CPU per event, 16 runs at once", func(r *result) string {
		return fmt.Sprintf("%.1f µs", float64(r.cpuPerEvent.Nanoseconds())/1000)
	})
	row("events/s, 16 at once", func(r *result) string { return fmt.Sprintf("%.0f", r.eventsPerSecond) })
	row("peak memory, 16 at once", func(r *result) string { return megabytes(r.peak16) })
	if streams > 0 {
		row(fmt.Sprintf("%d streams at once of a 10 s answer", streams), func(r *result) string {
			return fmt.Sprintf("%.1f s, %s", r.slowTime.Seconds(), megabytes(r.peakSlow))
		})
	}
	_ = table.Flush()
}

// printColdStarts writes the table of starts.
func printColdStarts(starts []*coldStart) {
	fmt.Println("| | this runtime | hello world | ratio |\n|---|---|---|---|")
	for _, start := range starts {
		fmt.Printf("| %s | %s | %s | %.1f |\n", start.name, milliseconds(start.fastest[0]), milliseconds(start.fastest[1]),
			float64(start.fastest[0])/float64(start.fastest[1]))
	}
	fmt.Println()
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }
