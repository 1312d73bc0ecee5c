import type { FilterField } from "@/filters/fields";

const INSTANT = "2030-01-31T09:30:00Z";

/** What the trail can be filtered by, as `GET /v1/audit` has it. */
export const AUDIT_FIELDS: readonly FilterField[] = [
  { name: "principal", description: "By the token, client or user of this name" },
  { name: "text", description: "With this text in the path" },
  { name: "since", description: "Then or later", example: INSTANT },
  { name: "before", description: "Earlier", example: INSTANT },
];
