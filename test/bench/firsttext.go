package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/copilotkit-go/runtime/test/lambdaapi"
)

// memories are the sizes of a Lambda function that are measured, in MB.
var memories = []int{128, 256, 512, 1024}

// coldRuns is how many instances are started for each figure.
const coldRuns = 11

// largePrompt is the size in bytes of a large request. Lambda takes 6 MB.
const largePrompt = 4 << 20

// measureFirstText prints how long the packaged function takes to the first text of a
// run, with the processor time that Lambda gives it and a model behind HTTPS: as an
// instance's first request, and, later, with a large prompt.
func measureFirstText(ctx context.Context, dir string) error {
	bootstrap := filepath.Join(dir, "bootstrap")
	if err := build(ctx, bootstrap, "./lambda", "-tags", "lambda.norpc"); err != nil {
		return err
	}
	secure, trust, err := newCertificate(filepath.Join(dir, "certs"))
	if err != nil {
		return fmt.Errorf("make a certificate: %w", err)
	}
	model, err := startModel(secure)
	if err != nil {
		return err
	}
	defer model.close()
	env := append(modelEnv(model), trust...)

	text := strings.Repeat(`A line of text that \"quotes\" and ends.\n`, largePrompt/40)[:largePrompt]
	requests := []struct {
		name, body string
		warm       bool
	}{
		{name: "first run of an instance", body: runBody(`"Hi"`)},
		{name: "later run", body: runBody(`"Hi"`), warm: true},
		{name: "later run, prompt of 4 MB", body: runBody(`"` + strings.TrimRight(text, `\`) + `"`), warm: true},
		{name: "later run, picture of 4 MB", body: runBody(`[{"type":"text","text":"What is this?"},{"type":"image","source":{"type":"data","mimeType":"image/png","value":"` +
			strings.Repeat("iVBORw0KGgoAAAAN", largePrompt/16) + `"}}]`), warm: true},
	}
	rows := make([]string, len(requests)+1)
	header := "| to the first text, Lambda's share of a processor |"
	for _, megabytes := range memories {
		header += fmt.Sprintf(" %d MB |", megabytes)
		share, err := newThrottle(megabytes)
		if errors.Is(err, errNoThrottle) {
			fmt.Println("The first text on Lambda isn't measured:", err)
			return nil
		}
		if err != nil {
			return err
		}
		var inits []time.Duration
		for i, request := range requests {
			var took []time.Duration
			for range coldRuns {
				init, first, err := firstText(ctx, lambdaapi.Config{Bootstrap: bootstrap, Env: env, Memory: megabytes}, share, model, request.body, request.warm)
				if err != nil {
					return errors.Join(fmt.Errorf("%s at %d MB: %w", request.name, megabytes, err), share.close())
				}
				took, inits = append(took, first), append(inits, init)
			}
			rows[i] += " " + spread(took) + " |"
		}
		rows[len(requests)] += " " + spread(inits) + " |"
		if err := share.close(); err != nil {
			return err
		}
	}
	fmt.Println(header + "\n|---|" + strings.Repeat("---|", len(memories)))
	for i, request := range requests {
		fmt.Printf("| %s |%s\n", request.name, rows[i])
	}
	fmt.Printf("| start of the process to its readiness, with a whole processor |%s\n\n", rows[len(requests)])
	return nil
}

// runBody returns the input of a run, with the content of its message.
func runBody(content string) string {
	return fmt.Sprintf(`{"threadId":"t%d","runId":"r","state":{},"messages":[{"id":"m","role":"user","content":%s}],"tools":[],"context":[],"forwardedProps":{}}`, threads.Add(1), content)
}

// spread returns the median, and the least and the most.
func spread(took []time.Duration) string {
	slices.Sort(took)
	return fmt.Sprintf("%s (%.0f-%.0f)", milliseconds(took[len(took)/2]), took[0].Seconds()*1000, took[len(took)-1].Seconds()*1000)
}

// firstText starts an instance and has it run once, after another run if it is to be warm.
// It returns how long the instance took to be ready, and the run to its first text.
func firstText(ctx context.Context, config lambdaapi.Config, share *throttle, model *model, body string, warm bool) (
	init, first time.Duration, err error) {
	var throttled error
	config.Initialized = func(process int) { throttled = share.add(process) }
	function := lambdaapi.New(config)
	defer function.Close()
	instance, err := function.Provision(ctx)
	if err = errors.Join(err, throttled); err != nil {
		return 0, 0, err
	}
	server := httptest.NewServer(function.Handler(lambdaapi.FunctionURL{Streaming: true}))
	defer server.Close()
	if warm {
		model.pace.Store(0)
		if _, _, err := oneRun(ctx, http.DefaultClient, server.URL+"/api/copilotkit"); err != nil {
			return 0, 0, err
		}
		instance.AwaitFrozen(ctx)
	}
	model.pace.Store(int64(2 * time.Millisecond))
	began := time.Now()
	err = awaitText(ctx, server.URL, body)
	return instance.Init(), time.Since(began), err
}

// awaitText makes a run and leaves at its first text.
func awaitText(ctx context.Context, url, body string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/copilotkit/agent/default/run", strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var last []byte
	begins := true // a line, which may be as long as the prompt that RUN_STARTED has
	for reader := bufio.NewReader(response.Body); ; {
		part, more, err := reader.ReadLine()
		if err != nil {
			break
		}
		if begins && bytes.Contains(part, []byte("TEXT_MESSAGE_CONTENT")) {
			return nil
		}
		if len(part) > 0 {
			last = bytes.Clone(part[:min(len(part), 500)])
		}
		begins = !more
	}
	return fmt.Errorf("a run with status %d has no text, but ends with %s", response.StatusCode, last)
}
