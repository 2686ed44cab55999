package loop_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/copilotkit-go/runtime/core/agent/internal/loop"
	"github.com/copilotkit-go/runtime/core/agui"
)

// conversation makes a message of each letter: u, a, s and d by their roles, r for
// reasoning, c for an assistant's call and t for its result. Each has ten tokens.
func conversation(letters string) []agui.Message {
	roles := map[rune]agui.Role{'u': agui.RoleUser, 'a': agui.RoleAssistant, 's': agui.RoleSystem, 'd': agui.RoleDeveloper, 'r': agui.RoleReasoning, 'c': agui.RoleAssistant, 't': agui.RoleTool}
	var messages []agui.Message
	for i, letter := range letters {
		m := agui.Message{ID: fmt.Sprint(i), Role: roles[letter], Content: agui.TextContent(strings.Repeat("x", 40)), Name: ""}
		if letter == 'c' {
			m.Content, m.ToolCalls = agui.TextContent(""), []agui.ToolCall{{ID: "1", Name: "f", Arguments: strings.Repeat("x", 39)}}
		}
		messages = append(messages, m)
	}
	return messages
}

func TestTheOldestTurnsOfALongConversationAreLeftOut(t *testing.T) {
	for name, test := range map[string]struct {
		have  string
		limit int64
		kept  string // ids
		out   int
	}{
		"it has room":                         {"uaua", 40, "0123", 0},
		"one turn":                            {"uaua", 39, "23", 2},
		"calls go with their results":         {"urctauau", 40, "567", 5},
		"half a turn is none":                 {"uactauau", 79, "567", 5},
		"instructions stay":                   {"suadua", 30, "0345", 2},
		"a greeting goes first":               {"auau", 30, "3", 3},
		"the last turn is kept, however long": {"uauactctct", 20, "23456789", 2},
		"without a question nothing goes":     {"aaa", 10, "012", 0},
		"only the last question":              {"uauau", 1, "4", 4},
		"no messages":                         {"", 1, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			messages := conversation(test.have)
			kept, left := loop.Trim(messages, test.limit)
			ids := ""
			for _, m := range kept {
				ids += m.ID
			}
			if ids != test.kept || left.Messages != test.out || left.Tokens != int64(10*test.out) {
				t.Errorf("kept %s and left %+v out, want %s and %d", ids, left, test.kept, test.out)
			}
		})
	}
}

func TestAConversationThatGoesOnMostlyBeginsWhereItDid(t *testing.T) {
	const limit = 400
	begins := map[string]bool{}
	for turns := 1; turns <= 100; turns++ {
		kept, _ := loop.Trim(conversation(strings.Repeat("ua", turns)), limit)
		begins[kept[0].ID] = true
		if tokens := 10 * len(kept); tokens > limit || turns > 20 && tokens < limit*3/4-20 {
			t.Errorf("after %d turns there are %d tokens", turns, tokens)
		}
	}
	if len(begins) > 18 {
		t.Errorf("it began in %d places", len(begins))
	}
}

func TestWhatAnAttachmentAddsToAConversation(t *testing.T) {
	large := strings.Repeat("QUJD", 100_000) // 300,000 bytes
	of := func(kind, mimeType string) agui.InputContent {
		return agui.InputContent{Type: kind, Source: &agui.InputContentSource{Type: "data", Value: large, MimeType: mimeType}}
	}
	for name, test := range map[string]struct {
		part   agui.InputContent
		tokens int64
	}{
		"an image":          {of("image", "image/png"), 1000},
		"a PDF":             {of("document", "application/pdf"), 1000},
		"a text":            {of("document", "text/csv"), 75_000},
		"JSON":              {of("document", "application/json; charset=utf-8"), 75_000},
		"an older text":     {agui.InputContent{Type: "binary", MimeType: "text/plain", Data: large}, 75_000},
		"a text by address": {agui.InputContent{Type: "document", Source: &agui.InputContentSource{Type: "url", Value: large, MimeType: "text/csv"}}, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			messages := append([]agui.Message{{ID: "0", Role: agui.RoleUser, Content: agui.PartsContent(test.part)}}, conversation("au")...)
			_, left := loop.Trim(messages, 100)
			if left.Tokens != test.tokens && left.Tokens != test.tokens+10 {
				t.Errorf("it has %d tokens", left.Tokens)
			}
		})
	}
}
