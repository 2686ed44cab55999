import { useAgent, useThreads } from "@copilotkit/react-core/v2";
import { useEffect, useState } from "react";

interface Props {
  current: string;
  open: (threadId?: string) => void;
  /** Undefined if nobody has signed in. */
  signOut?: () => void;
}

/** The list of threads, to reopen, rename, archive and delete. */
export function Threads({ current, open, signOut }: Props) {
  const [includeArchived, setIncludeArchived] = useState(false);
  const { threads, listError, renameThread, archiveThread, unarchiveThread, deleteThread, refetchThreads } = useThreads({
    agentId: "default",
    includeArchived,
  });

  // A thread is created by its first run.
  const { agent } = useAgent();
  useEffect(() => {
    const subscription = agent.subscribe({
      onRunFinalized: () => refetchThreads(),
      onRunFailed: () => refetchThreads(),
    });
    return () => subscription.unsubscribe();
  }, [agent, refetchThreads]);

  // It is named after its first message, unless the runtime has named it when its answer is
  // there, until somebody gives it a name.
  const nameless = !agent.isRunning && threads.some((thread) => thread.id === current && !thread.name);
  const question = agent.messages.find((message) => message.role === "user")?.content;
  useEffect(() => {
    if (!nameless || typeof question !== "string") return;
    // A runtime that can't rename threads leaves it without a name.
    renameThread(current, question.slice(0, 60)).catch(() => undefined);
  }, [nameless, question, current, renameThread]);

  // A change and a list that was asked for meanwhile may pass each other, so that the list is
  // asked for again.
  const listAfter = (change: Promise<void>) => change.then(refetchThreads);

  return (
    <nav className="threads" aria-label="Threads">
      <button className="new" onClick={() => open()}>
        New thread
      </button>
      <label>
        <input type="checkbox" checked={includeArchived} onChange={(event) => setIncludeArchived(event.target.checked)} />
        Show archived
      </label>
      {listError && <p role="alert">{listError.message}</p>}
      <ul>
        {threads.map((thread) => (
          <li key={thread.id} className={thread.archived ? "archived" : ""}>
            <a href={`#${encodeURIComponent(thread.id)}`} aria-current={thread.id === current ? "page" : undefined}>
              {thread.name || "Untitled"}
            </a>
            <Rename name={thread.name ?? ""} save={(name) => listAfter(renameThread(thread.id, name))} />
            {thread.archived ? (
              <button onClick={() => listAfter(unarchiveThread(thread.id))}>Restore</button>
            ) : (
              <button onClick={() => listAfter(archiveThread(thread.id))}>Archive</button>
            )}
            <button
              onClick={async () => {
                await deleteThread(thread.id);
                if (thread.id === current) open();
              }}
            >
              Delete
            </button>
          </li>
        ))}
      </ul>
      {signOut && (
        <button className="sign-out" onClick={signOut}>
          Sign out
        </button>
      )}
    </nav>
  );
}

function Rename({ name, save }: { name: string; save: (name: string) => Promise<void> }) {
  const [draft, setDraft] = useState<string>();
  if (draft === undefined) return <button onClick={() => setDraft(name)}>Rename</button>;
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        await save(draft);
        setDraft(undefined);
      }}
    >
      <input aria-label="Name" autoFocus value={draft} onChange={(event) => setDraft(event.target.value)} />
    </form>
  );
}
