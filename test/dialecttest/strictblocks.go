package dialecttest

import (
	"fmt"
	"strings"
)

// StrictAnthropic checks a request as Anthropic does.
var StrictAnthropic = strict(func(c *checker, body object) {
	c.fields("body", body, "model", "messages", "max_tokens", "stream", "system?", "tools?", "tool_choice?", "thinking?", "output_config?", "temperature?", "top_k?", "top_p?", "stop_sequences?")
	marks := 0
	mark := func(o object) {
		if o["cache_control"] != nil {
			marks++
		}
	}
	if body["system"] != nil {
		for _, block := range c.list("system", body["system"]) {
			block := c.fields("system", block, "type", "text", "cache_control?")
			c.text("system", block["text"])
			mark(block)
		}
	}
	calls := c.calls()
	turns := c.turns("messages", body["messages"], "user", "assistant", "content")
	for i, turn := range turns {
		inResults := true
		for _, value := range turn.blocks {
			block := c.typed(turn.at, value, "text: text, cache_control?; image: source, cache_control?; document: source, title?, cache_control?; tool_use: id, name, input; "+
				"tool_result: tool_use_id, content?, cache_control?; thinking: thinking, signature; redacted_thinking: data")
			mark(block)
			if isResult := block["type"] == "tool_result"; inResults && !isResult {
				calls.settled(turn.at) // only results may follow calls
				inResults = false
			}
			user := false
			switch block["type"] {
			case "text":
				c.text(turn.at, block["text"])
				user = turn.user
			case "tool_result":
				calls.result(turn.at, block["tool_use_id"])
				user = true
			case "image", "document":
				source := c.typed(turn.at, block["source"], "base64: media_type, data; url: url; text: media_type, data")
				if source["type"] == "base64" {
					c.base64(turn.at, source["data"])
				}
				user = true
			case "tool_use":
				c.matches(turn.at, toolName, block["id"])
				c.matches(turn.at, toolName, block["name"])
				c.fields(turn.at, block["input"], fieldsOf(block["input"])...)
				calls.call(turn.at, block["id"])
			}
			if user != turn.user {
				c.wrong("%s: a %v block in the wrong turn", turn.at, block["type"])
			}
		}
		if last, _ := turn.blocks[len(turn.blocks)-1].(object); !turn.user && (last["type"] == "thinking" || last["type"] == "redacted_thinking") {
			c.wrong("%s: ends with thinking", turn.at)
		} else if text, _ := last["text"].(string); i == len(turns)-1 && !turn.user && strings.TrimSpace(text) != text {
			c.wrong("%s: ends with white space", turn.at)
		}
	}
	calls.settled("messages")
	if body["tools"] != nil {
		for _, tool := range c.list("tools", body["tools"]) {
			tool := c.fields("tools", tool, "name", "description?", "input_schema", "cache_control?", "eager_input_streaming?")
			c.matches("tools", toolName, tool["name"])
			c.schema("tools", tool["input_schema"])
			mark(tool)
		}
	}
	if marks > 4 {
		c.wrong("%d marks of what is cached", marks)
	}
	c.thinking(body, body["thinking"], turns)
})

// thinking checks what a model that thinks excludes.
func (c *checker) thinking(body object, value any, turns []turn) {
	config, _ := value.(object)
	if config["type"] != "enabled" && config["type"] != "adaptive" || len(turns) == 0 {
		return
	}
	choice, _ := body["tool_choice"].(object)
	if budget, ok := config["budget_tokens"].(float64); config["type"] == "enabled" && (!ok || budget < 1024 || budget >= body["max_tokens"].(float64)) {
		c.wrong("a budget of %v of %v tokens", config["budget_tokens"], body["max_tokens"])
	}
	if body["temperature"] != nil || body["top_k"] != nil || choice["type"] == "any" || choice["type"] == "tool" {
		c.wrong("thinking with a temperature, top_k or a forced tool")
	}
	last := turns[len(turns)-1]
	if !last.user {
		c.wrong("thinking with words of the assistant to go on with")
	}
	if first, _ := last.blocks[0].(object); config["type"] == "enabled" && first["type"] == "tool_result" {
		if led, _ := turns[len(turns)-2].blocks[0].(object); led["type"] != "thinking" && led["type"] != "redacted_thinking" {
			c.wrong("thinking goes on behind calls without thinking")
		}
	}
}

func fieldsOf(value any) (names []string) {
	o, _ := value.(object)
	for name := range o {
		names = append(names, name)
	}
	return names
}

