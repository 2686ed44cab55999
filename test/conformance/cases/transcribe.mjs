// Speech to text, as a form and as JSON.
const audio = Buffer.from("sound");
const path = "/api/copilotkit/transcribe";

function form(parts) {
  const boundary = "conformance";
  const lines = parts.flatMap(({ name, filename, type, value }) => [
    `--${boundary}`,
    `Content-Disposition: form-data; name="${name}"${filename === undefined ? "" : `; filename="${filename}"`}`,
    ...(type ? [`Content-Type: ${type}`] : []),
    "",
    value,
  ]);
  return { headers: { "content-type": `multipart/form-data; boundary=${boundary}` }, body: [...lines, `--${boundary}--`, ""].join("\r\n") };
}

const json = (body) => ({ headers: { "content-type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

const requests = {
  "a form": form([{ name: "audio", filename: "a.webm", type: "audio/webm", value: "sound" }]),
  "a form with parameters in its type": form([{ name: "audio", filename: "a.webm", type: "audio/webm;codecs=opus", value: "sound" }]),
  "a form without a type": form([{ name: "audio", filename: "a.webm", value: "sound" }]),
  "a form of octets": form([{ name: "audio", filename: "a.webm", type: "application/octet-stream", value: "sound" }]),
  "a form of an empty file": form([{ name: "audio", filename: "a.webm", type: "audio/webm", value: "" }]),
  "a form with more fields": form([{ name: "x", value: "1" }, { name: "audio", filename: "a.wav", type: "audio/wav", value: "sound" }]),
  "a form without audio": form([{ name: "x", value: "1" }]),
  "a form with audio as text": form([{ name: "audio", value: "sound" }]),
  "a form of another kind": form([{ name: "audio", filename: "a.txt", type: "text/plain", value: "sound" }]),
  "a broken form": { headers: { "content-type": "multipart/form-data; boundary=x" }, body: "nonsense" },
  "a form without boundary": { headers: { "content-type": "multipart/form-data" }, body: "nonsense" },
  "JSON": json({ audio: audio.toString("base64"), mimeType: "audio/webm", filename: "a.webm" }),
  "JSON without filename": json({ audio: audio.toString("base64"), mimeType: "audio/mp4" }),
  "JSON with a data URL": json({ audio: "data:audio/webm;base64," + audio.toString("base64"), mimeType: "audio/webm" }),
  "JSON without audio": json({ mimeType: "audio/webm" }),
  "JSON with empty audio": json({ audio: "", mimeType: "audio/webm" }),
  "JSON without mimeType": json({ audio: audio.toString("base64") }),
  "JSON of another kind": json({ audio: audio.toString("base64"), mimeType: "text/plain" }),
  "JSON in capitals": json({ audio: audio.toString("base64"), mimeType: "AUDIO/WEBM" }),
  "JSON that isn't base64": json({ audio: "!!!", mimeType: "audio/webm" }),
  "broken JSON": json("{"),
  "another content type": { headers: { "content-type": "audio/webm" }, body: "sound" },
  "no content type": { body: "sound" },
  "rate limited": json({ audio: audio.toString("base64"), mimeType: "audio/webm", filename: "fail-rate.webm" }),
  "unauthorized": json({ audio: audio.toString("base64"), mimeType: "audio/webm", filename: "fail-auth.webm" }),
  "too long": json({ audio: audio.toString("base64"), mimeType: "audio/webm", filename: "fail-long.webm" }),
  "another failure": json({ audio: audio.toString("base64"), mimeType: "audio/webm", filename: "fail-else.webm" }),
};

export const transcribe = {
  "info says that it is on": async (it) => it.see("info", (await it.get("/info", { setup: "transcribe" })).body.audioFileTranscriptionEnabled),
  "it is off": async (it) => it.see("answer", await it.http("POST", path, requests["a form"])),
  ...Object.fromEntries(Object.entries(requests).map(([name, request]) => [name, async (it) => it.see("answer", await it.http("POST", path, { setup: "transcribe", ...request }))])),
};
