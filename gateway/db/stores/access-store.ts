import { and, asc, desc, eq, lt, lte, ne, type SQL, sql } from "drizzle-orm";
import { AppError } from "../../../devices/model/errors.ts";
import type {
  AccessStore,
  Administrator,
  AdminSession,
  ApiToken,
  AuditEntry,
  AuditQuery,
  IdempotentAnswer,
} from "../../access/access-store.ts";
import { parseRole, type Role, type Scope } from "../../access/role.ts";
import type { Db } from "../drizzle.ts";
import {
  administrators,
  adminSessions,
  apiTokens,
  auditLog,
  idempotentAnswers,
} from "../schema/access.ts";

const SESSION = {
  idHash: adminSessions.idHash,
  administrator: adminSessions.administrator,
  csrfToken: adminSessions.csrfToken,
  createdAtMs: adminSessions.createdAtMs,
  expiresAtMs: adminSessions.expiresAtMs,
};
const ANSWER = {
  key: idempotentAnswers.key,
  requestHash: idempotentAnswers.requestHash,
  status: idempotentAnswers.status,
  body: idempotentAnswers.body,
  createdAtMs: idempotentAnswers.createdAtMs,
};

/** `AccessStore` kept in libSQL. Every write is on the disk when its promise resolves. */
export class SqlAccessStore implements AccessStore {
  readonly #db: Db;

  constructor(db: Db) {
    this.#db = db;
  }

  async administrators(): Promise<readonly Administrator[]> {
    const rows = this.#db.select().from(administrators).orderBy(asc(administrators.name)).all();
    return rows.map(administratorFrom);
  }

  async findAdministrator(name: string): Promise<Administrator | undefined> {
    const [row] = this.#db.select().from(administrators).where(eq(administrators.name, name)).all();
    return row && administratorFrom(row);
  }

  async putAdministrator(administrator: Administrator): Promise<void> {
    const { name: _, ...rest } = administrator;
    this.#db
      .insert(administrators)
      .values(administrator)
      .onConflictDoUpdate({ target: administrators.name, set: rest })
      .run();
  }

  async removeAdministrator(name: string): Promise<void> {
    this.#db.transaction((tx) => {
      tx.delete(adminSessions).where(eq(adminSessions.administrator, name)).run();
      tx.delete(administrators).where(eq(administrators.name, name)).run();
    });
  }

  async addSession(session: AdminSession): Promise<void> {
    this.#db.insert(adminSessions).values(session).run();
  }

  async findSession(idHash: string): Promise<AdminSession | undefined> {
    const where = eq(adminSessions.idHash, idHash);
    const [row] = this.#db.select(SESSION).from(adminSessions).where(where).all();
    return row;
  }

  async endSession(idHash: string): Promise<void> {
    this.#db.delete(adminSessions).where(eq(adminSessions.idHash, idHash)).run();
  }

  async endSessionsOf(administrator: string, exceptIdHash = ""): Promise<void> {
    const isTheirs = eq(adminSessions.administrator, administrator);
    this.#db
      .delete(adminSessions)
      .where(and(isTheirs, ne(adminSessions.idHash, exceptIdHash)))
      .run();
  }

  async tokens(): Promise<readonly ApiToken[]> {
    const order = [desc(apiTokens.createdAtMs), desc(apiTokens.id)];
    return this.#db
      .select()
      .from(apiTokens)
      .orderBy(...order)
      .all()
      .map(tokenFrom);
  }

  async findToken(tokenHash: string): Promise<ApiToken | undefined> {
    const where = eq(apiTokens.tokenHash, tokenHash);
    const [row] = this.#db.select().from(apiTokens).where(where).all();
    return row && tokenFrom(row);
  }

  async addToken(token: ApiToken): Promise<void> {
    const added = this.#db
      .insert(apiTokens)
      .values({ ...token, scopes: token.scopes.join(" ") })
      .onConflictDoNothing()
      .run();
    if (added.changes === 0) throw new AppError("conflict", `there is a token ${token.id} already`);
  }

  async revokeToken(id: string, atMs: number): Promise<boolean> {
    const revoked = this.#db
      .update(apiTokens)
      .set({ revokedAtMs: sql`coalesce(${apiTokens.revokedAtMs}, ${atMs})` })
      .where(eq(apiTokens.id, id))
      .run();
    return revoked.changes > 0;
  }

  async touchToken(id: string, atMs: number): Promise<void> {
    this.#db.update(apiTokens).set({ lastUsedAtMs: atMs }).where(eq(apiTokens.id, id)).run();
  }

  async appendAudit(entry: Omit<AuditEntry, "id">): Promise<void> {
    this.#db
      .insert(auditLog)
      .values({ ...entry, details: JSON.stringify(entry.details) })
      .run();
  }

  async audit(query: AuditQuery): Promise<readonly AuditEntry[]> {
    const conditions: SQL[] = [];
    if (query.beforeId !== undefined) conditions.push(lt(auditLog.id, query.beforeId));
    if (query.by !== undefined) conditions.push(eq(auditLog.by, query.by));
    if (query.action !== undefined) conditions.push(eq(auditLog.action, query.action));
    if (query.subject !== undefined) conditions.push(eq(auditLog.subject, query.subject));
    const rows = this.#db
      .select()
      .from(auditLog)
      .where(and(...conditions))
      .orderBy(desc(auditLog.id))
      .limit(query.limit)
      .all();
    return rows.map((row) => ({ ...row, details: JSON.parse(row.details) }));
  }

  async findAnswer(key: string): Promise<IdempotentAnswer | undefined> {
    const where = eq(idempotentAnswers.key, key);
    const [row] = this.#db.select(ANSWER).from(idempotentAnswers).where(where).all();
    return row;
  }

  async keepAnswer(answer: IdempotentAnswer): Promise<void> {
    this.#db.insert(idempotentAnswers).values(answer).onConflictDoNothing().run();
  }

  async sweep(nowMs: number, answersBeforeMs: number): Promise<void> {
    this.#db.transaction((tx) => {
      tx.delete(adminSessions).where(lte(adminSessions.expiresAtMs, nowMs)).run();
      const isOld = lt(idempotentAnswers.createdAtMs, answersBeforeMs);
      tx.delete(idempotentAnswers).where(isOld).run();
    });
  }
}

function administratorFrom(row: typeof administrators.$inferSelect): Administrator {
  return { ...row, role: roleFrom(row.role) };
}

function tokenFrom(row: typeof apiTokens.$inferSelect): ApiToken {
  return { ...row, role: roleFrom(row.role), scopes: scopesFrom(row.scopes) };
}

/** A role this version does not know may do the least. */
function roleFrom(text: string): Role {
  return parseRole(text) ?? "viewer";
}

/** One this version does not know stays in the list and allows nothing: an empty list allows all. */
function scopesFrom(text: string): readonly Scope[] {
  return text.split(" ").filter((scope) => scope !== "") as Scope[];
}
