"""An AG-UI agent with FastAPI: it keeps a shopping list, and books tables that a person approves.

It needs no key: where yours calls a model, this one looks for a few words. What stays the same is how
a run comes in (RunInput) and how its events go out (stream).
"""

import asyncio
import hmac
import json
import logging
import os
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

app = FastAPI()
log = logging.getLogger("uvicorn.error")

Event = dict[str, Any]

HELP = (
    "I keep a shopping list: say 'add milk' or 'list'. 'book Luigi at 19:00' asks you first, "
    "'who am I' tells what I am told about you, and 'count' takes a while."
)


class RunInput(BaseModel):
    """What the runtime posts for each run. Fields that this agent has no use for are left out."""

    threadId: str
    runId: str
    # The whole conversation, so an agent needs no memory of its own.
    messages: list[dict[str, Any]] = []
    # The shared state as the front end has it.
    state: Any = None
    # The front end's tools: the agent calls them, the browser runs them.
    tools: list[dict[str, Any]] = []


@app.post("/")
async def run(run: RunInput, request: Request) -> StreamingResponse:
    # If the agent can be reached by others than the runtime, give both a key.
    key = os.environ.get("AGENT_KEY", "")
    if key and not hmac.compare_digest(request.headers.get("x-agent-key", "").encode(), key.encode()):
        raise HTTPException(status_code=401, detail="wrong or missing X-Agent-Key")
    return StreamingResponse(stream(run, request), media_type="text/event-stream")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def stream(run: RunInput, request: Request) -> AsyncIterator[str]:
    """Frames the events of a run as Server-Sent Events, and sees to its beginning and its end."""
    ids = {"threadId": run.threadId, "runId": run.runId}
    yield frame({"type": "RUN_STARTED", **ids})
    try:
        async for event in answer(run, request):
            yield frame(event)
    except (asyncio.CancelledError, GeneratorExit):
        # The runtime has closed the connection: somebody pressed Stop. Whatever the agent
        # awaits, such as a model's answer, is cancelled with it.
        log.info("run %s was stopped", run.runId)
        raise
    except Exception:
        # The message reaches the browser as it is, so the details go to the log alone.
        log.exception("run %s failed", run.runId)
        yield frame({"type": "RUN_ERROR", "message": "The agent failed.", "code": "AGENT_FAILED"})
        return
    yield frame({"type": "RUN_FINISHED", **ids})


def frame(event: Event) -> str:
    return f"data: {json.dumps(event)}\n\n"


async def answer(run: RunInput, request: Request) -> AsyncIterator[Event]:
    """The agent itself. Yours would call a model here."""
    last = run.messages[-1] if run.messages else {}
    said = text_of(last)
    tools = {tool.get("name") for tool in run.tools}

    if last.get("role") == "tool":  # what the browser's tool has returned
        events = say(f"You answered: {said}")
    elif found := re.search(r"\badd (.+)", said, re.IGNORECASE):
        events = add(run.state, found[1].strip(" ."))
    elif re.search(r"\blist\b", said, re.IGNORECASE):
        events = say("On the list: " + (", ".join(items_of(run.state)) or "nothing yet") + ".")
    elif found := re.search(r"\bbook (.+?) at ([\w:]+)", said, re.IGNORECASE):
        if "bookTable" not in tools:
            events = say("This front end has no tool bookTable.")
        else:
            events = call("bookTable", {"place": found[1], "time": found[2]})
    elif re.search(r"\bwho am i\b", said, re.IGNORECASE):
        events = say(caller_of(request))
    elif re.search(r"\bcount\b", said, re.IGNORECASE):
        events = say(" ".join(str(n) for n in range(1, 1001)), pause=0.2)
    elif re.search(r"\bfail\b", said, re.IGNORECASE):
        raise ValueError("asked to fail")
    else:
        events = say(HELP)
    async for event in events:
        yield event


async def say(text: str, pause: float = 0.02) -> AsyncIterator[Event]:
    """A message, one word at a time."""
    message = {"messageId": str(uuid.uuid4())}
    yield {"type": "TEXT_MESSAGE_START", "role": "assistant", **message}
    for word in re.findall(r"\S+\s*", text):
        yield {"type": "TEXT_MESSAGE_CONTENT", "delta": word, **message}
        await asyncio.sleep(pause)
    yield {"type": "TEXT_MESSAGE_END", **message}


async def call(name: str, arguments: dict[str, Any]) -> AsyncIterator[Event]:
    """A call of a front-end tool. The run ends with it; the next one brings the result."""
    tool_call = {"toolCallId": str(uuid.uuid4())}
    yield {"type": "TOOL_CALL_START", "toolCallName": name, **tool_call}
    yield {"type": "TOOL_CALL_ARGS", "delta": json.dumps(arguments), **tool_call}
    yield {"type": "TOOL_CALL_END", **tool_call}


async def add(state: Any, item: str) -> AsyncIterator[Event]:
    """A change of the shared state: the whole of it the first time, then what differs (RFC 6902)."""
    if isinstance(state, dict) and isinstance(state.get("items"), list):
        yield {"type": "STATE_DELTA", "delta": [{"op": "add", "path": "/items/-", "value": item}]}
    else:
        kept = state if isinstance(state, dict) else {}
        yield {"type": "STATE_SNAPSHOT", "snapshot": {**kept, "items": [item]}}
    async for event in say(f"Added {item}."):
        yield event


def caller_of(request: Request) -> str:
    """What the runtime passes on of the browser's request: its X- headers and, if
    COPILOTKIT_FORWARD_AUTHORIZATION names this agent, its Authorization. Nothing else says who
    calls, so an agent that has to know verifies that token."""
    tenant = request.headers.get("x-tenant", "none")
    token = "a token" if request.headers.get("authorization") else "no token"
    return f"Your tenant is {tenant}, and you sent {token}."


def items_of(state: Any) -> list[str]:
    items = state.get("items") if isinstance(state, dict) else None
    return [str(item) for item in items] if isinstance(items, list) else []


def text_of(message: dict[str, Any]) -> str:
    """The text of a message, whose content is a string or a list of parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return " ".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
