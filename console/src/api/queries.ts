import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";
import type { Who } from "./types";

/** Under which who has signed in is kept; null when nobody has. */
export const SESSION_KEY = ["session"];

/** Errors that asking again cannot change. */
function isLasting(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}

function noticeEnd(error: unknown): void {
  if (error instanceof ApiError && error.status === 401 && queryClient.getQueryData(SESSION_KEY)) {
    forgetSession();
  }
}

/** The cache of answers. What is shown is kept fresh by events, so nothing is fetched again for its age alone. */
export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noticeEnd }),
  mutationCache: new MutationCache({ onError: noticeEnd }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => !isLasting(error) && count < 2,
      refetchOnWindowFocus: false,
    },
  },
});

/** Shows the console to whoever has signed in now; what others have been shown is forgotten. */
export function beginSession(who: Who): void {
  changeSession(who);
}

/** Leads to the sign-in: the session is over, and everything that was shown belonged to it. */
export function forgetSession(): void {
  changeSession(null);
}

function changeSession(who: Who | null): void {
  // The session's own entry stays: whoever watches it must see it change.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  queryClient.setQueryData(SESSION_KEY, who);
}
