/**
 * The status codes of OMA DM 1.2: name and what they mean for the command they answer.
 *
 * `open`: the command is not finished, another Status follows. `done`: it was carried out or taken
 * over (which is no proof that an app is installed). `not-run`: nothing happened, and nothing is
 * wrong with the command itself. `credentials`: a challenge. `failed`: it was refused or broke.
 */
export type StatusKind = "open" | "done" | "not-run" | "credentials" | "failed";

export interface StatusRule {
  readonly name: string;
  readonly kind: StatusKind;
}

export const STATUSES: Readonly<Record<number, StatusRule>> = {
  101: { name: "In progress", kind: "open" },
  200: { name: "OK", kind: "done" },
  202: { name: "Accepted for processing", kind: "done" },
  212: { name: "Authentication accepted", kind: "done" },
  213: { name: "Chunked item accepted", kind: "done" },
  214: { name: "Operation cancelled", kind: "not-run" },
  215: { name: "Not executed", kind: "not-run" },
  216: { name: "Atomic roll back OK", kind: "not-run" },
  304: { name: "Not modified", kind: "not-run" },
  400: { name: "Bad request", kind: "failed" },
  401: { name: "Invalid credentials", kind: "credentials" },
  403: { name: "Forbidden", kind: "failed" },
  404: { name: "Not found", kind: "failed" },
  405: { name: "Command not allowed", kind: "failed" },
  406: { name: "Optional feature not supported", kind: "failed" },
  407: { name: "Missing credentials", kind: "credentials" },
  408: { name: "Request timeout", kind: "failed" },
  409: { name: "Conflict", kind: "failed" },
  410: { name: "Gone", kind: "failed" },
  412: { name: "Incomplete command", kind: "failed" },
  413: { name: "Request entity too large", kind: "failed" },
  414: { name: "URI too long", kind: "failed" },
  415: { name: "Unsupported media type or format", kind: "failed" },
  416: { name: "Requested size too big", kind: "failed" },
  418: { name: "Already exists", kind: "failed" },
  420: { name: "Device full", kind: "failed" },
  424: { name: "Size mismatch", kind: "failed" },
  425: { name: "Permission denied", kind: "failed" },
  500: { name: "Command failed", kind: "failed" },
  501: { name: "Command not implemented", kind: "failed" },
  505: { name: "DTD version not supported", kind: "failed" },
  506: { name: "Processing error", kind: "failed" },
  507: { name: "Atomic failed", kind: "failed" },
  510: { name: "Data store failure", kind: "failed" },
  511: { name: "Server failure", kind: "failed" },
  513: { name: "Protocol version not supported", kind: "failed" },
  516: { name: "Atomic roll back failed", kind: "failed" },
  517: { name: "Atomic response too large to fit", kind: "failed" },
};

/** The kind of any code: an unlisted one counts by its hundreds. [syncml 3.6] */
export function statusKind(code: number): StatusKind {
  const rule = STATUSES[code];
  if (rule !== undefined) return rule.kind;
  if (code >= 100 && code < 200) return "open";
  if (code >= 200 && code < 300) return "done";
  return "failed";
}

export function isSuccess(code: number): boolean {
  return statusKind(code) === "done";
}

/** Such as `418 Already exists`, for people. */
export function describeStatus(code: number): string {
  const rule = STATUSES[code];
  return rule === undefined ? String(code) : `${code} ${rule.name}`;
}
