import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Accounts, SESSION_MS } from "../../../gateway/access/accounts.ts";
import { ApiTokens, TOKEN_NAME_LENGTH_MAX } from "../../../gateway/access/api-tokens.ts";
import { FREE_FAILURES } from "../../../gateway/access/login-backoff.ts";
import {
  checkPassword,
  PASSWORD_LENGTH_MAX,
  PASSWORD_LENGTH_MIN,
} from "../../../gateway/access/password.ts";
import type { Principal } from "../../../gateway/access/principal.ts";
import type { OutpostDatabase } from "../../../gateway/db/database.ts";
import { SqlAccessStore } from "../../../gateway/db/stores/access-store.ts";
import { cheapPasswords } from "../../harness/cheap-passwords.ts";
import { openMemory } from "../db/temporary.ts";

const PASSWORD = "correct horse battery";
let database: OutpostDatabase;
let store: SqlAccessStore;
let accounts: Accounts;
let nowMs: number;

beforeEach(async () => {
  nowMs = Date.parse("2026-11-21T12:00:00Z");
  database = await openMemory();
  store = new SqlAccessStore(database);
  accounts = new Accounts({ store, now: () => nowMs, passwords: cheapPasswords() });
});
afterEach(() => database.close());

describe("the first administrator", () => {
  test("gets a one-time password once, and has to change it", async () => {
    const password = (await accounts.ensureFirstAdministrator()) ?? "";
    expect(password).toMatch(/^[a-z2-9]{20}$/);
    expect(await accounts.ensureFirstAdministrator()).toBeUndefined();
    const { principal } = await accounts.login("admin", password, "::1");
    expect(principal).toMatchObject({ role: "admin", mustChange: true });
    await accounts.changePassword(principal, password, PASSWORD, "::1");
    expect((await accounts.login("admin", PASSWORD, "::1")).principal.mustChange).toBe(false);
    await expect(accounts.login("admin", password, "::1")).rejects.toThrow("wrong");
  });

  test("keeps a password that was given", async () => {
    expect(await accounts.ensureFirstAdministrator(PASSWORD)).toBeUndefined();
    expect((await accounts.login("admin", PASSWORD, "::1")).principal.mustChange).toBe(false);
  });

  test("cannot be given a password that is too short", async () => {
    await expect(accounts.ensureFirstAdministrator("short")).rejects.toThrow("at least 12");
  });
});

describe("sessions", () => {
  beforeEach(() => accounts.ensureFirstAdministrator(PASSWORD));

  test("last their time and not a moment longer", async () => {
    const { sessionId } = await accounts.login("admin", PASSWORD, "::1");
    nowMs += SESSION_MS - 1;
    expect(await accounts.authenticate(sessionId)).toBeDefined();
    nowMs += 1;
    expect(await accounts.authenticate(sessionId)).toBeUndefined();
  });

  test("are kept by their hash only", async () => {
    const { sessionId, principal } = await accounts.login("admin", PASSWORD, "::1");
    expect(JSON.stringify(await store.findSession(principal.session.idHash))).not.toContain(
      sessionId,
    );
    expect(await accounts.authenticate(principal.session.idHash)).toBeUndefined();
  });

  test("end with the logout, with a reset, when somebody is disabled, and when they are removed", async () => {
    await accounts.add("zoe", "operator");
    const ends: ((name: string) => Promise<unknown>)[] = [
      (name) => accounts.resetPassword(name),
      (name) => accounts.change(name, { disabled: true }),
      (name) => accounts.remove(name),
    ];
    for (const end of ends) {
      const password = await accounts.resetPassword("zoe");
      const { sessionId } = await accounts.login("zoe", password, "::1");
      expect(await accounts.authenticate(sessionId)).toBeDefined();
      await end("zoe");
      expect(await accounts.authenticate(sessionId)).toBeUndefined();
    }
    const { sessionId, principal } = await accounts.login("admin", PASSWORD, "::1");
    await accounts.logout(principal);
    expect(await accounts.authenticate(sessionId)).toBeUndefined();
  });

  test("take a changed role at once", async () => {
    const password = await accounts.add("zoe", "admin");
    const { sessionId } = await accounts.login("zoe", password, "::1");
    await accounts.change("zoe", { role: "viewer" });
    expect(await accounts.authenticate(sessionId)).toMatchObject({ role: "viewer" });
  });

  test("of others end when the password is changed; one's own stays", async () => {
    const other = await accounts.login("admin", PASSWORD, "::1");
    const own = await accounts.login("admin", PASSWORD, "::1");
    await accounts.changePassword(own.principal, PASSWORD, "another long password", "::1");
    expect(await accounts.authenticate(other.sessionId)).toBeUndefined();
    expect(await accounts.authenticate(own.sessionId)).toBeDefined();
  });
});

