import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { phone } from "../harness/phone.ts";
import { Loose, Scenario } from "../harness/scenario.ts";
import { EAM, P1_DOWNLOAD, P1_INVENTORY } from "../harness/site-core.ts";
import { runTableCase, TABLE_CASES } from "../harness/tree-table.ts";
import { atomic, command, message, Upstream } from "../harness/upstream.ts";

const MINUTE_MS = 60_000;
const ENCODINGS = ["xml", "wbxml"] as const;
const TOKEN = `${EAM}/EnrollmentToken`;
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
    const { id, raw } = await site.device(`s36-${encoding}`);
    await raw.session(phone({ seen: [], installed: "1.0.0.0", download: null }));
    // The device's own name does as well as its id here.
    const byName = upstreamOf(encodeURIComponent(`urn:uuid:s36-${encoding}`), encoding);
    const { results } = await byName.post(
      await Bun.file("test/fixtures/syncml/fragments/get-inventory.xml").text(),
    );
    expect(results[0]?.items.map(({ uri }) => uri.replace(EAM, ""))).toEqual([
      "/EnterpriseApps/Inventory",
      P1_INVENTORY.replace(EAM, ""),
      ...["Version", "Title", "Publisher", "InstallDate"].map(
        (leaf) => `${P1_INVENTORY.replace(EAM, "")}/${leaf}`,
      ),
    ]);
    const lower = P1_INVENTORY.replace("B316008A", "b316008a");
    const upstream = upstreamOf(id, encoding);
    expect(await upstream.get(lower)).toBe("Version/Title/Publisher/InstallDate");
    expect(await upstream.get(P1_INVENTORY.replace("%7B", "%7B "))).toBe(404);
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
