import { expect, test } from "bun:test";
import { Doc, encodeStateAsUpdate } from "yjs";
import { packedLength } from "../../../sync/frame/envelope.ts";
import { FRAME_BODY_BYTES_MAX, POLICY_RECORDS_MAX } from "../../../sync/limits.ts";
import {
  ORG_DOCUMENT,
  siteDocumentName,
  writePolicy,
} from "../../../sync/policy/policy-document.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { down, hubDesk, siteDesk, WINDOW } from "./books.ts";

test("[9.1] a document with more records than allowed is refused, at the limit it is taken", async () => {
  const site = await siteDesk();
  const doc = new Doc();
  const fields = { name: "g", description: "", members: { kind: "filter", filter: "" } };
  writePolicy(
    doc,
    Array.from({ length: POLICY_RECORDS_MAX }, (_, index) => ({
      map: "group" as const,
      key: `g${index}`,
      fields: { ...fields, name: `g${index}` },
    })),
  );
  await site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(doc), false);
  expect(site.disk.records.size).toBe(POLICY_RECORDS_MAX);
  writePolicy(doc, [{ map: "group", key: "one-more", fields: { ...fields, name: "one-more" } }]);
  await expect(
    site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(doc), false),
  ).rejects.toMatchObject({ rule: "policy-limit" });
});

test("[9.1] nobody authors more than the other side takes; what is too much can be deleted", async () => {
  const hub = await hubDesk();
  const site = await siteDesk();
  const group = (id: number) => ({
    kind: "group" as const,
    id: `g${id}`,
    body: { name: `g${id}`, description: "", members: { kind: "list", devices: [] } },
  });
  const groups = Array.from({ length: POLICY_RECORDS_MAX }, (_, id) => group(id));
  await hub.book.write(groups, "hana");
  await expect(hub.book.write([group(POLICY_RECORDS_MAX)], "hana")).rejects.toMatchObject({
    code: "conflict",
    message: expect.stringContaining("10000 records"),
  });
  await down(hub, site);
  await hub.book.write([{ ...group(0), body: null }, group(POLICY_RECORDS_MAX)], "hana");
  await down(hub, site);
  expect(site.disk.records.size).toBe(POLICY_RECORDS_MAX);
});

test("[9.1] a site authors no document that a frame cannot carry", async () => {
  const site = await siteDesk();
  const random = seededRandom(91);
  const name = () => Array.from({ length: 12 }, () => random().toString(36).slice(2)).join("");
  const group = (id: string, members: number) => {
    const devices = Array.from({ length: members }, name);
    return {
      kind: "group" as const,
      id,
      body: { name: id, description: "", members: { kind: "list", devices } },
    };
  };
  await site.book.write([group("many", 10_000), group("more", 5_000)], "anna");
  await expect(site.book.write([group("too-many", 10_000)], "anna")).rejects.toMatchObject({
    code: "conflict",
  });
  const { update } = site.book.updateFor(siteDocumentName("prague"), new Uint8Array([0]));
  expect(packedLength(update)).toBeLessThan(FRAME_BODY_BYTES_MAX);
  await site.book.write([{ kind: "window", id: "nightly", body: WINDOW }], "anna");
});