// StrictBedrock checks a request as Amazon Bedrock's Converse does.
var StrictBedrock = strict(func(c *checker, body object) {
	c.fields("body", body, "messages", "system?", "toolConfig?", "inferenceConfig?", "additionalModelRequestFields?")
	marks, documents := 0, map[any]bool{}
	if body["system"] != nil {
		for _, block := range c.list("system", body["system"]) {
			if block := c.fields("system", block, "text?", "cachePoint?"); block["cachePoint"] != nil {
				marks++
			} else {
				c.text("system", block["text"])
			}
		}
	}
	calls := c.calls()
	turns := c.turns("messages", body["messages"], "user", "assistant", "content")
	for _, turn := range turns {
		hasDocument, hasText, inResults := false, false, true
		for _, value := range turn.blocks {
			block, _ := value.(object)
			if len(block) != 1 {
				c.wrong("%s: a block with %d members", turn.at, len(block))
			}
			if isResult := block["toolResult"] != nil; inResults && !isResult {
				calls.settled(turn.at) // only results may follow calls
				inResults = false
			}
			for kind, inner := range block {
				switch kind {
				case "text":
					c.text(turn.at, inner)
					hasText = true
				case "image", "video":
					c.fields(turn.at, inner, "format", "source")
				case "document":
					document := c.fields(turn.at, inner, "format", "name", "source")
					c.matches(turn.at, documentName, document["name"])
					if documents[document["name"]] {
						c.wrong("%s: two documents are called %v", turn.at, document["name"])
					}
					documents[document["name"]], hasDocument = true, true
				case "toolUse":
					use := c.fields(turn.at, inner, "toolUseId", "name", "input")
					c.matches(turn.at, toolName, use["toolUseId"])
					c.matches(turn.at, toolName, use["name"])
					calls.call(turn.at, use["toolUseId"])
				case "toolResult":
					result := c.fields(turn.at, inner, "toolUseId", "content", "status?")
					calls.result(turn.at, result["toolUseId"])
					for _, content := range c.list(turn.at, result["content"]) {
						c.text(turn.at, c.fields(turn.at, content, "text")["text"])
					}
				case "reasoningContent":
					reasoning := c.fields(turn.at, inner, "reasoningText?", "redactedContent?")
					if reasoning["reasoningText"] != nil {
						c.fields(turn.at, reasoning["reasoningText"], "text", "signature")
					} else {
						c.base64(turn.at, reasoning["redactedContent"])
					}
				case "cachePoint":
					marks++
				default:
					c.wrong("%s: a block of %s", turn.at, kind)
				}
			}
		}
		if hasDocument && !hasText {
			c.wrong("%s: a document without text", turn.at)
		}
	}
	calls.settled("messages")
	if len(turns) > 0 && !turns[len(turns)-1].user {
		c.wrong("the last message is the assistant's")
	}
	switch {
	case body["toolConfig"] != nil:
		config := c.fields("toolConfig", body["toolConfig"], "tools", "toolChoice?")
		for _, tool := range c.list("tools", config["tools"]) {
			tool := c.fields("tools", tool, "toolSpec?", "cachePoint?")
			if tool["cachePoint"] != nil {
				marks++
				continue
			}
			spec := c.fields("tools", tool["toolSpec"], "name", "description?", "inputSchema")
			c.matches("tools", toolName, spec["name"])
			c.schema("tools", c.fields("tools", spec["inputSchema"], "json")["json"])
		}
	case len(calls.seen) > 0:
		c.wrong("calls without toolConfig")
	}
	if marks > 4 {
		c.wrong("%d marks of what is cached", marks)
	}
	if additional, _ := body["additionalModelRequestFields"].(object); additional["thinking"] != nil {
		inference, _ := body["inferenceConfig"].(object)
		c.thinking(object{"max_tokens": inference["maxTokens"], "temperature": inference["temperature"], "top_k": additional["top_k"]}, additional["thinking"], nil)
	}
})

// StrictGemini checks a request as Google does.
var StrictGemini = strict(func(c *checker, body object) {
	c.fields("body", body, "contents", "systemInstruction?", "tools?", "toolConfig?", "generationConfig?")
	if body["systemInstruction"] != nil {
		for _, part := range c.list("systemInstruction", c.fields("systemInstruction", body["systemInstruction"], "parts")["parts"]) {
			c.text("systemInstruction", c.fields("systemInstruction", part, "text")["text"])
		}
	}
	waiting, before := 0, ""
	for i, value := range c.list("contents", body["contents"]) {
		at := fmt.Sprintf("contents.%d", i)
		content := c.fields(at, value, "role", "parts")
		role, _ := content["role"].(string)
		c.matches(at, geminiRole, role)
		if i == 0 && role != "user" || role == "model" && before == "model" {
			c.wrong("%s: the %s's turn behind %q", at, role, before)
		}
		results := 0
		for _, value := range c.list(at, content["parts"]) {
			part := c.fields(at, value, "text?", "inlineData?", "fileData?", "functionCall?", "functionResponse?", "thought?", "thoughtSignature?")
			if text, ok := part["text"].(string); ok && text == "" && part["thoughtSignature"] == nil {
				c.wrong("%s: an empty text", at)
			}
			if part["functionCall"] != nil {
				c.matches(at, geminiName, c.fields(at, part["functionCall"], "id?", "name", "args")["name"])
				waiting++
			}
			if part["functionResponse"] != nil {
				c.matches(at, geminiName, c.fields(at, part["functionResponse"], "id?", "name", "response")["name"])
				results++
			}
		}
		if role == "user" {
			if results != waiting {
				c.wrong("%s: %d results of %d calls", at, results, waiting)
			}
			waiting = 0
		}
		before = role
	}
	if waiting > 0 {
		c.wrong("%d calls have no results", waiting)
	}
	if body["tools"] != nil {
		for _, tool := range c.list("tools", body["tools"]) {
			for _, function := range c.list("tools", c.fields("tools", tool, "functionDeclarations")["functionDeclarations"]) {
				c.matches("tools", geminiName, c.fields("tools", function, "name", "description?", "parameters?")["name"])
			}
		}
	}
})
