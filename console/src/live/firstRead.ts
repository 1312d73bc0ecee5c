import type { QueryClient, QueryKey } from "@tanstack/react-query";

/**
 * Reads queries again whose first answer is still under way, once it is there: it may be older than what was heard since.
 *
 * A first read is not begun anew by `invalidateQueries`, which only waits for it.
 */
export async function readAgainAfterFirst(client: QueryClient, queryKey: QueryKey): Promise<void> {
  const isFirst = client.isFetching({ queryKey, predicate: (query) => query.state.data === undefined }) > 0;
  if (isFirst) {
    await client.invalidateQueries({ queryKey });
    await client.invalidateQueries({ queryKey });
  }
}
