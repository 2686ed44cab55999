// Package dynamotest starts an independent implementation of DynamoDB's API, dynalite,
// for tests, behind a proxy that can throttle, fail, and lose answers. It has no
// transactions, and lets nothing expire.
package dynamotest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Server is a dynalite process, and what is in front of it.
type Server struct {
	*Proxy
	// Direct is the endpoint of dynalite itself, for those who let nothing go wrong: the
	// proxy costs as much as it does.
	Direct string

	command *exec.Cmd
	input   io.Closer
	output  sync.WaitGroup
}

// Start runs a server on a free port of 127.0.0.1, which ends with the test. The test
// fails if it isn't installed.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Run is as [Start] for a program, which has to stop the server.
func Run() (*Server, error) {
	_ = os.Getenv("TEST_SERVERS") // so that Go tests again when they have changed
	folder, err := find()
	if err != nil {
		return nil, fmt.Errorf("dynalite isn't installed: run scripts/install-test-tools.sh: %w", err)
	}
	s := &Server{command: exec.Command("node", filepath.Join(folder, "server.mjs"))}
	stdout, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	// It ends with this process, however that ends.
	if s.input, err = s.command.StdinPipe(); err != nil {
		return nil, err
	}
	var complaints strings.Builder
	s.command.Stderr = &complaints
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("start dynalite: %w", err)
	}
	listening := make(chan string, 1)
	s.output.Go(func() {
		if scanner := bufio.NewScanner(stdout); scanner.Scan() {
			listening <- strings.TrimPrefix(scanner.Text(), "http://")
		}
		_, _ = io.Copy(io.Discard, stdout)
		close(listening)
	})
	var address string
	select {
	case address = <-listening:
	case <-time.After(time.Minute):
	}
	if address == "" {
		s.end()
		return nil, fmt.Errorf("dynalite doesn't start: %s", complaints.String())
	}
	s.Direct = "http://" + address
	s.Proxy, err = newProxy(address)
	if err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

// find returns the folder of the program that runs dynalite. Tests run in the folder of
// their package, and builds with -trimpath don't say where this file is.
func find() (string, error) {
	root, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		folder := filepath.Join(root, "test", "tools", "dynamodb")
		if _, err := os.Stat(filepath.Join(folder, "server.mjs")); err == nil {
			_, err := os.Stat(filepath.Join(folder, "node_modules"))
			return folder, err
		}
		if root == filepath.Dir(root) {
			return "", errors.New("this isn't run inside the repository")
		}
		root = filepath.Dir(root)
	}
}

// Stop ends the server.
func (s *Server) Stop() {
	s.Proxy.close()
	s.end()
}

func (s *Server) end() {
	_ = s.input.Close()
	_ = s.command.Process.Kill()
	s.output.Wait()
	_ = s.command.Wait()
}

// Env returns the environment in which a program finds the server, as its own DynamoDB.
func (s *Server) Env() []string {
	return []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.URL, "AWS_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_CA_BUNDLE=",
	}
}
