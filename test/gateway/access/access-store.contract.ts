import { describe, expect, test } from "bun:test";
import type { AccessStore, Administrator, ApiToken } from "../../../gateway/access/access-store.ts";

type OpenStore = () => Promise<{ store: AccessStore; close: () => Promise<void> }>;

/** What every AccessStore must do. */
export function accessStoreContract(name: string, open: OpenStore): void {
  const withStore = (title: string, body: (store: AccessStore) => Promise<void>) =>
    test(title, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  describe(`AccessStore contract: ${name}`, () => {
    withStore("administrators are listed by name, and replaced by name", async (store) => {
      await store.putAdministrator(administrator("zoe"));
      await store.putAdministrator(administrator("adam"));
      await store.putAdministrator({ ...administrator("zoe"), role: "viewer", mustChange: true });
      const [first, second, ...rest] = await store.administrators();
      expect([first?.name, second?.name, rest.length]).toEqual(["adam", "zoe", 0]);
      expect(await store.findAdministrator("zoe")).toEqual({
        ...administrator("zoe"),
        role: "viewer",
        mustChange: true,
      });
      expect(await store.findAdministrator("Zoe")).toBeUndefined();
    });

    withStore("removing an administrator ends their sessions only", async (store) => {
      await store.putAdministrator(administrator("adam"));
      await store.addSession(session("a", "adam"));
      await store.addSession(session("z", "zoe"));
      await store.removeAdministrator("adam");
      await store.removeAdministrator("adam");
      expect(await store.findSession("a")).toBeUndefined();
      expect(await store.findSession("z")).toEqual(session("z", "zoe"));
    });

    withStore("all sessions of somebody end but the one named", async (store) => {
      for (const id of ["a", "b", "c"]) await store.addSession(session(id, "adam"));
      await store.addSession(session("z", "zoe"));
      await store.endSessionsOf("adam", "b");
      const left = await Promise.all(["a", "b", "c", "z"].map((id) => store.findSession(id)));
      expect(left.map((one) => one?.idHash)).toEqual([undefined, "b", undefined, "z"]);
      await store.endSession("b");
      await store.endSession("b");
      expect(await store.findSession("b")).toBeUndefined();
    });

    withStore(
      "tokens are found by their hash, revoked once, and keep their scopes",
      async (store) => {
        await store.addToken(token("1", ["facts:write", "metrics:read"]));
        await store.addToken(token("2", []));
        expect(await store.findToken("hash-1")).toEqual(
          token("1", ["facts:write", "metrics:read"]),
        );
        expect((await store.tokens()).map(({ id }) => id)).toEqual(["2", "1"]);
        expect(await store.revokeToken("1", 50)).toBe(true);
        expect(await store.revokeToken("1", 60)).toBe(true);
        expect(await store.revokeToken("3", 60)).toBe(false);
        await store.touchToken("1", 70);
        expect(await store.findToken("hash-1")).toMatchObject({
          revokedAtMs: 50,
          lastUsedAtMs: 70,
        });
        await expect(store.addToken(token("1", []))).rejects.toThrow("already");
      },
    );

    withStore(
      "the audit log is read from its end, page by page, by what is asked",
      async (store) => {
        for (let index = 0; index < 5; index++) {
          await store.appendAudit({
            atMs: index,
            by: index % 2 === 0 ? "adam" : "zoe",
            action: "device.remove",
            subject: `d${index}`,
            details: { index, text: "'); DROP TABLE audit_log;--" },
            address: "::1",
          });
        }
        const page = await store.audit({ limit: 2 });
        expect(page.map(({ subject }) => subject)).toEqual(["d4", "d3"]);
        const beforeId = page[1]?.id ?? 0;
        const next = await store.audit({ limit: 9, beforeId });
        expect(next.map(({ subject }) => subject)).toEqual(["d2", "d1", "d0"]);
        const byZoe = await store.audit({ limit: 9, by: "zoe" });
        expect(byZoe.map(({ subject }) => subject)).toEqual(["d3", "d1"]);
        expect(await store.audit({ limit: 9, action: "login" })).toEqual([]);
        expect((await store.audit({ limit: 1, subject: "d2" }))[0]?.details).toMatchObject({
          index: 2,
        });
      },
    );

    withStore(
      "an answer replaces an older one under its key, and old ones are swept",
      async (store) => {
        const answer = { key: "k", requestHash: "r", status: 200, body: "{}", createdAtMs: 10 };
        await store.keepAnswer(answer);
        await store.keepAnswer({ ...answer, status: 201, createdAtMs: 20 });
        expect(await store.findAnswer("k")).toEqual({ ...answer, status: 201, createdAtMs: 20 });
        await store.sweep(0, 20);
        expect(await store.findAnswer("k")).toBeDefined();
        await store.sweep(0, 21);
        expect(await store.findAnswer("k")).toBeUndefined();
      },
    );

    withStore("sessions are swept at the moment they expire", async (store) => {
      await store.addSession(session("a", "adam"));
      await store.sweep(99, 0);
      expect(await store.findSession("a")).toBeDefined();
      await store.sweep(100, 0);
      expect(await store.findSession("a")).toBeUndefined();
    });
  });
}

function administrator(name: string): Administrator {
  return {
    name,
    role: "admin",
    passwordHash: `$argon2id$${name}`,
    mustChange: false,
    createdAtMs: 1,
    disabledAtMs: null,
  };
}

function session(idHash: string, name: string) {
  return { idHash, administrator: name, csrfToken: "csrf", createdAtMs: 1, expiresAtMs: 100 };
}

function token(id: string, scopes: ApiToken["scopes"]): ApiToken {
  return {
    id,
    name: `token ${id}`,
    tokenHash: `hash-${id}`,
    role: "operator",
    scopes,
    createdBy: "adam",
    createdAtMs: Number(id),
    expiresAtMs: null,
    lastUsedAtMs: null,
    revokedAtMs: null,
  };
}
