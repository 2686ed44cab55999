import { CopilotChat, CopilotChatConfigurationProvider, CopilotKitProvider } from "@copilotkit/react-core/v2";
import { useMemo, useState } from "react";
import { Board } from "./Board";
import { catalog } from "./catalog";
import { sandboxFunctions } from "./sandbox";
import { SignIn, wantsToken } from "./SignIn";
import { Suggestions } from "./Suggestions";
import { Threads } from "./Threads";
import { useThreadInUrl } from "./useThreadInUrl";
import { useToken } from "./useToken";

const a2ui = { catalog };

export function App() {
  const [threadId, openThread] = useThreadInUrl();
  const [token, setToken] = useToken();
  const [refused, setRefused] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [color, setColor] = useState("#4f46e5");
  const openGenerativeUI = useMemo(() => ({ sandboxFunctions: sandboxFunctions(setColor) }), []);

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
      a2ui={a2ui}
      openGenerativeUI={openGenerativeUI}
      showDevConsole={false}
      onError={({ error }) => (wantsToken(error) ? setRefused(true) : setProblem(error.message))}
    >
      <CopilotChatConfigurationProvider agentId="default" threadId={threadId} hasExplicitThreadId>
        <div className="app">
          <Threads current={threadId} open={openThread} signOut={token ? signOut : undefined} />
          <Board color={color} setColor={setColor} />
          <section className="chat" aria-label="Chat">
            {problem && (
              <div role="alert" className="problem">
                <span>{problem}</span>
                <button onClick={() => setProblem(undefined)}>Dismiss</button>
              </div>
            )}
            <Suggestions />
            <CopilotChat labels={{ chatInputPlaceholder: "Ask for a color, a booking, a card" }} />
          </section>
        </div>
      </CopilotChatConfigurationProvider>
    </CopilotKitProvider>
  );
}
