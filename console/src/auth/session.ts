import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { ApiError, api, body } from "@/api/client";
import { beginSession, forgetSession, SESSION_KEY } from "@/api/queries";
import type { Who } from "@/api/types";

export type Scope = "read" | "write" | "admin";

const SESSION = {
  queryKey: SESSION_KEY,
  /** Null when nobody has signed in. */
  async queryFn(): Promise<Who | null> {
    try {
      return await body(api.GET("/v1/session"));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) {
        return null;
      }
      throw error;
    }
  },
  staleTime: Number.POSITIVE_INFINITY,
};

/** Who has signed in, while that is being found out too. */
export function useSession() {
  return useQuery(SESSION);
}

/** Who has signed in; for what is shown to those alone. */
export function useWho(): Who {
  const { data } = useSuspenseQuery(SESSION);
  if (data === null) {
    throw new Error("shown to somebody who has not signed in");
  }
  return data;
}

/** Whether the caller may do what needs this scope. The server decides; this only spares people a refusal. */
export function useMay(scope: Scope): boolean {
  return useWho().scopes.includes(scope);
}

export async function signIn(credential: { user: string; password: string } | { token: string }): Promise<void> {
  beginSession(await body(api.POST("/v1/session", { body: credential })));
}

export async function signOut(): Promise<void> {
  await body(api.DELETE("/v1/session"));
  forgetSession();
}
