// Which of a request's headers reach a remote agent.
const sent = {
  authorization: "Bearer of-the-user",
  "proxy-authorization": "Basic of-the-user",
  "x-api-key": "key-of-the-user",
  "x-auth-token": "token-of-the-user",
  "X-One": "1",
  "x-two": "2",
  "X-Internal-Three": "3",
  "x-tenant": "t",
  "x-forwarded-for": "10.0.0.1",
  "x-forwarded-proto": "https",
  "x-forwarded-host": "h",
  "x-forwarded-port": "1",
  "x-forwarded-server": "s",
  "x-forwarded-prefix": "/p",
  "x-real-ip": "10.0.0.2",
  "x-amz-cf-id": "a",
  "x-amz-date": "b",
  "x-amzn-trace-id": "c",
  "x-amzn-other": "d",
  "x-azure-ref": "e",
  "x-fastly-id": "f",
  "x-vercel-id": "g",
  "x-middleware-next": "1",
  "x-copilotcloud-public-api-key": "secret",
  "x-copilotcloud-other": "i",
  "x-cloud-trace-context": "j",
  "x-cache": "k",
  "x-served-by": "l",
  "x-request-id": "m",
  "x-server": "of-the-user",
  cookie: "session=1",
  "content-language": "en",
  "accept-language": "en",
  "user-agent": "case",
};

const interesting = (headers) =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.endsWith("authorization") || name === "cookie" || name === "content-language" || name.startsWith("x-"))
      .sort(),
  );

const forwarded = (setup, agent, route = "run") => async (it) => {
  const answer = await it.run(agent, {}, { setup, route, headers: sent });
  it.see("answer", answer);
  it.see("forwarded", it.forwarded().map(({ headers }) => interesting(headers)));
};

export const headers = {
  "what is forwarded by default": forwarded("main", "plain"),
  "what an agent that is trusted gets": forwarded("main", "trusted"),
  "what the server has set wins": forwarded("main", "remote"),
  "an allow list": forwarded("headers allow", "plain"),
  "an allow list and the server's own": forwarded("headers allow", "remote"),
  "a deny list": forwarded("headers deny", "plain"),
  "no default deny list": forwarded("headers open", "plain"),
  "what a suggestion forwards": forwarded("main", "plain", "suggest"),
  "a header given twice": async (it) => {
    await it.run("plain", {}, { headers: { "x-one": ["1", "2"] } });
    it.see("forwarded", it.forwarded().map(({ headers }) => headers["x-one"]));
  },
};
