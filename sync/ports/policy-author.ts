/**
 * How administrators' decisions become policy, at a site and at the hub alike.
 *
 * The gateway's own document (`policy/org` at the hub, `policy/site/<site>` at a site) is changed,
 * validated and projected into SQL in one transaction; then readers see the new policy. [D17]
 */
export const POLICY_KINDS = [
  "package",
  "revision",
  "distribution",
  "window",
  "group",
  "setting",
] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];

export interface PolicyChange {
  readonly kind: PolicyKind;
  /** The record's id; for a group its name, for a setting its name. */
  readonly id: string;
  /** The whole record as its type in devices/model says, or only the fields to change; null deletes. */
  readonly body: Readonly<Record<string, unknown>> | null;
}

export interface PolicyAuthor {
  /** All changes or none. Throws AppError "unprocessable" when a record would not be valid. */
  write(changes: readonly PolicyChange[], by: string): Promise<void>;
}
