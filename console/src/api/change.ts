import { type QueryKey, type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { toastDone, toastFailed } from "@/parts/toast";
import { ApiError } from "./client";

interface ChangeOptions<V, R> {
  /** What to say when it is done; nothing where the page shows it. */
  done?: (value: V, answer: R) => string;
  /** What to say above the reason when it fails; nothing where a form shows it. */
  failed?: string;
  /** The queries that are read again. */
  refresh: QueryKey;
  onDone?: (answer: R) => void;
}

/** Something that a button or a form changes on the server. */
export function useChange<V, R>(
  change: (value: V) => Promise<R>,
  options: ChangeOptions<V, R>,
): UseMutationResult<R, Error, V> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (answer, value) => {
      await client.invalidateQueries({ queryKey: options.refresh });
      if (options.done) {
        toastDone(options.done(value, answer));
      }
      options.onDone?.(answer);
    },
    onError: (error) => {
      if (options.failed) {
        toastFailed(options.failed, error);
      }
    },
  });
}

/** What a refusal says of each member of the body, by its JSON pointer without `#/`: `args/url`. */
export function fieldErrors(error: unknown): Record<string, string> {
  const problems = error instanceof ApiError ? (error.problem.errors ?? []) : [];
  return Object.fromEntries(problems.map(({ pointer, detail }) => [pointer.replace(/^#?\//, ""), detail]));
}
