import { useCallback, useState } from "react";

const key = "copilotkit-token";

/**
 * Keeps the token that the user has signed in with. It is in the tab's session storage:
 * a reload keeps it, and closing the tab forgets it.
 */
export function useToken(): [string | undefined, (token?: string) => void] {
  const [token, setToken] = useState(() => sessionStorage.getItem(key) ?? undefined);

  const save = useCallback((next?: string) => {
    if (next === undefined) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, next);
    setToken(next);
  }, []);

  return [token, save];
}
