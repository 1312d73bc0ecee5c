/** What a user can be, and what that allows. */
export const ROLES = [
  { value: "viewer", description: "looks at everything, changes nothing" },
  { value: "operator", description: "submits and steers tasks, keeps schedules, pauses queues" },
  { value: "admin", description: "also settings, pools, tokens, users and clients" },
] as const;

/** The role whose scopes these are. */
export function roleOf(scopes: readonly string[]): string {
  return scopes.includes("admin") ? "admin" : scopes.includes("write") ? "operator" : "viewer";
}
