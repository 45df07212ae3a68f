import type { Role, Scope } from "./role.ts";

export interface Administrator {
  readonly name: string;
  readonly role: Role;
  /** argon2id, in the encoded form that names its own parameters. */
  readonly passwordHash: string;
  readonly mustChange: boolean;
  readonly createdAtMs: number;
  readonly disabledAtMs: number | null;
}

export interface AdminSession {
  /** SHA-256 of the cookie's value, hexadecimal. */
  readonly idHash: string;
  readonly administrator: string;
  readonly csrfToken: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface ApiToken {
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the token, hexadecimal. */
  readonly tokenHash: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly createdBy: string;
  readonly createdAtMs: number;
  /** Null: until it is revoked. */
  readonly expiresAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  readonly revokedAtMs: number | null;
}

/** One administrative action, after it happened. */
export interface AuditEntry {
  readonly id: number;
  readonly atMs: number;
  /** An administrator's name, `token:<name>`, or `system`. */
  readonly by: string;
  /** Such as `device.remove` or `login.failed`. */
  readonly action: string;
  /** What it was done to: an id or a name. */
  readonly subject: string;
  /** Particulars without secrets. */
  readonly details: Readonly<Record<string, unknown>>;
  readonly address: string;
}

export interface AuditQuery {
  /** 1 to 500. */
  readonly limit: number;
  /** Only entries before this id; the newest come first. */
  readonly beforeId?: number;
  readonly by?: string;
  readonly action?: string;
  readonly subject?: string;
}

/** What was answered to a request that carried an Idempotency-Key. */
export interface IdempotentAnswer {
  /** SHA-256 over who asked, method, path and key. */
  readonly key: string;
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
  readonly createdAtMs: number;
}

/**
 * Administrators, their sessions and tokens, what they did, and what they were answered. Local to
 * one gateway. [D21]
 *
 * Every implementation passes `test/gateway/access/access-store.contract.ts`.
 */
export interface AccessStore {
  /** All, by name; disabled ones too. */
  administrators(): Promise<readonly Administrator[]>;
  findAdministrator(name: string): Promise<Administrator | undefined>;
  /** Adds or replaces by name. */
  putAdministrator(administrator: Administrator): Promise<void>;
  /** Removes the administrator and every session of theirs. Unknown: no-op. */
  removeAdministrator(name: string): Promise<void>;

  addSession(session: AdminSession): Promise<void>;
  findSession(idHash: string): Promise<AdminSession | undefined>;
  /** Unknown: no-op. */
  endSession(idHash: string): Promise<void>;
  /** Ends every session of the administrator but the one named. */
  endSessionsOf(administrator: string, exceptIdHash?: string): Promise<void>;

  /** All, newest first; revoked and expired ones too. */
  tokens(): Promise<readonly ApiToken[]>;
  findToken(tokenHash: string): Promise<ApiToken | undefined>;
  /** Throws AppError "conflict" when the id is taken. */
  addToken(token: ApiToken): Promise<void>;
  /** Revoking again keeps the first time. False when there is no such token. */
  revokeToken(id: string, atMs: number): Promise<boolean>;
  touchToken(id: string, atMs: number): Promise<void>;

  appendAudit(entry: Omit<AuditEntry, "id">): Promise<void>;
  /** Newest first. */
  audit(query: AuditQuery): Promise<readonly AuditEntry[]>;

  findAnswer(key: string): Promise<IdempotentAnswer | undefined>;
  /** Replaces an answer under the same key: one that was too old to be given again. */
  keepAnswer(answer: IdempotentAnswer): Promise<void>;

  /** Forgets sessions expired at `nowMs` and answers made before `answersBeforeMs`. */
  sweep(nowMs: number, answersBeforeMs: number): Promise<void>;
}
