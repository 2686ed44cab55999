package main

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/events"
	proxy "github.com/awslabs/aws-lambda-go-api-proxy/core"

	"github.com/copilotkit-go/runtime/core"
	"github.com/copilotkit-go/runtime/core/access"
	"github.com/copilotkit-go/runtime/core/agent"
	"github.com/copilotkit-go/runtime/core/agui"
	"github.com/copilotkit-go/runtime/core/intelligence"
	"github.com/copilotkit-go/runtime/core/store"
	"github.com/copilotkit-go/runtime/core/store/memory"
)

// localPlatform has runs whose events go nowhere.
type localPlatform struct {
	intelligence.Platform
	threads store.Store
}

func (p localPlatform) Begin(ctx context.Context, request intelligence.BeginRequest) (intelligence.Run, error) {
	lease, err := p.threads.Begin(ctx, request.BeginRequest)
	if err != nil {
		return nil, err
	}
	return localRun{lease.(store.LocalLease), request.Key.ID}, nil
}

func (localPlatform) ClientURL() string { return "wss://gateway.example/client" }

type localRun struct {
	store.LocalLease
	threadID string
}

func (r localRun) ThreadID() string      { return r.threadID }
func (r localRun) Room() <-chan struct{} { return nil }
func (r localRun) Unnamed() bool         { return false }
func (r localRun) Credentials() intelligence.Credentials {
	return intelligence.Credentials{ThreadID: r.threadID, RunID: r.RunID(), JoinToken: "a-token"}
}

// compressing compresses answers; what is inside can be reached through it if it says so.
func compressing(handler http.Handler, unwraps bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		compressed := &compressedWriter{w, gzip.NewWriter(w)}
		if unwraps {
			handler.ServeHTTP(unwrappingWriter{compressed}, r)
		} else {
			handler.ServeHTTP(compressed, r)
		}
		if err := compressed.compressor.Close(); err != nil {
			panic(err)
		}
	})
}

type compressedWriter struct {
	http.ResponseWriter
	compressor *gzip.Writer
}

func (w *compressedWriter) Write(p []byte) (int, error) { return w.compressor.Write(p) }

type unwrappingWriter struct{ *compressedWriter }

func (w unwrappingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func decompressed(t *testing.T, body io.Reader) string {
	t.Helper()
	decompressor, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, decompressor)
}

func read(t *testing.T, body io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Errorf("the answer breaks off: %v", err)
	}
	return string(text)
}

func TestAnAnswerEndsBeforeItsRun(t *testing.T) {
	layers := map[string]struct {
		around func(http.Handler) http.Handler
		read   func(*testing.T, io.Reader) string
	}{
		"":                               {func(h http.Handler) http.Handler { return h }, read},
		" compressed":                    {func(h http.Handler) http.Handler { return compressing(h, false) }, decompressed},
		" compressed by what can unwrap": {func(h http.Handler) http.Handler { return compressing(h, true) }, decompressed},
	}
	answers := map[string]func(*testing.T, http.Handler, *http.Request) (body io.Reader, closer io.Closer){
		"in a stream": func(_ *testing.T, handler http.Handler, r *http.Request) (io.Reader, io.Closer) {
			answer := stream(handler, r)
			return answer, answer
		},
		"in one piece": func(t *testing.T, handler http.Handler, r *http.Request) (io.Reader, io.Closer) {
			answer, err := whole(buffered(handler, r, proxy.NewProxyResponseWriterV2))
			if err != nil {
				t.Fatal(err)
			}
			piece, ok := answer.(*wholeAnswer)
			if !ok {
				t.Fatal("the next event is asked for while the run goes on")
			}
			var response events.APIGatewayV2HTTPResponse
			if err := json.NewDecoder(piece).Decode(&response); err != nil {
				t.Error(err)
			}
			body := io.Reader(strings.NewReader(response.Body))
			if response.IsBase64Encoded {
				body = base64.NewDecoder(base64.StdEncoding, body)
			}
			return body, piece
		},
	}
	for how, answer := range answers {
		for name, layer := range layers {
			t.Run(how+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					more, ended := make(chan struct{}), false
					runtime, err := core.New(core.Config{
						Agents: map[string]agent.Agent{"default": waiting(more, &ended)}, Logger: slog.New(slog.DiscardHandler),
						Identify:     func(*http.Request) (access.User, error) { return access.User{ID: "ada"}, nil },
						Intelligence: &intelligence.Config{Platform: localPlatform{threads: memory.New(memory.Limits{})}},
					})
					if err != nil {
						t.Fatal(err)
					}
					defer runtime.Close()
					body, closer := answer(t, layer.around(runtime), runRequest(t.Context()))
					if text := layer.read(t, body); !strings.Contains(text, `"joinToken":"a-token"`) {
						t.Errorf("the client got %q", text)
					}
					closed := false
					go func() {
						_ = closer.Close()
						closed = true
					}()
					synctest.Wait()
					if closed {
						t.Error("the next event is asked for while the run goes on")
					}
					close(more)
					synctest.Wait()
					if !closed || !ended {
						t.Errorf("closed: %t, the run came to its end: %t", closed, ended)
					}
				})
			})
		}
	}
}

// waiting answers nothing until more is closed.
func waiting(more <-chan struct{}, ended *bool) agent.Func {
	return func(ctx context.Context, in *agui.RunAgentInput) iter.Seq2[agui.Event, error] {
		return func(yield func(agui.Event, error) bool) {
			select {
			case <-more:
				*ended = true
				yield(agui.RunFinishedEvent{ThreadID: in.ThreadID, RunID: in.RunID}, nil)
			case <-ctx.Done():
			}
		}
	}
}
