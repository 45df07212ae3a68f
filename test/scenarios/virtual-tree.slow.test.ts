import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { type ListedApp, lists, type PhoneState, phone, shapes } from "../harness/phone.ts";
import { Loose, Scenario } from "../harness/scenario.ts";
import { EAM, P1_DOWNLOAD, P1_INVENTORY } from "../harness/site-core.ts";
import { runTableCase, TABLE_CASES } from "../harness/tree-table.ts";
import { atomic, command, message, type TreeAnswer, Upstream } from "../harness/upstream.ts";

const MINUTE_MS = 60_000;
const ENCODINGS = ["xml", "wbxml"] as const;
const TOKEN = `${EAM}/EnrollmentToken`;
const DEVICE_VALUE = EAM.replace(/[/](\d+)$/, "/DeviceValue/$1");
const INVENTORY = `${EAM}/EnterpriseApps/Inventory`;
const P2 = "{B0322158-C3C2-44EB-8A31-D14A9FEC450E}";
const P2_INVENTORY = `${INVENTORY}/%7B${P2.slice(1, -1)}%7D`;
const TWO_APPS: readonly ListedApp[] = [
  { uri: P1_INVENTORY, version: "1.0.0.0", title: "Sample1" },
  { uri: P2_INVENTORY, version: "1.0.0.0", title: "Sample2" },
];
/** The source document's examples as they are printed. */
const printed = (name: string) => Bun.file(`test/fixtures/syncml/fragments/${name}.xml`).text();
const Token = z.looseObject({ token: z.string() });
const Audit = z.looseObject({
  rows: z.array(z.looseObject({ action: z.string(), subject: z.string(), details: z.unknown() })),
});

