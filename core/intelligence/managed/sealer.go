package managed

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"

	"github.com/copilotkit-go/runtime/core/internal/jsonscan"
)

// sealer gives a run's events what the gateway knows a run's events by.
type sealer struct {
	// members are threadId, runId, thread_id and run_id, as they end each event.
	members []byte
	// seq is the number of the last event, counted from 1.
	seq int64
	// random is for the ids of some events, of which unused are left.
	random [16 * 16]byte
	unused int
}

func newSealer(threadID, runID string) sealer {
	var members []byte
	for _, m := range [...][2]string{{"threadId", threadID}, {"runId", runID}, {"thread_id", threadID}, {"run_id", runID}} {
		members = append(members, ',', '"')
		members = append(append(members, m[0]...), '"', ':')
		members = jsonscan.AppendString(members, m[1])
	}
	return sealer{members: append(members, '}')}
}

// sealed is about how many bytes an identity adds to an event beside the members.
const sealed = 110

// seal returns the next event, a JSON object, with its identity in place of what the agent
// has put there. It must not be changed afterwards: what is sent again is known by being
// the same.
func (s *sealer) seal(event []byte) []byte {
	s.seq++
	out := make([]byte, 0, len(event)+len(s.members)+sealed)
	out = append(out, '{')
	var metadata []byte
	for m := jsonscan.MembersOf(event); m.Next(); {
		switch string(m.Name) {
		case "threadId", "runId", "thread_id", "run_id":
		case "metadata":
			metadata = m.Value
		default:
			out = append(appendMember(out, m), ',')
		}
	}
	out = append(out, `"metadata":{`...)
	if metadata != nil && jsonscan.Kind(metadata) == "object" {
		for m := jsonscan.MembersOf(metadata); m.Next(); {
			if name := string(m.Name); name != "cpki_event_id" && name != "cpki_event_seq" {
				out = append(appendMember(out, m), ',')
			}
		}
	}
	out = s.appendUUID(append(out, `"cpki_event_id":"`...))
	out = strconv.AppendInt(append(out, `","cpki_event_seq":`...), s.seq, 10)
	return append(append(out, '}'), s.members...)
}

func appendMember(dst []byte, m jsonscan.Members) []byte {
	dst = jsonscan.AppendString(dst, m.Name)
	return append(append(dst, ':'), m.Value...)
}

// appendUUID appends a random UUID. It is [agui.NewID] without the allocations, since each
// event has one.
func (s *sealer) appendUUID(dst []byte) []byte {
	if s.unused == 0 {
		rand.Read(s.random[:])
		s.unused = len(s.random)
	}
	b := s.random[s.unused-16 : s.unused]
	s.unused -= 16
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	from := 0
	for _, to := range [...]int{4, 6, 8, 10, 16} {
		if from > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, b[from:to])
		from = to
	}
	return dst
}
