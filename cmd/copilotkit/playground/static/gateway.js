// Events of a thread that CopilotKit's managed platform keeps: they come through its gateway, by WebSocket.

const heartbeatMs = 30_000;

/** Yields the events of a run, or of a thread if the answer that says where they are names none, to the end of what is live. */
export async function* follow({ joinToken, runId, realtime: { clientUrl, topic } }, signal) {
  const socket = new WebSocket(`${clientUrl}/websocket?vsn=2.0.0&join_token=${encodeURIComponent(joinToken)}`);
  const waiting = [];
  let ended = false, failure, wake = () => {};
  const end = (error) => {
    ended = true;
    failure ??= error;
    wake();
  };
  const send = (...frame) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(frame));
  const beat = setInterval(() => send(null, "0", "phoenix", "heartbeat", {}), heartbeatMs);
  socket.onopen = () => send("1", "1", topic, "phx_join", runId ? { stream_mode: "run", run_id: runId } : { stream_mode: "connect", last_seen_event_id: null });
  socket.onclose = () => end(new Error("The connection to the platform's gateway is lost. Open the thread again to see what has come since."));
  socket.onmessage = ({ data }) => {
    const [, ref, , name, payload] = JSON.parse(data);
    if (name === "ag_ui_event") waiting.push(payload);
    if (name === "stream_idle" || (runId && ["RUN_FINISHED", "RUN_ERROR"].includes(payload.type) && payload.runId === runId)) return end();
    if (name === "phx_reply" && ref === "1" && payload.status !== "ok") return end(new Error(`The platform's gateway refuses: ${payload.response?.reason}`));
    wake();
  };
  const leave = () => end(signal.reason);
  signal?.addEventListener("abort", leave);
  try {
    for (;;) {
      signal?.throwIfAborted();
      if (waiting.length > 0) yield waiting.shift();
      else if (failure) throw failure;
      else if (ended) return;
      else await new Promise((resolve) => (wake = resolve));
    }
  } finally {
    signal?.removeEventListener("abort", leave);
    clearInterval(beat);
    socket.close();
  }
}
