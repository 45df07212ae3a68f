import { describe, expect, test } from "bun:test";
import type { PolicyRecord, PolicyStore, PolicyWrite } from "../../../sync/ports/policy-store.ts";

type Open = () => Promise<{ readonly store: PolicyStore; readonly close: () => Promise<void> }>;

const NOTHING: PolicyWrite = { documents: [], put: [], removed: [], secrets: [] };
const RECORD: PolicyRecord = {
  kind: "window",
  id: "nightly",
  origin: "policy/org",
  body: '{"name":"Nightly 名"}',
  quarantine: null,
  updatedAtMs: 5,
};

/** What every PolicyStore must do. */
export function policyStoreContract(name: string, open: Open): void {
  const withStore = (title: string, body: (store: PolicyStore) => Promise<void>) =>
    test(title, async () => {
      const { store, close } = await open();
      try {
        await body(store);
      } finally {
        await close();
      }
    });

  describe(`PolicyStore contract: ${name}`, () => {
    withStore("begins with nothing", async (store) => {
      expect(await store.load()).toEqual({ documents: [], records: [], secrets: new Map() });
    });

    withStore("keeps documents as state and tail, in order", async (store) => {
      const at = { atMs: 1, name: "policy/org" };
      const [one, two, three] = [1, 2, 3].map((byte) => new Uint8Array([byte, 0, 255]));
      if (!one || !two || !three) throw new Error("no bytes");
      await store.commit({
        ...NOTHING,
        documents: [{ kind: "append", update: one, version: 1, ...at }],
      });
      await store.commit({
        ...NOTHING,
        documents: [{ kind: "append", update: two, version: 2, ...at }],
      });
      const tail = { name: "policy/org", state: new Uint8Array(), tail: [one, two], version: 2 };
      expect((await store.load()).documents).toEqual([tail]);
      await store.commit({
        ...NOTHING,
        documents: [{ kind: "replace", state: three, version: 3, ...at }],
      });
      const whole = { name: "policy/org", state: three, tail: [], version: 3 };
      expect((await store.load()).documents).toEqual([whole]);
    });

    withStore("puts records by kind and id, and removes them", async (store) => {
      await store.commit({ ...NOTHING, put: [RECORD, { ...RECORD, kind: "group" }] });
      const changed = { ...RECORD, body: "{}", quarantine: "no name", updatedAtMs: 6 };
      await store.commit({
        ...NOTHING,
        put: [changed],
        removed: [{ kind: "group", id: "nightly" }],
      });
      expect((await store.load()).records).toEqual([changed]);
      await store.commit({ ...NOTHING, removed: [{ kind: "group", id: "nightly" }] });
      expect((await store.load()).records).toEqual([changed]);
    });

    withStore("keeps secrets by name and forgets them", async (store) => {
      const name = "setting/enterprise/enrollmentToken";
      await store.commit({ ...NOTHING, secrets: [{ name, value: "token" }] });
      expect([...(await store.load()).secrets]).toEqual([[name, "token"]]);
      await store.commit({ ...NOTHING, secrets: [{ name, value: null }] });
      expect((await store.load()).secrets.size).toBe(0);
    });
  });
}
