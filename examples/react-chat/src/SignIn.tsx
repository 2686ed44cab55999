import { useState } from "react";

/** Reports whether an error is the runtime's answer to a request without a token that it accepts. */
export function wantsToken(error: Error): boolean {
  return (error as { runtimeInfoStatus?: number }).runtimeInfoStatus === 401;
}

/** Asks for a token. `wrong` is set if the runtime doesn't accept the one that it has got. */
export function SignIn({ wrong, signIn }: { wrong: boolean; signIn: (token: string) => void }) {
  const [token, setToken] = useState("");
  return (
    <main className="sign-in">
      <form
        aria-label="Sign in"
        onSubmit={(event) => {
          event.preventDefault();
          if (token.trim()) signIn(token.trim());
        }}
      >
        <h1>Sign in</h1>
        <p>This runtime answers only those who have a token.</p>
        <label htmlFor="token">Token</label>
        <input id="token" type="password" autoComplete="off" autoFocus value={token} onChange={(event) => setToken(event.target.value)} />
        {wrong && <p role="alert">The runtime doesn't accept this token.</p>}
        <button disabled={!token.trim()}>Sign in</button>
      </form>
    </main>
  );
}
