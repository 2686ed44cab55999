package dynamotest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// Fault is what happens to one request instead of its answer.
type Fault int

// The faults.
const (
	// None lets the request and its answer pass.
	None Fault = iota
	// Throttle refuses the request as a table that has too much to do does.
	Throttle
	// Fail answers 500 and does nothing.
	Fail
	// Lose does what is asked and cuts the connection without an answer.
	Lose
	// Refuse cuts the connection and does nothing.
	Refuse
	// Deny refuses the request as a role that lacks the action does.
	Deny
	// Expire refuses the request's credentials.
	Expire
)

// Proxy stands before a DynamoDB, counts what is asked of it, and does what a bad day
// does. The zero fault is None.
type Proxy struct {
	// URL is the endpoint.
	URL string

	server  *httptest.Server
	target  string
	client  http.Client
	mu      sync.Mutex
	fault   func(operation string) Fault
	delay   time.Duration
	skew    time.Duration
	counted Counts
}

// Counts is what was asked of a DynamoDB.
type Counts struct {
	// Requests is by operation.
	Requests map[string]int
	// Units are what the operations cost, as DynamoDB counts them: reads of 4 KB, of
	// which one that may be behind is a half, and writes of 1 KB; without the index.
	Reads, Writes float64
}

func newProxy(target string) (*Proxy, error) {
	p := &Proxy{target: target, counted: Counts{Requests: map[string]int{}}}
	p.client.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	p.URL = p.server.URL
	return p, nil
}

func (p *Proxy) close() {
	p.server.CloseClientConnections()
	p.server.Close()
	p.client.CloseIdleConnections()
}

// Through returns another proxy before the same DynamoDB, which the caller closes.
func (p *Proxy) Through() (*Proxy, func()) {
	other, _ := newProxy(p.target)
	return other, other.close
}

// Fault sets what happens to each request from now on. Choose is called concurrently.
func (p *Proxy) Fault(choose func(operation string) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = choose
}

// Delay makes each answer come that much later.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Skew sets the clock that the answers show ahead of this machine's.
func (p *Proxy) Skew(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.skew = d
}

// Take returns what was counted since the last call.
func (p *Proxy) Take() Counts {
	p.mu.Lock()
	defer p.mu.Unlock()
	counted := p.counted
	p.counted = Counts{Requests: map[string]int{}}
	return counted
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	p.mu.Lock()
	fault, delay, skew := None, p.delay, p.skew
	choose := p.fault
	p.counted.Requests[operation]++
	p.mu.Unlock()
	if choose != nil {
		fault = choose(operation)
	}
	time.Sleep(delay)
	w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
	switch fault {
	case Throttle:
		refuse(w, 400, "ThrottlingException", "Rate of requests exceeds the allowed throughput.")
		return
	case Fail:
		refuse(w, 500, "InternalServerError", "Internal Server Error")
		return
	case Deny:
		refuse(w, 400, "AccessDeniedException", "User is not authorized to perform: dynamodb:"+operation)
		return
	case Expire:
		refuse(w, 400, "ExpiredTokenException", "The security token included in the request is expired")
		return
	case Refuse:
		panic(http.ErrAbortHandler)
	}
	answer, err := p.forward(r, operation, body)
	if err != nil || fault == Lose {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.Header().Set("X-Amz-Crc32", answer.checksum)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body)
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":%q}`, code, message)
}

type answer struct {
	status   int
	checksum string
	body     []byte
}

// counting are the operations that say what they cost, and whether they write.
var counting = map[string]bool{
	"GetItem": false, "Query": false, "Scan": false, "PutItem": true, "DeleteItem": true, "UpdateItem": true, "BatchWriteItem": true,
}

// forward asks the DynamoDB behind, also what it costs.
func (p *Proxy) forward(r *http.Request, operation string, body []byte) (answer, error) {
	writes, counts := counting[operation]
	if counts {
		body = append([]byte(`{"ReturnConsumedCapacity":"TOTAL",`), bytes.TrimPrefix(body, []byte("{"))...)
	}
	request, err := http.NewRequest(r.Method, "http://"+p.target+"/", bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for _, name := range []string{"X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date"} {
		request.Header.Set(name, r.Header.Get(name))
	}
	response, err := p.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer response.Body.Close()
	a := answer{status: response.StatusCode, checksum: response.Header.Get("X-Amz-Crc32")}
	if a.body, err = io.ReadAll(response.Body); err != nil || !counts || a.status != http.StatusOK {
		return a, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if units := capacity(a.body); writes {
		p.counted.Writes += units
	} else {
		p.counted.Reads += units
	}
	return a, nil
}

// capacity returns the sum of one or several tables' units. Only they are decoded: an
// answer may have megabytes.
func capacity(answer []byte) (sum float64) {
	_, after, _ := bytes.Cut(answer, []byte(`"ConsumedCapacity":`))
	type units struct{ CapacityUnits float64 }
	if !bytes.HasPrefix(after, []byte("[")) {
		var one units
		_ = json.NewDecoder(bytes.NewReader(after)).Decode(&one)
		return one.CapacityUnits
	}
	var several []units
	_ = json.NewDecoder(bytes.NewReader(after)).Decode(&several)
	for _, one := range several {
		sum += one.CapacityUnits
	}
	return sum
}