describe("administrators", () => {
  beforeEach(() => accounts.ensureFirstAdministrator(PASSWORD));

  test("the last active admin can neither be removed nor disabled nor made less", async () => {
    await accounts.add("zoe", "operator");
    await expect(accounts.remove("admin")).rejects.toThrow("last active admin");
    await expect(accounts.change("admin", { disabled: true })).rejects.toThrow("last active admin");
    await expect(accounts.change("admin", { role: "viewer" })).rejects.toThrow("last active admin");
    await accounts.change("zoe", { role: "admin" });
    await accounts.remove("admin");
    expect((await accounts.list()).map(({ name }) => name)).toEqual(["zoe"]);
  });

  test("names that differ only in case are one", async () => {
    await expect(accounts.add("ADMIN", "viewer")).rejects.toThrow("already");
  });

  test.each(["", "a b", "<script>", "ä", "x".repeat(64), "a\u0000b"])(
    "%p is no name",
    async (name) => {
      await expect(accounts.add(name, "viewer")).rejects.toThrow("use letters");
    },
  );

  test("a reset enables somebody again and forgives their wrong passwords", async () => {
    await accounts.add("zoe", "admin");
    await accounts.change("admin", { disabled: true });
    for (let index = 0; index < FREE_FAILURES; index++) {
      await accounts.login("admin", "wrong password", `10.0.0.${index}`).catch(() => undefined);
    }
    const password = await accounts.resetPassword("admin");
    expect((await accounts.login("admin", password, "::1")).principal.mustChange).toBe(true);
  });
});

describe("passwords", () => {
  test("have limits at both ends", async () => {
    checkPassword("x".repeat(PASSWORD_LENGTH_MIN));
    checkPassword("x".repeat(PASSWORD_LENGTH_MAX));
    expect(() => checkPassword("x".repeat(PASSWORD_LENGTH_MIN - 1))).toThrow("at least");
    expect(() => checkPassword("x".repeat(PASSWORD_LENGTH_MAX + 1))).toThrow("at most");
  });

  test("rest as argon2id with 19 MiB and two passes", async () => {
    const costly = new Accounts({ store, now: () => nowMs });
    await costly.ensureFirstAdministrator(PASSWORD);
    const [admin] = await costly.list();
    expect(admin?.passwordHash).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    // A hash says what it cost, so that another cost later locks nobody out.
    expect((await accounts.login("admin", PASSWORD, "::1")).principal.name).toBe("admin");
  });
});

describe("API tokens", () => {
  const wanted = { name: "ci", role: "operator", scopes: [], expiresAtMs: null } as const;

  test("work until they expire or are revoked, and only their hash is kept", async () => {
    const tokens = new ApiTokens(store, () => nowMs);
    const expiresAtMs = nowMs + 1000;
    const { text, token } = await tokens.issue({ ...wanted, expiresAtMs }, undefined, "cli");
    expect(text).toMatch(/^outpost_[a-z2-9]{40}$/);
    expect(JSON.stringify(await tokens.list())).not.toContain(text);
    expect(await tokens.authenticate(text)).toMatchObject({ name: "ci", role: "operator" });
    expect((await tokens.list())[0]?.lastUsedAtMs).toBe(nowMs);
    nowMs = expiresAtMs;
    expect(await tokens.authenticate(text)).toBeUndefined();
    nowMs -= 1;
    await tokens.revoke(token.id);
    await tokens.revoke(token.id);
    expect(await tokens.authenticate(text)).toBeUndefined();
    await expect(tokens.revoke("nobody")).rejects.toThrow("no token nobody");
  });

  test("never give more than their maker has", async () => {
    const tokens = new ApiTokens(store, () => nowMs);
    const maker = (role: "operator" | "admin", ...scopes: ("reports:read" | "access:write")[]) =>
      ({ kind: "token", id: "1", name: "maker", role, scopes }) satisfies Principal;
    const admin = { ...wanted, role: "admin" } as const;
    await expect(tokens.issue(admin, maker("operator"), "t")).rejects.toThrow("more than you may");
    const scoped = maker("admin", "access:write", "reports:read");
    await expect(tokens.issue(admin, scoped, "t")).rejects.toThrow("more than you may");
    const metrics = { ...admin, scopes: ["metrics:read"] } as const;
    await expect(tokens.issue(metrics, scoped, "t")).rejects.toThrow("more than you may");
    const reports = { ...admin, scopes: ["reports:read"] } as const;
    expect((await tokens.issue(reports, scoped, "t")).token.scopes).toEqual(["reports:read"]);
  });

  test("are checked before they are made", async () => {
    const tokens = new ApiTokens(store, () => nowMs);
    const issue = (change: object) => tokens.issue({ ...wanted, ...change }, undefined, "cli");
    await expect(issue({ name: " " })).rejects.toThrow("give it a name");
    await expect(issue({ name: "x".repeat(TOKEN_NAME_LENGTH_MAX + 1) })).rejects.toThrow(
      "at most 64",
    );
    await expect(issue({ expiresAtMs: nowMs })).rejects.toThrow("still to come");
    await expect(issue({ scopes: ["audit:read"] })).rejects.toThrow(
      "operator may not do audit:read",
    );
  });

  test.each(["", "outpost_", "Bearer x", `outpost_${"a".repeat(40)}`, `outpost_${"é".repeat(40)}`])(
    "%p is nobody's",
    async (text) => {
      const tokens = new ApiTokens(store, () => nowMs);
      expect(await tokens.authenticate(text)).toBeUndefined();
    },
  );
});
