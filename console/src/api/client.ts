import createClient from "openapi-fetch";
import type { paths } from "./schema";
import type { Problem } from "./types";

/** Where the console is, with a trailing slash: `/console/`, or below a proxy's prefix. */
export const CONSOLE_PATH = new URL(document.baseURI).pathname;

/** What stands before `/v1` in addresses: nothing, or a proxy's prefix. */
export const API_PREFIX = CONSOLE_PATH.replace(/\/console\/$/, "");

const CSRF_COOKIE = "taskward_csrf";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** An answer that is not a success, or none at all (`status` 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Problem,
  ) {
    super(problem.detail || problem.title);
  }
}

export const api = createClient<paths>({
  baseUrl: API_PREFIX,
  querySerializer: { array: { style: "form", explode: true } },
});

api.use({
  onRequest({ request }) {
    const token = cookie(CSRF_COOKIE);
    if (token && !SAFE.has(request.method)) {
      request.headers.set("X-CSRF-Token", token);
    }
  },
  onError() {
    return new ApiError(0, {
      type: "about:blank",
      title: "The server cannot be reached",
      status: 0,
      detail: "The server cannot be reached. What is shown may be old.",
    });
  },
});

/** The body of a successful answer. Throws `ApiError` otherwise. */
export async function body<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (error !== undefined || !response.ok) {
    throw new ApiError(response.status, problemOf(error, response));
  }
  return data as T;
}

function problemOf(error: unknown, response: Response): Problem {
  if (typeof error === "object" && error !== null && "title" in error) {
    return error as Problem;
  }
  const title = response.statusText || `The server answered ${response.status}`;
  return { type: "about:blank", title, status: response.status, detail: typeof error === "string" ? error : "" };
}

function cookie(name: string): string | undefined {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}
