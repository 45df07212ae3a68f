import { describe, expect } from "bun:test";
import { z } from "zod";
import { FactRow, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";
import { testUnless } from "../harness/skip.ts";
import { missingForSwupdate, Swupdate } from "../harness/swupdate.ts";

const testSwupdate = testUnless(missingForSwupdate());
const Registered = z.looseObject({ device: z.looseObject({ id: z.string() }), token: z.string() });
const Uploaded = z.looseObject({ sha256: z.string() });
const WAIT_MS = 30_000;

/** A site with a kiosk, and an image for it. */
class KioskSite implements AsyncDisposable {
  readonly site: Scenario;
  readonly swupdate: Swupdate;
  device = "";
  token = "";
  #row = "";

  static async open(): Promise<KioskSite> {
    const made = new KioskSite(await Scenario.start({ role: "site" }), await Swupdate.open());
    const { api } = made.site;
    const { device, token } = await api.request("/api/v1/devices", Registered, {
      method: "POST",
      json: { stableId: "kiosk-7", protocol: "ddi", platform: "Windows", osPlatform: "Linux" },
    });
    made.device = device.id;
    made.token = token;
    await api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "image", name: "Kiosk image", platform: "Windows" },
    });
    return made;
  }

  private constructor(site: Scenario, swupdate: Swupdate) {
    this.site = site;
    this.swupdate = swupdate;
  }

  async distribute(
    image: Uint8Array<ArrayBuffer>,
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const { api } = this.site;
    const { sha256 } = await api.request("/api/v1/files?name=app.swu", Uploaded, {
      method: "POST",
      bytes: image,
      headers: { "content-type": "application/octet-stream" },
    });
    const chunk = {
      part: "os",
      name: "image",
      version: "1.0",
      files: [{ sha256, name: "app.swu" }],
      metadata: [],
    };
    await api.send("/api/v1/packages/image/revisions", {
      method: "POST",
      json: {
        id: "image-1",
        version: "1.0",
        channel: "ddi",
        ddi: { handling: "forced", chunks: [chunk] },
      },
    });
    const json = { id: "d1", package: "image", revision: "image-1", mode: "on-demand", ...options };
    await api.send("/api/v1/distributions", { method: "POST", json });
    this.#row = (await this.site.row(this.device, "d1")).id;
    if (json.mode === "on-demand") await this.site.request(this.device, "d1");
    return "d1";
  }

  async words(): Promise<readonly string[]> {
    const path = `/api/v1/installations/${this.#row}/history`;
    return (await this.site.api.request(path, z.array(FactRow))).map(({ value }) => value);
  }

  status(): Promise<string> {
    return this.site.row(this.device, "d1").then(({ status }) => status);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swupdate[Symbol.asyncDispose]();
    await this.site[Symbol.asyncDispose]();
  }
}

/** Stands between client and site, counts requests for artifacts, and may break or hold up their answers. */
function line(target: string, answer: (response: Response, count: number) => Response) {
  const ranges: (string | null)[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const response = await fetch(`${target}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body:
          request.method === "GET" || request.method === "HEAD"
            ? null
            : await request.arrayBuffer(),
        decompress: false,
      });
      if (request.method === "GET" && /\/controller\/v1\/[^/]+$/.test(pathname)) {
        // A site lets clients sleep for half a minute at least, and nobody waits here for that.
        const text = (await response.text()).replace(/"sleep":"[^"]*"/, '"sleep":"00:00:01"');
        return new Response(text, { headers: { "content-type": "application/json" } });
      }
      if (request.method !== "GET" || !pathname.includes("/artifacts/")) return response;
      ranges.push(request.headers.get("range"));
      return answer(response, ranges.length);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    ranges,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** As a line that breaks: what was promised does not come. */
function brokenAfter(response: Response, bytesMax: number): Response {
  const body = response.body?.getReader();
  let bytes = 0;
  const cut = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = (await body?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return controller.close();
      const part = value.subarray(0, bytesMax - bytes);
      bytes += part.length;
      controller.enqueue(part);
      if (bytes >= bytesMax) controller.error(new Error("the line broke"));
    },
  });
  const { status, headers } = response;
  return new Response(cut, { status, headers });
}

/** What a client does within this time, or never. */
function happens(what: string, is: () => boolean | Promise<boolean>): Promise<true> {
  return settled(what, WAIT_MS, async () => ((await is()) ? true : undefined));
}

describe("swupdate at a site", () => {
  testSwupdate(
    "installs, and is installed once it says so after its restart",
    async () => {
      await using kiosk = await KioskSite.open();
      const { site, swupdate } = kiosk;
      await kiosk.distribute(await swupdate.image("version 1"));
      const client = await swupdate.start(site.url, "kiosk-7", kiosk.token);
      await happens("swupdate says that it is done", () =>
        client.log.includes("SWUPDATE successful"),
      );
      await happens("the site hears of it", async () => (await kiosk.status()) === "installing");
      expect(await swupdate.installed()).toBe("version 1");
      await client.end();
      expect(await kiosk.status()).toBe("installing");
      await swupdate.start(site.url, "kiosk-7", kiosk.token, "-c 2");
      await happens("it is installed", async () => (await kiosk.status()) === "installed");
      expect(await kiosk.words()).toContain("closed/success");
    },
    60_000,
  );

  testSwupdate(
    "goes on where a download broke",
    async () => {
      await using kiosk = await KioskSite.open();
      const { site, swupdate } = kiosk;
      const content = "0123456789".repeat(100_000);
      await kiosk.distribute(await swupdate.image(content));
      await using broken = line(site.url, (response, count) =>
        count === 1 ? brokenAfter(response, 400_000) : response,
      );
      await swupdate.start(broken.url, "kiosk-7", kiosk.token, "-r 3");
      await happens("it is there", async () => (await swupdate.installed()) === content);
      expect(broken.ranges[0]).toBeNull();
      expect(broken.ranges.at(-1)).toMatch(/^bytes=\d+-$/);
    },
    60_000,
  );

  testSwupdate(
    "says why it refused the signature of a stranger",
    async () => {
      await using kiosk = await KioskSite.open();
      const { site, swupdate } = kiosk;
      await kiosk.distribute(await swupdate.image("version 1", "stranger"));
      await swupdate.start(site.url, "kiosk-7", kiosk.token);
      await happens("it failed", async () => (await kiosk.status()) === "failed");
      expect(await swupdate.installed()).toBeUndefined();
      expect(await kiosk.words()).toContain("closed/failure");
    },
    60_000,
  );
});
