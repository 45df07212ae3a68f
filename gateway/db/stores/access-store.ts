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
import type { OutpostDatabase } from "../database.ts";
import type { Db } from "../drizzle.ts";
import type { GroupWriter } from "../group-writer.ts";
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
  readonly #writer: GroupWriter;

  constructor({ db, writer }: Pick<OutpostDatabase, "db" | "writer">) {
    this.#db = db;
    this.#writer = writer;
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
    const target = administrators.name;
    await this.#writer.submit((db) =>
      db
        .insert(administrators)
        .values(administrator)
        .onConflictDoUpdate({ target, set: rest })
        .run(),
    );
  }

  async removeAdministrator(name: string): Promise<void> {
    await this.#writer.submit((db) => {
      db.delete(adminSessions).where(eq(adminSessions.administrator, name)).run();
      db.delete(administrators).where(eq(administrators.name, name)).run();
    });
  }

  async addSession(session: AdminSession): Promise<void> {
    await this.#writer.submit((db) => db.insert(adminSessions).values(session).run());
  }

  async findSession(idHash: string): Promise<AdminSession | undefined> {
    const where = eq(adminSessions.idHash, idHash);
    const [row] = this.#db.select(SESSION).from(adminSessions).where(where).all();
    return row;
  }

  async endSession(idHash: string): Promise<void> {
    const isIt = eq(adminSessions.idHash, idHash);
    await this.#writer.submit((db) => db.delete(adminSessions).where(isIt).run());
  }

  async endSessionsOf(administrator: string, exceptIdHash = ""): Promise<void> {
    const isTheirs = eq(adminSessions.administrator, administrator);
    const where = and(isTheirs, ne(adminSessions.idHash, exceptIdHash));
    await this.#writer.submit((db) => db.delete(adminSessions).where(where).run());
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
    const row = { ...token, scopes: token.scopes.join(" ") };
    const added = await this.#writer.submit((db) =>
      db.insert(apiTokens).values(row).onConflictDoNothing().run(),
    );
    if (added.changes === 0) throw new AppError("conflict", `there is a token ${token.id} already`);
  }

  async revokeToken(id: string, atMs: number): Promise<boolean> {
    const revokedAtMs = sql`coalesce(${apiTokens.revokedAtMs}, ${atMs})`;
    const revoked = await this.#writer.submit((db) =>
      db.update(apiTokens).set({ revokedAtMs }).where(eq(apiTokens.id, id)).run(),
    );
    return revoked.changes > 0;
  }

  async touchToken(id: string, atMs: number): Promise<void> {
    await this.#writer.submit((db) =>
      db.update(apiTokens).set({ lastUsedAtMs: atMs }).where(eq(apiTokens.id, id)).run(),
    );
  }

  async appendAudit(entry: Omit<AuditEntry, "id">): Promise<void> {
    const row = { ...entry, details: JSON.stringify(entry.details) };
    await this.#writer.submit((db) => db.insert(auditLog).values(row).run());
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
    const { key: _, ...rest } = answer;
    const target = idempotentAnswers.key;
    await this.#writer.submit((db) =>
      db.insert(idempotentAnswers).values(answer).onConflictDoUpdate({ target, set: rest }).run(),
    );
  }

  async sweep(nowMs: number, answersBeforeMs: number): Promise<void> {
    await this.#writer.submit((db) => {
      db.delete(adminSessions).where(lte(adminSessions.expiresAtMs, nowMs)).run();
      const isOld = lt(idempotentAnswers.createdAtMs, answersBeforeMs);
      db.delete(idempotentAnswers).where(isOld).run();
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
