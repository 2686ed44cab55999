import { useAgent, useThreads } from "@copilotkit/react-core/v2";
import { useCallback, useEffect, useRef, useState } from "react";

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

  // Two changes may pass each other on their way, and so may a change and a list that was asked
  // for before. So each waits for the one before it, and then the list is asked for again.
  const changes = useRef(Promise.resolve());
  const change = useCallback(
    (make: () => Promise<void>) => {
      const made = changes.current.then(make);
      changes.current = made.catch(() => undefined);
      return made.finally(refetchThreads);
    },
    [refetchThreads],
  );

  // A thread is named after its first message, unless the runtime has named it when its answer
  // is there. That is done once, or a late list would undo a name that somebody has given it.
  const named = useRef(new Set<string>());
  const nameless = !agent.isRunning && threads.some((thread) => thread.id === current && !thread.name);
  const question = agent.messages.find((message) => message.role === "user")?.content;
  useEffect(() => {
    if (!nameless || typeof question !== "string" || named.current.has(current)) return;
    named.current.add(current);
    // A runtime that can't rename threads leaves it without a name.
    change(() => renameThread(current, question.slice(0, 60))).catch(() => undefined);
  }, [nameless, question, current, change, renameThread]);

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
            <Rename name={thread.name ?? ""} save={(name) => change(() => renameThread(thread.id, name))} />
            {thread.archived ? (
              <button onClick={() => change(() => unarchiveThread(thread.id))}>Restore</button>
            ) : (
              <button onClick={() => change(() => archiveThread(thread.id))}>Archive</button>
            )}
            <button
              onClick={async () => {
                await change(() => deleteThread(thread.id));
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
