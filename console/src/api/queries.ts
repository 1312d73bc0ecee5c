import { QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** Errors that asking again cannot change. */
function isLasting(error: unknown): boolean {
  return error instanceof ApiError && error.status >= 400 && error.status < 500;
}

/** The cache of answers. What is shown is kept fresh by events, so nothing is fetched again for its age alone. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (count, error) => !isLasting(error) && count < 2,
      refetchOnWindowFocus: false,
    },
  },
});
