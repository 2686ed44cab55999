package intelligencetest

import (
	"fmt"
	"time"
)

// Faults are what goes wrong. The zero value is a platform that works. Counts are of what
// comes next: each time something goes wrong they go down by one. In JSON durations are
// nanoseconds.
type Faults struct {
	// DropAcks is how many pushes of a runner are stored and not answered.
	DropAcks int `json:"dropAcks,omitempty"`
	// RefuseEvents is how many pushes aren't stored, and answered with an error that
	// may be tried again.
	RefuseEvents int `json:"refuseEvents,omitempty"`
	// RefuseEventsForGood is the reason for which each push is refused, and may not be
	// tried again.
	RefuseEventsForGood string `json:"refuseEventsForGood,omitempty"`
	// CloseAfterStoring is how many pushes are stored, and the connection then closed in
	// place of an answer, with CloseCode.
	CloseAfterStoring int `json:"closeAfterStoring,omitempty"`
	// CloseBeforeStoring is the same without the storing.
	CloseBeforeStoring int `json:"closeBeforeStoring,omitempty"`
	// CloseCode is the WebSocket code with which connections are closed; 0 cuts them off
	// without a word, 1012 is a planned restart.
	CloseCode int `json:"closeCode,omitempty"`
	// AckDelay is how long a push waits for its answer after it was stored.
	AckDelay time.Duration `json:"ackDelay,omitempty"`
	// HoldTerminalAcks holds the answers to pushes that end a run, until
	// [Platform.ReleaseAcks].
	HoldTerminalAcks bool `json:"holdTerminalAcks,omitempty"`

	// JoinDelay is how long a runner's join waits for its answer.
	JoinDelay time.Duration `json:"joinDelay,omitempty"`
	// JoinReject is the reason for which joins are refused for good.
	JoinReject string `json:"joinReject,omitempty"`
	// JoinDrain is how many joins are told to try again.
	JoinDrain int `json:"joinDrain,omitempty"`
	// JoinPadding is how many bytes the answer to a join has besides.
	JoinPadding int `json:"joinPadding,omitempty"`
	// NoBatches leaves batches out of what the gateway says it can. For those who join.
	NoBatches bool `json:"noBatches,omitempty"`
	// RenameRuns gives runs other ids than the runtime asked for.
	RenameRuns bool `json:"renameRuns,omitempty"`

	// LeaveDelay is for how long nothing more is read from who has left a topic.
	LeaveDelay time.Duration `json:"leaveDelay,omitempty"`

	// UpgradeStatus is the HTTP status with which runners are refused.
	UpgradeStatus int `json:"upgradeStatus,omitempty"`
	// HangUpgrade never answers a runner's upgrade.
	HangUpgrade bool `json:"hangUpgrade,omitempty"`
	// Silent takes frames and answers none.
	Silent bool `json:"silent,omitempty"`
	// CloseOnHeartbeat is how many heartbeats end their connection, with CloseCode.
	CloseOnHeartbeat int `json:"closeOnHeartbeat,omitempty"`
	// Garbage is how many answers to pushes come as a frame that is no frame.
	Garbage int `json:"garbage,omitempty"`

	// Routes go wrong in ways of their own, by their patterns: "POST
	// /api/threads/{id}/lock".
	Routes map[string]RouteFault `json:"routes,omitempty"`
}

// RouteFault is how an HTTP call goes wrong.
type RouteFault struct {
	// Times is how often, 0 for always.
	Times int `json:"times,omitempty"`
	// Delay is how long nothing is answered.
	Delay time.Duration `json:"delay,omitempty"`
	// Late does what is asked after Delay, also when the caller has gone meanwhile.
	Late bool `json:"late,omitempty"`
	// Done does what is asked before anything goes wrong.
	Done bool `json:"done,omitempty"`
	// Status answers, if not 0, with Body.
	Status int    `json:"status,omitempty"`
	Body   string `json:"body,omitempty"`
	// EchoKey has the project's key in the body.
	EchoKey bool `json:"echoKey,omitempty"`
	// Location is a redirect's.
	Location string `json:"location,omitempty"`
	// HangBody never finishes the body.
	HangBody bool `json:"hangBody,omitempty"`
	// Flood never stops sending one.
	Flood bool `json:"flood,omitempty"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop,omitempty"`
}

// SetFaults changes what goes wrong from now on.
func (p *Platform) SetFaults(change func(*Faults)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.faults)
	p.touch()
}

// Fault makes an HTTP call go wrong, by its route's pattern.
func (p *Platform) Fault(pattern string, fault RouteFault) {
	p.SetFaults(func(f *Faults) {
		if f.Routes == nil {
			f.Routes = make(map[string]RouteFault)
		}
		f.Routes[pattern] = fault
	})
}

// ReleaseAcks sends the answers that HoldTerminalAcks has held, and holds no more.
func (p *Platform) ReleaseAcks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults.HoldTerminalAcks = false
	for _, send := range p.held {
		send()
	}
	p.held = nil
	p.touch()
}

// GatewayDown makes the gateways unreachable: connections are cut and new ones refused.
// Nothing that was stored is lost.
func (p *Platform) GatewayDown() {
	p.gateway.down()
	p.CutConnections(0)
}

// GatewayUp makes the gateways reachable again, at the same address.
func (p *Platform) GatewayUp() error { return p.gateway.up() }

// APIDown makes the HTTP calls unreachable, APIUp reachable again.
func (p *Platform) APIDown() { p.api.down() }

// APIUp makes the HTTP calls reachable again, at the same address.
func (p *Platform) APIUp() error { return p.api.up() }

// CutConnections closes all WebSockets with a code, 0 for without a word.
func (p *Platform) CutConnections(code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.open {
		s.close(code)
	}
}

// CutRunners closes the runners' connections with a code, 0 for without a word.
func (p *Platform) CutRunners(code int) { p.cut(runnerSocket, code) }

// CutClients closes the front ends' connections with a code, 0 for without a word.
func (p *Platform) CutClients(code int) { p.cut(clientSocket, code) }

func (p *Platform) cut(kind socketKind, code int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.open {
		if s.kind == kind {
			s.close(code)
		}
	}
}

// ExpireLock takes a thread's lock away, as if its time were over.
func (p *Platform) ExpireLock(threadID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.locks, threadID)
	p.touch()
}

// TakeViolations returns what the runtime must never have done, and forgets it.
func (p *Platform) TakeViolations() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := p.violations
	p.violations = nil
	return taken
}

// Refusals returns what the platform has refused although a runtime may do it.
func (p *Platform) Refusals() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.refusals...)
}

// violate and refuse record what was wrong. The mutex is held.
func (p *Platform) violate(format string, arguments ...any) {
	p.violations = append(p.violations, fmt.Sprintf(format, arguments...))
	p.touch()
}

func (p *Platform) refuse(format string, arguments ...any) {
	p.refusals = append(p.refusals, fmt.Sprintf(format, arguments...))
	p.touch()
}

// spend reports whether a count isn't used up, and uses one.
func spend(count *int) bool {
	if *count <= 0 {
		return false
	}
	*count--
	return true
}
