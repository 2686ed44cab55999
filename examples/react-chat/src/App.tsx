import { CopilotChat, CopilotChatConfigurationProvider, CopilotKitProvider } from "@copilotkit/react-core/v2";
import { useState } from "react";
import { Board } from "./Board";
import { SignIn, wantsToken } from "./SignIn";
import { Suggestions } from "./Suggestions";
import { Threads } from "./Threads";
import { useThreadInUrl } from "./useThreadInUrl";
import { useToken } from "./useToken";

export function App() {
  const [threadId, openThread] = useThreadInUrl();
  const [token, setToken] = useToken();
  const [refused, setRefused] = useState(false);
  const [problem, setProblem] = useState<string>();

  // A runtime that wants a token answers the first request, for /info, with 401.
  const signIn = (next?: string) => {
    setToken(next);
    setRefused(false);
    setProblem(undefined);
  };
  const signOut = () => {
    signIn(undefined);
    openThread();
  };
  if (refused) return <SignIn wrong={token !== undefined} signIn={signIn} />;

  return (
    <CopilotKitProvider
      key={token} // nothing of one user is left for the next
      runtimeUrl="/api/copilotkit"
      headers={token ? { Authorization: `Bearer ${token}` } : undefined}
      showDevConsole={false}
      onError={({ error }) => (wantsToken(error) ? setRefused(true) : setProblem(error.message))}
    >
      <CopilotChatConfigurationProvider agentId="default" threadId={threadId} hasExplicitThreadId>
        <div className="app">
          <Threads current={threadId} open={openThread} signOut={token ? signOut : undefined} />
          <Board />
          <section className="chat" aria-label="Chat">
            {problem && (
              <div role="alert" className="problem">
                <span>{problem}</span>
                <button onClick={() => setProblem(undefined)}>Dismiss</button>
              </div>
            )}
            <Suggestions />
            <CopilotChat labels={{ chatInputPlaceholder: "Ask for a color, a count, a booking" }} />
          </section>
        </div>
      </CopilotChatConfigurationProvider>
    </CopilotKitProvider>
  );
}
