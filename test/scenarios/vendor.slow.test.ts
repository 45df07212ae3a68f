import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { type Origin, startOrigin } from "../gateway/content/origin.ts";
import { startBranch } from "../harness/branch.ts";
import { phone } from "../harness/phone.ts";
import type { RawDevice } from "../harness/raw-device.ts";
import { Loose, Scenario } from "../harness/scenario.ts";
import { seededRandom } from "../harness/seeded-random.ts";
import { settled } from "../harness/settled.ts";
import { P1_DOWNLOAD } from "../harness/site-core.ts";
import { atomic, command, Upstream } from "../harness/upstream.ts";

const SETTLE_MS = 30_000;
const CONTENT = bytesOf(400_000);
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const Revision = z.looseObject({
  file: z.looseObject({ sha256: z.string(), bytes: z.number() }).nullable(),
  sourceState: z.string().nullable(),
});
const Token = z.looseObject({ token: z.string() });

/** Packages that name a vendor's URL; the vendor is on loopback, which the list has to name. */
describe("S-49 packages from a vendor", () => {
  test("a site fetches once, resumed at 40 %, and serves 20 devices with the line cut", async () => {
    const cutAfter = CONTENT.length * 0.4;
    const vendor = await startOrigin(CONTENT, (n) => (n === 1 ? { cutAfter } : undefined));
    await using site = await Scenario.start({ role: "site" });
    await prepare(site);
    await allow(site.api, vendor);
    const distribution = await distributeFrom(
      site.api,
      `${vendor.url}/enterpriseapps/ContosoApp1.xap`,
    );
    const devices = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        site.device(`s49-${n}`, {}, { encoding: n % 2 === 0 ? "xml" : "wbxml" }),
      ),
    );
    for (const { id } of devices) await site.request(id, distribution);
    await fetched(site);
    expect(vendor.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${cutAfter}-`]);
    expect(vendor.sentBytes).toBe(CONTENT.length);

    await vendor[Symbol.asyncDispose](); // The line is cut: nobody can be asked any more.
    for (const { raw } of devices) {
      const url = await pushedUrl(raw);
      expect(url).toStartWith(`${site.url}/content/${SHA256}/ContosoApp1.xap?`);
      expect(await downloadInTwo(url)).toBe(SHA256);
    }
  }, 60_000);

  test("the hub fetches what was made there, and sites get it from the hub", async () => {
    await using vendor = await startOrigin(CONTENT);
    const { hub, site, line } = await startBranch("2026-11-21T10:00:00Z");
    await using _hub = hub;
    await using _line = line;
    await using _site = site;
    await prepare(hub);
    await allow(hub.api, vendor);
    const distribution = await distributeFrom(hub.api, `${vendor.url}/ContosoApp1.xap`, SHA256);
    await fetched(hub);
    const { id, raw } = await site.device("behind-a-hub");
    await settled("the site has the distribution and its file", SETTLE_MS, async () => {
      await site.gateway.advance(5_000);
      const [row] = await site.rows(`device:${id} distribution:${distribution}`);
      if (!row) return undefined;
      if (row.reason === "available-on-demand") await site.request(id, distribution);
      return row.reason === "contact" ? true : undefined;
    });
    line.cut();
    expect(await downloadInTwo(await pushedUrl(raw))).toBe(SHA256);
    expect(vendor.requests).toHaveLength(1);
  }, 90_000);

  test("what an upstream server orders by a vendor's URL is fetched once and given out by the site", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using site = await Scenario.start({ role: "site" });
    await prepare(site);
    await allow(site.api, vendor);
    const { token } = await site.api.request("/api/v1/tokens", Token, {
      method: "POST",
      json: { name: "upstream", role: "operator", scopes: ["csp:write"] },
    });
    const raws: RawDevice[] = [];
    for (const name of ["ordered-1", "ordered-2"]) {
      const { id, raw } = await site.device(name);
      await raw.session(phone({ seen: [], installed: null, download: null }));
      const upstream = new Upstream({ url: `${site.url}/csp/${id}`, token });
      const { statuses } = await upstream.post(orderOf(`${vendor.url}/ContosoApp1.xap`));
      expect(statuses.at(-1)?.code).toBe(202);
      expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");
      raws.push(raw);
    }
    await settled("the file is here", SETTLE_MS, async () => {
      await site.gateway.advance(5_000);
      const rows = await site.rows("status:pending_install");
      return rows.length === 2 && rows.every(({ reason }) => reason === "contact")
        ? true
        : undefined;
    });
    for (const raw of raws) expect(await downloadInTwo(await pushedUrl(raw))).toBe(SHA256);
    expect(vendor.requests).toHaveLength(1);
  }, 60_000);

  test("nothing is fetched from whom no administrator has allowed", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using site = await Scenario.start({ role: "site" });
    await prepare(site);
    for (const [url, problem] of [
      [`${vendor.url}/a.xap`, "not on the list"],
      ["file:///etc/passwd", "http or https"],
      ["http://user:secret@contoso.com/a.xap", "without user"],
    ]) {
      const refused = await site.api.raw("/api/v1/packages/contoso-app/revisions", {
        method: "POST",
        json: { version: "2.0.0.0", source: { url } },
      });
      expect(refused.status).toBe(422);
      const { errors } = (await refused.json()) as {
        errors: { pointer: string; detail: string }[];
      };
      expect(errors).toMatchObject([
        { pointer: "/source/url", detail: expect.stringContaining(problem ?? "") },
      ]);
    }
    expect(vendor.requests).toEqual([]);
  }, 60_000);
});

/** Downloads here need no client certificate. */
async function prepare(gateway: Scenario): Promise<void> {
  await gateway.prepare();
  await gateway.api.send("/api/v1/settings/enterprise", {
    method: "PATCH",
    json: { certificateSearchCriteria: null },
  });
}

async function allow(api: ApiClient, vendor: Origin): Promise<void> {
  await api.send("/api/v1/settings/content-origins", {
    method: "PUT",
    json: { origins: [{ origin: vendor.url }] },
  });
}

async function distributeFrom(api: ApiClient, url: string, sha256?: string): Promise<string> {
  await api.request("/api/v1/packages/contoso-app/revisions", Loose, {
    method: "POST",
    json: { id: "from-vendor", version: "2.0.0.0", source: { url, ...(sha256 && { sha256 }) } },
  });
  await api.request("/api/v1/distributions", Loose, {
    method: "POST",
    json: { id: "vendor-app", package: "contoso-app", revision: "from-vendor", mode: "on-demand" },
  });
  return "vendor-app";
}

/** The gateway's own clock has to pass for its jobs to run. */
async function fetched({ api, gateway }: Scenario): Promise<void> {
  await settled("the file was fetched and pinned", SETTLE_MS, async () => {
    await gateway.advance(5_000);
    const { file } = await api.request(
      "/api/v1/packages/contoso-app/revisions/from-vendor",
      Revision,
    );
    return file?.sha256 === SHA256 ? true : undefined;
  });
}

/** The URL that the device is told in its next session. */
async function pushedUrl(raw: RawDevice): Promise<string> {
  const commands = await raw.session(phone({ seen: [], installed: null, download: null }));
  const push = commands.find(({ name }) => name === "Atomic")?.children[0];
  return push?.items.find(({ uri }) => uri.endsWith("/URL"))?.data ?? "";
}

/** Downloads like a device whose line drops at 40 %, and gives the digest of what it has then. */
async function downloadInTwo(url: string): Promise<string> {
  const half = Math.floor(CONTENT.length * 0.4);
  const first = await fetch(url);
  expect(first.status).toBe(200);
  const etag = first.headers.get("etag") ?? "";
  const reader = first.body?.getReader();
  const parts: Uint8Array[] = [];
  for (let got = 0; reader && got < half; ) {
    const { value, done } = await reader.read();
    if (done) break;
    parts.push(value.subarray(0, half - got));
    got += value.length;
  }
  await reader?.cancel();
  const rest = await fetch(url, { headers: { range: `bytes=${half}-`, "if-range": etag } });
  expect(rest.status).toBe(206);
  parts.push(new Uint8Array(await rest.arrayBuffer()));
  return createHash("sha256").update(Buffer.concat(parts)).digest("hex");
}

function orderOf(url: string): string {
  return atomic(
    command("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1", "chr", "2"),
    command("Add", `${P1_DOWNLOAD}/URL`, url, "chr", "3"),
    command("Add", `${P1_DOWNLOAD}/Version`, "2.0.0.0", "chr", "4"),
    command("Add", `${P1_DOWNLOAD}/DownloadInstall`, "1", undefined, "5"),
    command("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int", "6"),
  );
}

function bytesOf(length: number): Uint8Array {
  const random = seededRandom(49);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
