import { describe, expect, test } from "bun:test";
import { newSiteKeys, parsePublicKey } from "../../../sync/crypto/keys.ts";
import { open, seal } from "../../../sync/crypto/seal.ts";
import { loadDocument } from "../../../sync/documents/stored.ts";
import { ORG_DOCUMENT, readPolicy } from "../../../sync/policy/policy-document.ts";
import { type Desk, down, formerNames, hubDesk, PRAGUE_KEYS, siteDesk, up } from "./books.ts";

const TOKEN = "PEFFVD5zZWNyZXQgdG9rZW48L0FFVD4=";
const BRNO_KEYS = newSiteKeys();
const PRAGUE = { site: "prague", sealingKey: PRAGUE_KEYS.sealingPublic };
const BRNO = { site: "brno", sealingKey: BRNO_KEYS.sealingPublic };

describe("a secret of the policy", () => {
  test("[7.6] reads at every site it is for, and rests in clear only in the hub's own values", async () => {
    const hub = await hubDesk(() => [PRAGUE, BRNO]);
    const [prague, brno] = [await siteDesk("prague"), await siteDesk("brno", BRNO_KEYS)];
    await setToken(hub, TOKEN);
    await down(hub, prague);
    await down(hub, brno);
    for (const desk of [hub, prague, brno]) {
      expect(desk.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
      expect(textOf(desk.disk.documents)).not.toContain(TOKEN);
      expect(textOf(desk.disk.records)).not.toContain(TOKEN);
    }
    expect([...hub.disk.secrets.values()]).toEqual([TOKEN]);
    expect(prague.disk.secrets.size).toBe(0);
  });

  test("[7.6] is not readable for a site that joined later until it is sealed again, nor for a stranger", async () => {
    const recipients = [PRAGUE];
    const hub = await hubDesk(() => recipients);
    const brno = await siteDesk("brno", BRNO_KEYS);
    await setToken(hub, TOKEN);
    await down(hub, brno);
    expect(brno.holder.read().enterprise.enrollmentToken).toBeNull();
    recipients.push(BRNO);
    await hub.book.resealSecrets();
    await down(hub, brno);
    expect(brno.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
    const stranger = await siteDesk("brno", newSiteKeys());
    await down(hub, stranger);
    expect(stranger.holder.read().enterprise.enrollmentToken).toBeNull();
  });

  test("[7.6] a revoked site gets none of the next ones", async () => {
    const recipients = [PRAGUE, BRNO];
    const hub = await hubDesk(() => recipients);
    const brno = await siteDesk("brno", BRNO_KEYS);
    await setToken(hub, TOKEN);
    recipients.pop();
    await hub.book.resealSecrets();
    await setToken(hub, "bmV4dA==");
    await down(hub, brno);
    expect(brno.holder.read().enterprise.enrollmentToken).toBeNull();
  });

  test("[7.6] sealing again for the same sites changes nothing for them", async () => {
    const hub = await hubDesk(() => [PRAGUE]);
    await setToken(hub, TOKEN);
    const before = sealedOf(hub);
    await hub.book.resealSecrets();
    expect(sealedOf(hub)).toEqual(before);
    await setToken(hub, TOKEN);
    expect(sealedOf(hub)).not.toEqual(before);
  });

  test("[7.6] of a site's own is sealed for that site, so that the hub carries but cannot read it", async () => {
    const hub = await hubDesk(() => [PRAGUE]);
    const site = await siteDesk();
    await setToken(hub, TOKEN);
    await down(hub, site);
    await setToken(site, "b3du");
    await up(site, hub);
    expect(site.holder.read().enterprise.enrollmentToken).toBe("b3du");
    expect(hub.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
    expect(textOf(hub.disk.documents)).not.toContain("b3du");
    expect(hub.book.overrides).toMatchObject([{ fields: { enrollmentToken: { $secret: true } } }]);
    await setToken(site, null);
    expect(site.holder.read().enterprise.enrollmentToken).toBeNull();
    await site.book.withdrawOverride("setting", "enterprise");
    expect(site.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
  });

  test("goes along when a site that worked alone joins", async () => {
    const alone = await siteDesk("alone");
    await setToken(alone, TOKEN);
    await alone.book.write(
      [{ kind: "setting", id: "enterprise", body: { crlCheck: "1" } }],
      "anna",
    );
    const joined = await siteDesk("prague", PRAGUE_KEYS, alone.disk, formerNames("alone"));
    expect(joined.holder.read().enterprise).toMatchObject({
      crlCheck: "1",
      enrollmentToken: TOKEN,
    });
    expect(textOf(joined.disk.documents)).not.toContain(TOKEN);
  });

  test("survives a restart of hub and site", async () => {
    const hub = await hubDesk(() => [PRAGUE]);
    const site = await siteDesk();
    await setToken(hub, TOKEN);
    await down(hub, site);
    const hubAgain = await hubDesk(() => [PRAGUE], hub.disk);
    const siteAgain = await siteDesk("prague", PRAGUE_KEYS, site.disk);
    expect(hubAgain.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
    expect(siteAgain.holder.read().enterprise.enrollmentToken).toBe(TOKEN);
  });

  test("that was cleared is gone everywhere", async () => {
    const hub = await hubDesk(() => [PRAGUE]);
    const site = await siteDesk();
    await setToken(hub, TOKEN);
    await setToken(hub, null);
    await down(hub, site);
    expect(hub.disk.secrets.size).toBe(0);
    expect(sealedOf(hub)).toEqual([]);
    expect(site.holder.read().enterprise.enrollmentToken).toBeNull();
  });
});

describe("seal() and open()", () => {
  const key = parsePublicKey(PRAGUE_KEYS.sealingPublic, "x25519");
  if (!key) throw new Error("no key");

  test("give back the text, for this key and purpose only", () => {
    const sealed = seal("naïve 名", key, "a@prague");
    expect(open(sealed, PRAGUE_KEYS.sealingPrivate, "a@prague")).toBe("naïve 名");
    expect(open(sealed, PRAGUE_KEYS.sealingPrivate, "b@prague")).toBeUndefined();
    expect(open(sealed, BRNO_KEYS.sealingPrivate, "a@prague")).toBeUndefined();
    expect(seal("naïve 名", key, "a@prague")).not.toBe(sealed);
  });

  test("no changed byte goes unnoticed", () => {
    const bytes = Buffer.from(seal("secret", key, "p"), "base64");
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const text = changed.toString("base64");
      // The top bit of an X25519 key is ignored by definition [RFC 7748, 5], so it may differ.
      if (at === 31) continue;
      expect(open(text, PRAGUE_KEYS.sealingPrivate, "p")).toBeUndefined();
    }
    expect(open("", PRAGUE_KEYS.sealingPrivate, "p")).toBeUndefined();
  });
});

function setToken(desk: Desk, enrollmentToken: string | null): Promise<void> {
  return desk.book.write(
    [{ kind: "setting", id: "enterprise", body: { enrollmentToken } }],
    "hana",
  );
}

function sealedOf(desk: Desk): readonly string[] {
  const stored = desk.disk.documents.get(ORG_DOCUMENT);
  return stored ? [...readPolicy(loadDocument(stored)).sealed.values()] : [];
}

function textOf(disk: ReadonlyMap<string, object>): string {
  return [...disk.values()]
    .flatMap((value) => ("tail" in value ? readable(value) : [JSON.stringify(value)]))
    .join("\n");
}

function readable(document: object): string[] {
  const { state, tail } = document as { state: Uint8Array; tail: readonly Uint8Array[] };
  return [state, ...tail].map((bytes) => Buffer.from(bytes).toString("latin1"));
}
