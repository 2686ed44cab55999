import { useCallback, useEffect, useState } from "react";

/**
 * Keeps the id of the open thread in the URL's fragment, so that a reload and a
 * shared address open the same thread.
 */
export function useThreadInUrl(): [string, (threadId?: string) => void] {
  const [threadId, setThreadId] = useState(threadOfUrl);

  useEffect(() => {
    const follow = () => setThreadId(threadOfUrl());
    window.addEventListener("hashchange", follow);
    return () => window.removeEventListener("hashchange", follow);
  }, []);

  const open = useCallback((next = crypto.randomUUID() as string) => {
    window.location.hash = next;
  }, []);

  return [threadId, open];
}

function threadOfUrl(): string {
  const threadId = decodeURIComponent(window.location.hash.slice(1));
  if (threadId) return threadId;
  const fresh = crypto.randomUUID();
  window.history.replaceState(null, "", `#${fresh}`);
  return fresh;
}
