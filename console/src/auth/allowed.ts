/** What a credential may be allowed, and what that means. */
export const SCOPES = [
  { value: "read", label: "read", description: "Look at tasks, logs, workers, queues, schedules and settings" },
  { value: "write", label: "write", description: "Submit and steer tasks, keep schedules, pause queues" },
  {
    value: "admin",
    label: "admin",
    description: "Settings, pools, tokens, users, clients, the audit trail; and all else",
  },
] as const;
