import { CopilotChat, CopilotChatConfigurationProvider, CopilotKitProvider } from "@copilotkit/react-core/v2";
import { useState } from "react";
import { Board } from "./Board";
import { Suggestions } from "./Suggestions";
import { Threads } from "./Threads";
import { useThreadInUrl } from "./useThreadInUrl";

export function App() {
  const [threadId, openThread] = useThreadInUrl();
  const [problem, setProblem] = useState<string>();

  return (
    <CopilotKitProvider
      runtimeUrl="/api/copilotkit"
      showDevConsole={false}
      onError={({ error }) => setProblem(error.message)}
    >
      <CopilotChatConfigurationProvider agentId="default" threadId={threadId} hasExplicitThreadId>
        <div className="app">
          <Threads current={threadId} open={openThread} />
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
