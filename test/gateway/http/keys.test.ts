import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { SqlSiteLinkStore } from "../../../gateway/db/stores/site-link-store.ts";
import { ApiHarness } from "./api-harness.ts";
import { jsonOf } from "./scenario-kit.ts";

let harness: ApiHarness;
let admin: Record<string, string>;
beforeEach(async () => {
  harness = await ApiHarness.open();
  admin = await harness.token("admin");
});
afterEach(() => harness[Symbol.asyncDispose]());

const get = async () => jsonOf(await harness.ask("GET", "/keys", { headers: admin }));
const rotate = async (json: unknown) =>
  harness.ask("POST", "/keys/rotate", { headers: admin, json });
const audited = async () => {
  const entries = await harness.deps.audit.list({ limit: 10 });
  return entries
    .filter(({ action }) => action === "keys.rotate")
    .map(({ details, subject }): Record<string, unknown> => ({ subject, ...details }))
    .reverse();
};

describe("a site's own keys", () => {
  test("are shown by fingerprint and time, never themselves", async () => {
    const shown = await get();
    expect(shown).toEqual({
      hubKeys: {
        fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
        since: null,
        next: null,
        problem: null,
      },
      deviceLinks: { since: null, former: [] },
    });
    await rotate({});
    const text = JSON.stringify([await get(), await audited()]);
    const stored = harness.database.connection
      .prepare("SELECT value FROM \"values\" WHERE name LIKE 'identity/%'")
      .rows()
      .join("\n");
    const secrets = stored.match(/"(?:signingPrivate|sealingPrivate|current|key)":"[^"]+"/g) ?? [];
    expect(secrets.length).toBeGreaterThan(3);
    for (const secret of secrets) {
      const [, value = "none"] = /":"([^"]+)"/.exec(secret) ?? [];
      expect(text).not.toContain(value);
    }
  });

  test("new ones: the hub's wait until it knows them, the links' hold at once; both are in the audit log", async () => {
    const before = await get();
    const answer = await rotate({});
    expect(answer.status).toBe(200);
    const after = await jsonOf(answer);
    expect(after.hubKeys.fingerprint).toBe(before.hubKeys.fingerprint);
    expect(after.hubKeys.next.fingerprint).not.toBe(before.hubKeys.fingerprint);
    expect(after.deviceLinks.since).not.toBeNull();
    expect(after.deviceLinks.former).toHaveLength(1);
    expect(await audited()).toEqual([
      { subject: "hub-keys", outcome: "waits", fingerprint: after.hubKeys.next.fingerprint },
      { subject: "device-links", formerLinksHours: 168 },
    ]);
    const again = await jsonOf(await rotate({ what: ["hub-keys"] }));
    expect(again.hubKeys.next).toEqual(after.hubKeys.next);
    expect((await audited()).at(-1)).toMatchObject({ outcome: "under-way" });
  });

  test("one kind alone, with the time that former links stay good", async () => {
    const shown = await jsonOf(await rotate({ what: ["device-links"], formerLinksHours: 0 }));
    expect(shown.hubKeys.next).toBeNull();
    expect(shown.deviceLinks).toMatchObject({ former: [] });
    const day = await jsonOf(await rotate({ what: ["device-links"], formerLinksHours: 24 }));
    const [former] = day.deviceLinks.former;
    expect(Date.parse(former.until) - Date.parse(day.deviceLinks.since)).toBe(24 * 3_600_000);
  });

  test.each([
    [{ what: [] }, "/what"],
    [{ what: ["everything"] }, "/what/0"],
    [{ formerLinksHours: 169 }, "/formerLinksHours"],
    [{ formerLinksHours: -1 }, "/formerLinksHours"],
    [{ formerLinkHours: 5 }, "/formerLinkHours"],
  ])("%p is refused at %s and changes nothing", async (json, pointer) => {
    const before = await get();
    const answer = await rotate(json);
    expect(answer.status).toBe(422);
    expect((await jsonOf(answer)).errors[0].pointer).toBe(pointer);
    expect(await get()).toEqual(before);
  });

  test("too often is a conflict that says what to do, and the site's store has what holds", async () => {
    for (let time = 0; time < 8; time++) await rotate({ what: ["device-links"] });
    const refused = await rotate({ what: ["device-links"] });
    expect(refused.status).toBe(409);
    expect((await jsonOf(refused)).detail).toContain("0 hours");
    const store = new SqlSiteLinkStore(harness.database, "prague" as never);
    expect((await store.keyring())?.next).toBeNull();
  });

  test("a hub has none of these: its sites have", async () => {
    await using hub = await ApiHarness.open({ role: "hub" });
    const headers = await hub.token("admin");
    expect((await hub.ask("GET", "/keys", { headers })).status).toBe(404);
  });
});
