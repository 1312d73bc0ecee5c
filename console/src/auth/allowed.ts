/** What a credential may be allowed, and what that means. */
export const SCOPES = [
  { value: "read", label: "read", description: "Look at tasks, logs, workers, queues, schedules and settings" },
  { value: "write", label: "write", description: "Submit and steer tasks, keep schedules, pause queues" },
  {
    value: "admin",
    label: "admin",
    description: "Settings, pools, tokens, users, clients, the audit trail; and all else",
  },
  { value: "job", label: "job", description: "Dragonfly's Open API alone: its jobs" },
  { value: "cluster", label: "cluster", description: "Dragonfly's Open API alone: its clusters" },
] as const;
