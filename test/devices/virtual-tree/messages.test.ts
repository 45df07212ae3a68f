import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ENCODINGS, type Encoding } from "../../../protocols/syncml/encoding.ts";
import { phone } from "../../harness/phone.ts";
import { EAM, P1_DOWNLOAD, P1_INVENTORY, SiteCore } from "../../harness/site-core.ts";
import { TreeSite } from "../../harness/tree-site.ts";
import { atomic, command, message, type Upstream } from "../../harness/upstream.ts";

const TOKEN = `${EAM}/EnrollmentToken`;
const INVENTORY = `${EAM}/EnterpriseApps/Inventory`;
const STORE = `${INVENTORY}/%7BD5DC1EBB-A7F1-DF11-9264-00237DE2DB9E%7D`;

/** The source document's examples as they are printed. */
const printed = (name: string) => Bun.file(`test/fixtures/syncml/fragments/${name}.xml`).text();

let core: SiteCore;
let trees: TreeSite;
let devices = 0;
beforeAll(async () => {
  core = await SiteCore.open();
  trees = new TreeSite(core);
  await core.distribute("1.0.0.0", { target: { kind: "devices", devices: [] } });
});
afterAll(() => core[Symbol.asyncDispose]());

/** A device that has told these products; enrolled by its site. */
async function withApps(...products: readonly string[]): Promise<Upstream> {
  return enrolledWith("xml", products);
}

async function enrolledWith(encoding: Encoding, products: readonly string[]): Promise<Upstream> {
  devices += 1;
  const { id, raw } = await core.device(`messages-${devices}`);
  const leaves = (uri: string, n: number) => [
    { uri, format: "node" },
    { uri: `${uri}/Version`, data: `${n}.0.0.0` },
    { uri: `${uri}/Title`, data: `Sample${n}` },
    { uri: `${uri}/Publisher`, data: "Contoso" },
    { uri: `${uri}/InstallDate`, data: "2012-10-31-21:23:31" },
  ];
  const results = [
    { uri: INVENTORY, format: "node" },
    ...products.flatMap((uri, index) => leaves(uri, index + 1)),
  ];
  await raw.session(
    phone({
      seen: [],
      say: (asked) =>
        asked.items[0]?.uri.includes("StructData") ? { code: 200, results } : undefined,
    }),
  );
  return trees.upstream(id, encoding);
}