/** The virtual device tree over HTTP, against one started site; each test has its own devices. */
describe("the virtual device tree", () => {
  let site: Scenario;
  let token: string;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    await site.prepare();
    await site.api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "contoso-second", name: "ContosoApp2", platform: "Windows", productId: P2 },
    });
    await site.distribute("1.0.0.0", { target: { kind: "group", group: await nobody(site) } });
    token = await tokenFor(site, { role: "operator", scopes: ["csp:write"] });
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const upstreamOf = (device: string, encoding: "xml" | "wbxml" = "xml") =>
    new Upstream({ url: `${site.url}/csp/${device}`, token, encoding });

  test.each(ENCODINGS)(
    "S-35 all 120 commands on nodes, in %s",
    async (encoding) => {
      const wrong: string[] = [];
      for (const [index, one] of TABLE_CASES.entries()) {
        const { id, raw } = await site.device(`s35-${encoding}-${index}`);
        const isEnrolled = !(one.name === "Add" && one.node === "{E}");
        if (isEnrolled)
          await raw.session(phone({ seen: [], installed: "1.0.0.0", download: null }));
        const code = await runTableCase(upstreamOf(id, encoding), one);
        if (code !== one.code)
          wrong.push(`${one.name} ${one.node}: ${code} instead of ${one.code}`);
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );

  test.each(ENCODINGS)("S-32 failing writes, in %s", async (encoding) => {
    const { id } = await site.device(`s32-${encoding}`);
    const upstream = upstreamOf(id, encoding);
    expect(await upstream.code("Add", TOKEN, "VG9rZW5PbmU=", "chr")).toBe(200);
    expect(await upstream.code("Replace", TOKEN, "?!", "chr")).toBe(400);
    expect(await upstream.get(TOKEN)).toBe("VG9rZW5PbmU=");
    expect(await upstream.code("Add", `${EAM}/CRLCheck`, "2")).toBe(400);
    expect(await upstream.get(`${EAM}/CRLCheck`)).toBe(404);
    expect(await upstream.code("Add", TOKEN, "VG9rZW5PbmU=")).toBe(418);
  });

  test.each(ENCODINGS)("S-36, S-37 what a device told is listed, in %s", async (encoding) => {
    const { id, raw } = await site.device(`s36-${encoding}`, {}, { encoding });
    await raw.session(phone({ seen: [], say: lists(TWO_APPS) }));
    // The device's own name does as well as its id here.
    const byName = upstreamOf(encodeURIComponent(`urn:uuid:s36-${encoding}`), encoding);
    const { statuses, results } = await byName.post(await printed("get-inventory"));
    expect(statuses).toMatchObject([{ cmd: "Get", msgRef: "1", cmdRef: "2", code: 200 }]);
    expect(results.map(({ cmdRef }) => cmdRef)).toEqual(["2"]);
    const node = (uri: string) => ({ uri, format: "node", data: undefined });
    const leaf = (uri: string, data: string) => ({ uri, format: undefined, data });
    expect(results[0]?.items).toEqual([
      node(INVENTORY),
      node(P1_INVENTORY),
      node(P2_INVENTORY),
      ...TWO_APPS.flatMap(({ uri, version, title }) => [
        leaf(`${uri}/Version`, version),
        leaf(`${uri}/Title`, title),
        leaf(`${uri}/Publisher`, "Contoso"),
        leaf(`${uri}/InstallDate`, "2012-10-31T21:23:31Z"),
      ]),
    ]);
    const lower = P1_INVENTORY.replace("B316008A", "b316008a");
    const upstream = upstreamOf(id, encoding);
    expect(await upstream.get(lower)).toBe("Version/Title/Publisher/InstallDate");
    expect(await upstream.get(P1_INVENTORY.replace("%7B", "%7B "))).toBe(404);
  });

  test.each(ENCODINGS)(
    "S-46 the enterprise is deleted, and its apps with it, in %s",
    async (encoding) => {
      const { id, raw } = await site.device(`s46-${encoding}`, {}, { encoding });
      const state: PhoneState = { seen: [], say: lists(TWO_APPS) };
      await raw.session(phone(state));
      const only = { target: { kind: "device", device: id } };
      const distributions = [
        await site.distribute("1.0.0.0", only),
        await site.distribute("1.0.0.0", { ...only, package: "contoso-second" }),
      ];
      const labels = async () => {
        const rows = distributions.map((distribution) => site.row(id, distribution));
        return (await Promise.all(rows)).map(({ statusLabel }) => statusLabel);
      };
      expect(await labels()).toEqual(["Installed", "Installed"]);

      const upstream = upstreamOf(id, encoding);
      const order = orderOf(
        "3.0.0.0",
        `${site.url}/content/${(await site.upload("3")).sha256}/a.xap`,
      );
      const ordered = async () => (await upstream.post(order)).statuses.map(({ code }) => code);
      expect(await upstream.get(`${P2_INVENTORY}/Title`)).toBe("Sample2");
      expect(await upstream.code("Delete", EAM)).toBe(200);
      const leaves = ["Version", "Title", "Publisher", "InstallDate"];
      const children = [
        EAM,
        ...["Status", "EnrollmentToken", "EnterpriseApps"].map((name) => `${EAM}/${name}`),
        INVENTORY,
        ...TWO_APPS.flatMap(({ uri }) => [uri, ...leaves.map((name) => `${uri}/${name}`)]),
        P1_DOWNLOAD,
      ];
      for (const uri of children) expect([uri, await upstream.get(uri)]).toEqual([uri, 404]);
      expect(await ordered()).toEqual([507, 404, 215, 215, 215, 215]);

      state.say = lists([]);
      expect(shapes(await raw.session(phone(state)))).toEqual(["Delete "]);
      const removed = "Removed After Installation";
      expect(await labels()).toEqual([removed, removed]);
      for (const uri of children) expect([uri, await upstream.get(uri)]).toEqual([uri, 404]);

      // Nothing is sent and nothing can be ordered until it is enrolled again.
      const next = await site.distribute("2.0.0.0", only);
      await site.request(id, next);
      expect(await raw.session(phone(state))).toEqual([]);
      expect(await site.row(id, next)).toMatchObject({
        statusLabel: "Pending Install",
        reason: "enrolment",
        reasonDetail: "the device was unenrolled: enrol it again first",
      });
      expect(await ordered()).toEqual([507, 404, 215, 215, 215, 215]);

      expect(await upstream.code("Add", TOKEN, "VG9rZW4y", "chr")).toBe(200);
      const again = await raw.session(phone(state));
      expect(shapes(again)[0]).toStartWith("Add /EnrollmentToken");
      expect(shapes(again)).toContain(
        "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
      );
      expect(await ordered()).toEqual([200, 200, 200, 200, 200, 202]);
    },
    60_000,
  );

  describe.each(ENCODINGS)("the source document's examples, as printed, in %s", (encoding) => {
    const codes = ({ statuses }: TreeAnswer) => statuses.map(({ cmd, code }) => [cmd, code]);
    const exampleOf = async (name: string, say?: PhoneState["say"]) => {
      const { id, raw } = await site.device(`${name}-${encoding}`, {}, { encoding });
      const state: PhoneState = say ? { seen: [], say } : { seen: [] };
      if (say) await raw.session(phone(state));
      return { id, raw, state, upstream: upstreamOf(id, encoding) };
    };

    test("E-076 enrolment, and E-078 another token, reach the device", async () => {
      const { raw, state, upstream } = await exampleOf("e076");
      expect(codes(await upstream.post(await printed("replace-token")))).toEqual([
        ["Replace", 404],
      ]);
      const enrolled = await upstream.post(await printed("add-enrolment"));
      expect(enrolled.hasHeader).toBe(false);
      expect(enrolled.statuses).toEqual([
        { cmd: "Add", msgRef: "1", cmdRef: "2", targetRef: undefined, code: 200 },
      ]);
      expect(codes(await upstream.post(await printed("add-enrolment")))).toEqual([["Add", 418]]);
      const criteria = `${EAM}/CertificateSearchCriteria`;
      expect(await upstream.get(criteria)).toBe("SearchCriteriaInsertedHere");
      const [add] = await raw.session(phone(state));
      // The site's own criteria go before those that were pushed, as DeviceValue tells. [E-067, E-070]
      const applied = "CN%3DDevice-42";
      expect([add?.name, add?.items]).toEqual([
        "Add",
        [
          { uri: TOKEN, format: "chr", data: "InsertTokenHere" },
          { uri: criteria, format: "chr", data: applied },
        ],
      ]);
      expect(await upstream.get(criteria.replace(EAM, DEVICE_VALUE))).toBe(applied);

      expect(codes(await upstream.post(await printed("replace-token")))).toEqual([
        ["Replace", 200],
      ]);
      expect(await upstream.get(TOKEN)).toBe("InsertUpdaedTokenHere");
      const [replace] = await raw.session(phone(state));
      expect([replace?.name, replace?.items]).toEqual([
        "Replace",
        [{ uri: TOKEN, format: "chr", data: "InsertUpdaedTokenHere" }],
      ]);
    });

    test("E-090 the installation misses a slash: nothing is made of it", async () => {
      const { id, raw, state, upstream } = await exampleOf("e090", lists([]));
      const { statuses } = await upstream.post(await printed("atomic-install"));
      const product = "%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D";
      expect(
        statuses.map(({ cmd, cmdRef, targetRef, code }) => [
          cmd,
          cmdRef,
          targetRef?.split("/").slice(-2).join("/"),
          code,
        ]),
      ).toEqual([
        ["Atomic", "2", undefined, 507],
        ["Add", "3", `${product}/Name`, 216],
        ["Add", "3", `${product}/URL`, 216],
        ["Add", "3", `${product}/Version`, 216],
        ["Add", "3", `Download${product}/DownloadInstall`, 404],
        ["Exec", "4", undefined, 215],
      ]);
      expect(await upstream.get(P1_DOWNLOAD)).toBe(404);
      expect(await site.rows(`device:${id}`)).toEqual([]);
      expect((await raw.session(phone(state))).map(({ name }) => name)).not.toContain("Atomic");
    });

    test("E-083 with the slash it is accepted, and its file has to be one the site may give", async () => {
      const { upstream } = await exampleOf("e083", lists([]));
      const right = (await printed("atomic-install")).replace("Download%7B", "Download/%7B");
      expect(codes(await upstream.post(right))).toEqual([
        ["Atomic", 200],
        ["Add", 200],
        ["Exec", 202],
      ]);
      // The example's address is not on the list of origins, as the node says.
      expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("7");
      expect(await upstream.get(`${P1_DOWNLOAD}/LastErrorDesc`)).toBe(
        "http://contoso.com is not on this site's list of origins",
      );
      expect(codes(await upstream.post(right))).toEqual([
        ["Atomic", 507],
        ["Add", 418],
        ["Add", 215],
        ["Add", 215],
        ["Add", 215],
        ["Exec", 215],
      ]);
    });

    test("E-094 the removal, without SyncHdr, takes the app off the device", async () => {
      const { id, raw, state, upstream } = await exampleOf("e094", lists(TWO_APPS));
      const answer = await upstream.post(await printed("delete-product"));
      expect(answer.hasHeader).toBe(false);
      expect(answer.statuses).toEqual([
        { cmd: "Delete", msgRef: "1", cmdRef: "2", targetRef: undefined, code: 200 },
      ]);
      expect(await upstream.get(P1_INVENTORY)).toBe(404);
      expect(await upstream.get(`${P2_INVENTORY}/Title`)).toBe("Sample2");
      const deletes = (await raw.session(phone(state))).filter(({ name }) => name === "Delete");
      expect(deletes.map(({ items }) => items.map(({ uri }) => uri))).toEqual([[P1_INVENTORY]]);
      expect(await site.rows(`device:${id}`)).toMatchObject([
        { operation: "uninstall", bucket: "removed", statusLabel: "Removed After Installation" },
      ]);
    });
  });

  test("an order becomes a row that the device works off, and survives a kill", async () => {
    const { id, raw } = await site.device("ordered");
    const state = { seen: [], installed: "1.0.0.0" as string | null, download: null as never };
    await raw.session(phone(state));
    const { sha256 } = await site.upload("content that was ordered");
    const url = `${site.url}/content/${sha256}/ContosoApp1.xap`;
    const { statuses } = await upstreamOf(id).post(orderOf("2.0.0.0", url));
    expect(statuses.map(({ code }) => code)).toEqual([200, 200, 200, 200, 200, 202]);

    await site.gateway.kill();
    await site.gateway.restart();
    const [row] = await site.rows(`device:${id} status:pending_update`);
    expect(row).toMatchObject({ operation: "update", reason: "contact" });
    const commands = await raw.session(phone(state));
    const push = commands.find(({ name }) => name === "Atomic")?.children[0];
    expect(push?.items.find(({ uri }) => uri.endsWith("/URL"))?.data).toStartWith(
      `${site.url}/content/${sha256}/`,
    );
    await site.gateway.advance(MINUTE_MS);
    await raw.session(phone({ ...state, download: { status: 5 }, installed: "2.0.0.0" }));
    expect(await upstreamOf(id).get(`${P1_DOWNLOAD}/Status`)).toBe("5");
    expect(await upstreamOf(id).get(`${P1_INVENTORY}/Version`)).toBe("1.0.0.0");

    const { rows: entries } = await site.api.request("/api/v1/audit?limit=50", Audit);
    const audited = entries.find(
      ({ action, subject }) => action === "csp.command" && subject === id,
    );
    expect(JSON.stringify(audited?.details)).toContain("DownloadInstall 202");
    expect(JSON.stringify(entries)).not.toContain("content that was ordered");
  }, 30_000);

  test("is open to whoever may, and to nobody else", async () => {
    const { id } = await site.device("guarded");
    const get = command("Get", EAM);
    const statusOf = async (withToken: string | undefined) =>
      (await new Upstream({ url: `${site.url}/csp/${id}`, token: withToken }).send(get)).status;
    expect(await statusOf(undefined)).toBe(401);
    expect(await statusOf("wrong")).toBe(401);
    expect(await statusOf(await tokenFor(site, { role: "viewer", scopes: [] }))).toBe(403);
    expect(await statusOf(await tokenFor(site, { role: "admin", scopes: ["reports:read"] }))).toBe(
      403,
    );
    expect(await statusOf(token)).toBe(200);
    for (const stranger of ["0".repeat(32), "urn:uuid:nobody", "..%2Fapi"]) {
      const answer = await upstreamOf(stranger).send(get);
      expect([stranger, answer.status]).toEqual([stranger, 404]);
      expect(answer.headers.get("content-type")).toStartWith("application/problem+json");
    }
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(`${site.url}/csp/${id}`, { headers })).status).toBe(404);
  });

  test("refuses what cannot be read, with the rule that it breaks", async () => {
    const { id } = await site.device("hostile");
    const upstream = upstreamOf(id);
    for (const [body, status, rule] of [
      ["", 400, "xml-malformed"],
      ["<Get>", 400, "xml-malformed"],
      ["<Get/><Get/>", 400, "xml-malformed"],
      ["<html/>", 400, "syncml-root"],
      ['<!DOCTYPE Get [<!ENTITY a "b">]><Get>&a;</Get>', 400, "xml-doctype"],
      [`<SyncML>${"<a>".repeat(40)}${"</a>".repeat(40)}</SyncML>`, 400, "xml-too-deep"],
      ['<SyncML xmlns="urn:other"><SyncBody/></SyncML>', 400, "syncml-namespace"],
      ["<SyncML/>", 400, "syncml-no-body"],
      [message("<Get/>".repeat(5001)), 400, "syncml-too-many-commands"],
    ] as const) {
      const answer = await upstream.send(body);
      const problem = (await answer.json()) as { rule?: string };
      expect([body.slice(0, 40), answer.status, problem.rule]).toEqual([
        body.slice(0, 40),
        status,
        rule,
      ]);
    }
    expect((await upstream.send(command("Get", EAM), "application/json")).status).toBe(415);
    expect((await upstream.send(new Uint8Array(20 * 1024 * 1024))).status).toBe(413);
    expect(await upstream.get(EAM)).toBe(404);
  });

  test("tells no more than a message may carry", async () => {
    const { id } = await site.device("greedy");
    const upstream = upstreamOf(id);
    await upstream.code("Add", TOKEN, "VG9rZW4x");
    const root = "./Vendor/MSFT/EnterpriseAppManagement?list=StructData";
    const gets = Array.from({ length: 4990 }, (_, n) =>
      command("Get", root, undefined, undefined, String(n + 1)),
    );
    const { statuses } = await upstream.post(message(gets.join("")));
    expect(statuses.filter(({ code }) => code === 200).length).toBeGreaterThan(1000);
    expect(statuses.at(-1)?.code).toBe(413);
  }, 60_000);
});

function orderOf(version: string, url: string): string {
  return atomic(
    command("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1", "chr", "2"),
    command("Add", `${P1_DOWNLOAD}/URL`, url, "chr", "3"),
    command("Add", `${P1_DOWNLOAD}/Version`, version, "chr", "4"),
    command("Add", `${P1_DOWNLOAD}/DownloadInstall`, "1", undefined, "5"),
    command("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int", "6"),
  );
}

async function tokenFor(
  site: Scenario,
  wanted: { readonly role: string; readonly scopes: readonly string[] },
): Promise<string> {
  const made = await site.api.request("/api/v1/tokens", Token, {
    method: "POST",
    json: { name: `upstream-${wanted.role}-${wanted.scopes.length}`, ...wanted },
  });
  return made.token;
}

/** A group without members, so that a distribution exists and asks nobody for anything. */
async function nobody(site: Scenario): Promise<string> {
  await site.api.request("/api/v1/groups/Nobody", Loose, {
    method: "PUT",
    json: { members: { kind: "list", devices: [] } },
  });
  return "Nobody";
}
