// CORS with each of its options, on preflights and on answers.
const setups = ["main", "cors any", "cors one", "cors list", "cors function", "cors credentials", "cors all", "cors single"];
const origins = { none: {}, one: { origin: "https://one.example" }, other: { origin: "https://other.test" } };

export const cors = Object.fromEntries(
  setups.map((setup) => [
    setup === "main" ? "no CORS" : setup.replace("cors ", "origins: "),
    async (it) => {
      for (const [label, headers] of Object.entries(origins)) {
        const preflight = { ...headers, "access-control-request-method": "POST", "access-control-request-headers": "content-type,x-one" };
        it.see(`preflight, origin ${label}`, await it.http("OPTIONS", "/api/copilotkit/info", { setup, headers: preflight }));
        const withToken = { ...preflight, "access-control-request-headers": "authorization,content-type" };
        it.see(`preflight with a token, origin ${label}`, await it.http("OPTIONS", "/api/copilotkit/info", { setup, headers: withToken }));
        it.see(`preflight elsewhere, origin ${label}`, await it.http("OPTIONS", "/elsewhere", { setup, headers: preflight }));
        it.see(`plain OPTIONS, origin ${label}`, await it.http("OPTIONS", "/api/copilotkit/info", { setup, headers }));
        it.see(`info, origin ${label}`, (await it.http("GET", "/api/copilotkit/info", { setup, headers })).headers);
        it.see(`unknown route, origin ${label}`, await it.http("GET", "/api/copilotkit/nothing", { setup, headers }));
        it.see(`wrong method, origin ${label}`, await it.http("DELETE", "/api/copilotkit/info", { setup, headers }));
        const { status, headers: seen } = await it.run("scripted", it.emptyRun(), { setup, headers });
        it.see(`run, origin ${label}`, { status, seen });
      }
    },
  ]),
);