describe.each(ENCODINGS)("the source document's examples, as printed, in %s", (encoding) => {
  const withApps = (...products: readonly string[]) => enrolledWith(encoding, products);
  const stranger = async (name: string) =>
    trees.upstream((await core.device(`printed-${name}-${encoding}`)).id, encoding);

  test("E-076 enrolment: one Add with two items, one Status", async () => {
    const upstream = await stranger("enrol");
    const answer = await upstream.post(await printed("add-enrolment"));
    expect(answer.hasHeader).toBe(false);
    expect(answer.statuses).toEqual([
      { cmd: "Add", msgRef: "1", cmdRef: "2", targetRef: undefined, code: 200 },
    ]);
    expect(await upstream.get(TOKEN)).toBe("InsertTokenHere");
    expect(await upstream.get(`${EAM}/CertificateSearchCriteria`)).toBe(
      "SearchCriteriaInsertedHere",
    );
    // Again: both are there.
    const again = await upstream.post(await printed("add-enrolment"));
    expect(again.statuses.map(({ code }) => code)).toEqual([418]);
  });

  test("E-078 the token is updated", async () => {
    const upstream = await stranger("replace");
    expect((await upstream.post(await printed("replace-token"))).statuses[0]?.code).toBe(404);
    await upstream.post(await printed("add-enrolment"));
    expect((await upstream.post(await printed("replace-token"))).statuses[0]?.code).toBe(200);
    expect(await upstream.get(TOKEN)).toBe("InsertUpdaedTokenHere");
  });

  test("S-37, E-071 the Store app with the blank behind %7B is another node: 404", async () => {
    const upstream = await withApps(STORE);
    const answer = await upstream.post(await printed("get-store-app"));
    expect(answer.statuses).toMatchObject([{ cmd: "Get", cmdRef: "1", code: 404 }]);
    expect(answer.results).toEqual([]);
  });

  test("S-36 all installed apps: four leaves under each, interior nodes first, no query", async () => {
    const second = P1_INVENTORY.replace("B316008A", "B0322158");
    const upstream = await withApps(P1_INVENTORY, second);
    const { statuses, results } = await upstream.post(await printed("get-inventory"));
    expect(statuses).toMatchObject([{ cmd: "Get", msgRef: "1", cmdRef: "2", code: 200 }]);
    const items = results[0]?.items ?? [];
    expect(results.map(({ cmdRef }) => cmdRef)).toEqual(["2"]);
    expect(items.slice(0, 3)).toEqual([
      { uri: INVENTORY, format: "node", data: undefined },
      { uri: P1_INVENTORY, format: "node", data: undefined },
      { uri: second, format: "node", data: undefined },
    ]);
    const leavesOf = (uri: string, n: number) => [
      { uri: `${uri}/Version`, format: undefined, data: `${n}.0.0.0` },
      { uri: `${uri}/Title`, format: undefined, data: `Sample${n}` },
      { uri: `${uri}/Publisher`, format: undefined, data: "Contoso" },
      { uri: `${uri}/InstallDate`, format: undefined, data: "2012-10-31T21:23:31Z" },
    ];
    expect(items.slice(3)).toEqual([...leavesOf(P1_INVENTORY, 1), ...leavesOf(second, 2)]);
  });

  test("E-090 the installation misses a slash: the culprit is 404, the rest is undone", async () => {
    const upstream = await withApps();
    const { statuses } = await upstream.post(await printed("atomic-install"));
    const short = statuses.map(({ cmd, cmdRef, targetRef, code }) => [
      cmd,
      cmdRef,
      targetRef?.split("/").slice(-2).join("/"),
      code,
    ]);
    const P1 = "%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D";
    expect(short).toEqual([
      ["Atomic", "2", undefined, 507],
      ["Add", "3", `${P1}/Name`, 216],
      ["Add", "3", `${P1}/URL`, 216],
      ["Add", "3", `${P1}/Version`, 216],
      ["Add", "3", `Download${P1}/DownloadInstall`, 404],
      ["Exec", "4", undefined, 215],
    ]);
    expect(await upstream.get(P1_DOWNLOAD)).toBe(404);
  });

  test("E-083, E-087 with the slash it is accepted; again it is 418, and Replace goes", async () => {
    const upstream = await withApps();
    const right = (await printed("atomic-install")).replace("Download%7B", "Download/%7B");
    const first = await upstream.post(right);
    expect(first.statuses.map(({ cmd, code }) => [cmd, code])).toEqual([
      ["Atomic", 200],
      ["Add", 200],
      ["Exec", 202],
    ]);
    const second = await upstream.post(right);
    expect(second.statuses.map(({ cmd, code }) => [cmd, code])).toEqual([
      ["Atomic", 507],
      ["Add", 418],
      ["Add", 215],
      ["Add", 215],
      ["Add", 215],
      ["Exec", 215],
    ]);
    const replaced = await upstream.post(
      atomic(
        command("Replace", `${P1_DOWNLOAD}/Version`, "3.0.0.0", "chr", "2"),
        command("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int", "3"),
      ),
    );
    expect(replaced.statuses.map(({ cmd, code }) => [cmd, code])).toEqual([
      ["Atomic", 200],
      ["Replace", 200],
      ["Exec", 202],
    ]);
  });

  test("E-094 uninstall, in a message without SyncHdr", async () => {
    const upstream = await withApps(P1_INVENTORY);
    const answer = await upstream.post(await printed("delete-product"));
    expect(answer.statuses).toEqual([
      { cmd: "Delete", msgRef: "1", cmdRef: "2", targetRef: undefined, code: 200 },
    ]);
    expect(await upstream.get(P1_INVENTORY)).toBe(404);
  });

  test.each(["results-inventory", "results-store-app"])(
    "%s is an answer: nothing to say",
    async (name) => {
      const upstream = await withApps();
      const answer = await upstream.post(await printed(name));
      expect(answer.statuses).toEqual([]);
      expect(answer.results).toEqual([]);
    },
  );
});

