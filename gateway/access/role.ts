/**
 * Who may do what: three roles for people, scopes for what a token may do at most. A scope names one
 * kind of doing; the table says which role is needed for it.
 */
export const ROLES = ["viewer", "operator", "admin"] as const;
/** Each role may do all that the ones before it may. */
export type Role = (typeof ROLES)[number];

/** The least role that each scope needs. */
export const SCOPES = {
  /** Reports, lists, histories, devices, policy, link state. Never secrets. */
  "reports:read": "viewer",
  /** The metrics of the process. */
  "metrics:read": "viewer",
  /** Register, change and remove devices, rotate their secrets, enrolment codes, knocks. */
  "devices:write": "operator",
  /** What was said in sessions of devices, message by message. Without secrets, but not without names. */
  "sessions:read": "operator",
  /** Report facts about devices. [D13] */
  "facts:write": "operator",
  /** Request and retry installations. */
  "installations:write": "operator",
  /** Manage devices through their virtual tree: enrol, install, remove. It reads what was pushed. */
  "csp:write": "operator",
  /** Files, packages, distributions, windows and groups. */
  "policy:write": "operator",
  /** What administrators did. */
  "audit:read": "admin",
  /** Administrators and API tokens. */
  "access:write": "admin",
  /** Settings of the gateway and of enterprise enrolment, and its keys. */
  "settings:write": "admin",
  /** Backups of the running gateway, on its own disk: for a job that does nothing else. */
  "backups:write": "admin",
  /** At the hub: join codes, revoking sites. */
  "sites:write": "admin",
} as const satisfies Readonly<Record<string, Role>>;

export type Scope = keyof typeof SCOPES;
export const SCOPE_NAMES = Object.keys(SCOPES).filter(isScope);

export function parseRole(text: string): Role | undefined {
  return ROLES.find((role) => role === text);
}

export function isScope(text: string): text is Scope {
  return Object.hasOwn(SCOPES, text);
}

/** True when `role` may do what `needed` may. */
export function isAtLeast(role: Role, needed: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(needed);
}