describe("S-37 a Store app", () => {
  test("is told with its leaves' names, also under a GUID in lower case", async () => {
    const upstream = await withApps(STORE);
    for (const uri of [
      STORE,
      STORE.replace(/%7B.*%7D/, (guid) => `%7B${guid.slice(3, -3).toLowerCase()}%7D`),
    ]) {
      const { statuses, results } = await upstream.post(
        command("Get", uri, undefined, undefined, "1"),
      );
      expect(statuses).toMatchObject([{ cmdRef: "1", code: 200 }]);
      expect(results).toEqual([
        {
          msgRef: "1",
          cmdRef: "1",
          items: [{ uri: STORE, format: "node", data: "Version/Title/Publisher/InstallDate" }],
        },
      ]);
    }
  });

  test("is 404 where it is not installed, and cannot be removed where it is", async () => {
    expect(await (await withApps()).get(STORE)).toBe(404);
    const upstream = await withApps(STORE);
    expect(await upstream.code("Delete", STORE)).toBe(405); // Q45: not one of the organisation's.
    expect(await upstream.get(STORE)).toBe("Version/Title/Publisher/InstallDate");
  });
});

describe("messages", () => {
  test("a whole message is answered by a whole message", async () => {
    const upstream = await withApps();
    const answer = await upstream.post(message(command("Get", `${EAM}/Status`)));
    expect(answer.hasHeader).toBe(true);
    expect(
      answer.statuses.map(({ cmd, msgRef, cmdRef, code }) => [cmd, msgRef, cmdRef, code]),
    ).toEqual([
      ["SyncHdr", "4", "0", 200],
      ["Get", "4", "7", 200],
    ]);
    expect(answer.xml).toContain("<SessionID>9</SessionID>");
    expect(answer.xml).toContain("<Target><LocURI>https://mdm.example</LocURI></Target>");
  });

  test("items that end differently get a Status each, with TargetRef", async () => {
    const upstream = await withApps();
    const { statuses } = await upstream.post(
      `<Get><CmdID>5</CmdID><Item><Target><LocURI>${EAM}/Status</LocURI></Target></Item>` +
        `<Item><Target><LocURI>${EAM}/StoreUri</LocURI></Target></Item></Get>`,
    );
    expect(statuses.map(({ targetRef, code }) => [targetRef, code])).toEqual([
      [`${EAM}/Status`, 200],
      [`${EAM}/StoreUri`, 404],
    ]);
  });

  test("a Sequence goes on after a failure, and an Atomic of it is undone whole", async () => {
    const upstream = trees.upstream((await core.device("sequence")).id);
    const { statuses } = await upstream.post(
      `<Sequence><CmdID>1</CmdID>${command("Add", TOKEN, "!", undefined, "2")}` +
        `${command("Add", TOKEN, "VG9rZW4x", undefined, "3")}</Sequence>`,
    );
    expect(statuses.map(({ code }) => code)).toEqual([200, 400, 200]);
    const undone = await upstream.post(
      atomic(
        command("Replace", TOKEN, "VG9rZW4y", undefined, "2"),
        command("Delete", EAM, undefined, undefined, "3"),
        command("Exec", EAM, undefined, undefined, "4"),
      ),
    );
    expect(undone.statuses.map(({ code }) => code)).toEqual([507, 216, 216, 405]);
    expect(await upstream.get(TOKEN)).toBe("VG9rZW4x");
  });

  test("an element that is no command is answered, and the others are carried out", async () => {
    const upstream = await withApps();
    const { statuses } = await upstream.post(
      `<SyncML><SyncBody><Map><CmdID>1</CmdID></Map>${command("Get", EAM)}</SyncBody></SyncML>`,
    );
    expect(statuses.map(({ cmd, code }) => [cmd, code])).toEqual([
      ["Map", 501],
      ["Get", 200],
    ]);
  });

  test("a removed device has no tree any more", async () => {
    const { id } = await core.device("removed");
    const { removeDevice } = await import("../../../devices/service/change-device.ts");
    await removeDevice(core.context, id);
    expect(trees.upstream(id).get(EAM)).rejects.toThrow("was removed");
  });
});
