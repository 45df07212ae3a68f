import { describe, expect, spyOn, test } from "bun:test";
import { createHash } from "node:crypto";
import { z } from "zod";
import { sha256Hex } from "../../../devices/model/sha256.ts";
import { FEEDBACKS_MAX } from "../../../devices/service/ddi/job-state.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { decodeCbor, encodeCbor } from "../../../protocols/ddi/cbor.ts";
import { DDI_BODY_BYTES_MAX, DETAILS_MAX } from "../../../protocols/ddi/requests.ts";
import { BASE, CONTENT, type DdiDevice, DdiSite, stop } from "../../harness/ddi-site.ts";

const RAUC = "rauc-hawkbit-c-agent/1.0";
const HOUR_MS = 3_600_000;
/** Of the site's time zone; it is 13:00 there when tests begin. */
const NIGHT = { start: "2026-11-01T22:00", minutes: 120 };

/** A device with one job, on demand and asked for. */
async function withJob(site: DdiSite, ddi: Parameters<DdiSite["distribute"]>[2] = {}) {
  const device = await site.device("kiosk-7");
  const distribution = await site.distribute("1.0", {}, ddi);
  await device.request(distribution);
  return { device, distribution, ...(await jobOf(device)) };
}

async function jobOf(device: DdiDevice) {
  const number = await device.jobOf("deploymentBase");
  return { number, path: `/deploymentBase/${number}` };
}

describe("a poll", () => {
  test("without work asks for attributes, once", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const answer = await device.ask("");
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      config: { polling: { sleep: "00:05:00" } },
      _links: { configData: { href: `${BASE}/kiosk-7/configData` } },
    });
    expect((await device.send("PUT", "/configData", { data: { hw: "edge", n: 3 } })).status).toBe(
      200,
    );
    expect(await device.poll()).toEqual({});
    await device.send("PUT", "/configData", { mode: "remove", data: { hw: "" } });
    const kept = await site.core.context.store.attributes(device.id);
    expect(kept.map(({ name, value }) => [name, value])).toEqual([
      ["n", "3"],
      ["outpost.config-data", "remove"],
    ]);
  });

  test("speaks JSON, HAL and CBOR, and knows what it said before", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const accept = (type: string) => ({ headers: { accept: type } });
    const hal = await device.ask("", accept("application/hal+json"));
    expect(hal.headers.get("content-type")).toBe("application/hal+json");
    const cbor = await device.ask("", accept("application/cbor"));
    expect(cbor.headers.get("content-type")).toBe("application/cbor");
    const read = decodeCbor(new Uint8Array(await cbor.arrayBuffer()));
    expect(read).toEqual((await hal.json()) as never);
    const etag = cbor.headers.get("etag") ?? "";
    const again = await device.ask("", { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe("");
  });

  test("follows the setting, its rules, and the time until a window", async () => {
    await using site = await DdiSite.open();
    site.settings = { ...site.settings, pollingTime: "02:00:00, name:till* -> 00:01:00" };
    const kiosk = await site.device("kiosk-7");
    const till = await site.device("till-1");
    const sleep = async (device: DdiDevice) =>
      ((await (await device.ask("")).json()) as { config: { polling: { sleep: string } } }).config
        .polling.sleep;
    expect(await sleep(kiosk)).toBe("02:00:00");
    expect(await sleep(till)).toBe("00:01:00");
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    await site.distribute("1.0", { mode: "automatic" });
    site.core.nowMs += 8.5 * HOUR_MS; // 21:30
    const [hours, minutes] = (await sleep(kiosk)).split(":").map(Number);
    expect((hours ?? 0) * 60 + (minutes ?? 0)).toBeLessThanOrEqual(50);
    expect(await sleep(till)).toBe("00:01:00");
  });
});

describe("a job", () => {
  test("has its body, its history, and a tag that changes with its terms", async () => {
    await using site = await DdiSite.open();
    const { device, number, path } = await withJob(site);
    expect(number).toBeGreaterThan(0);
    expect(number).toBeLessThan(2 ** 31);
    const answer = await device.ask(path);
    expect(answer.status).toBe(200);
    const url = `${BASE}/kiosk-7/softwaremodules/${number * 100}/artifacts/app.swu`;
    const hash = (kind: string) => createHash(kind).update(CONTENT).digest("hex");
    expect(await answer.json()).toEqual({
      id: String(number),
      deployment: {
        download: "forced",
        update: "forced",
        chunks: [
          {
            part: "os",
            version: "1.0",
            name: "kiosk",
            artifacts: [
              {
                filename: "app.swu",
                hashes: { sha1: hash("sha1"), md5: hash("md5"), sha256: hash("sha256") },
                size: 100,
                _links: {
                  download: { href: url },
                  md5sum: { href: `${url}.MD5SUM` },
                  "download-http": { href: url },
                  "md5sum-http": { href: `${url}.MD5SUM` },
                },
              },
            ],
          },
        ],
      },
    });
    const etag = answer.headers.get("etag") ?? "";
    expect((await device.ask(path, { headers: { "if-none-match": etag } })).status).toBe(304);
    await device.report(path, "proceeding", "none", ["one", "two"]);
    const told = (await (await device.ask(`${path}?actionHistory=-1`)).json()) as object;
    expect(told).toMatchObject({ actionHistory: { status: "RUNNING", messages: ["two", "one"] } });
    const short = (await (await device.ask(`${path}?actionHistory=1`)).json()) as object;
    expect(short).toMatchObject({ actionHistory: { messages: ["two"] } });
  });

  test("is done when it is closed, and not before", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await withJob(site);
    await device.send("PUT", "/configData", { data: {} });
    expect(await device.report(path, "proceeding", "none", ["All Chunks Installed."])).toBe(200);
    expect((await device.row(distribution)).status).toBe("installing");
    expect(Object.keys(await device.poll())).toEqual(["deploymentBase"]);
    site.core.nowMs += 1000;
    expect(await device.report(path, "closed", "success", ["Update Installed."])).toBe(200);
    const row = await device.row(distribution);
    expect([row.status, row.version, row.nativeValue]).toEqual([
      "installed",
      "1.0",
      "closed/success",
    ]);
    const links = await device.poll();
    expect(links).toEqual({
      installedBase: `${device.base}/installedBase/${number}`,
      configData: `${device.base}/configData`,
    });
    const installed = await device.ask(`/installedBase/${number}?actionHistory=5`);
    expect(await installed.json()).toMatchObject({
      id: String(number),
      actionHistory: { status: "FINISHED" },
    });
    expect((await device.ask(path)).status).toBe(404);
    expect(await device.report(path, "closed", "success")).toBe(200); // The answer was lost.
    expect(await device.report(path, "proceeding")).toBe(410);
    expect(await device.report(path, "closed", "failure", ["later"])).toBe(410);
    expect((await device.row(distribution)).status).toBe("installed");
    const told = (await site.core.facts(device.id)).map(({ value, text }) => [value, text]);
    expect(told).toContainEqual(["closed/failure", "said of a job that was over: later"]);
  });

  test.each([
    ["scheduled", "none", "pending_install"],
    ["download", "none", "installing"],
    ["downloaded", "none", "installing"],
    ["proceeding", "none", "installing"],
    ["resumed", "none", "installing"],
    ["proceeding", "failure", "installing"],
    ["rejected", "none", "pending_install"],
    ["closed", "success", "installed"],
    ["closed", "none", "installed"],
    ["closed", "failure", "failed"],
  ])("%s/%s leads to %s", async (execution, finished, status) => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site);
    await device.ask(path);
    expect(await device.report(path, execution, finished)).toBe(200);
    expect((await device.row(distribution)).status).toBe(status as never);
  });

  test("that the device leaves by itself is new work", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await withJob(site);
    expect(await device.report(path, "canceled")).toBe(200);
    site.core.nowMs += HOUR_MS;
    expect(await device.jobOf("deploymentBase")).toBeGreaterThan(number);
    expect((await device.row(distribution)).attempt).toBe(2);
  });

  test("in CBOR does the same", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site);
    const body = encodeCbor({ status: { execution: "closed", result: { finished: "success" } } });
    const headers = { "content-type": "application/cbor" };
    const answer = await device.ask(`${path}/feedback`, { method: "POST", headers, body });
    expect(answer.status).toBe(200);
    expect((await device.row(distribution)).status).toBe("installed");
  });

  test("keeps so much feedback, and its end all the same", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site);
    const { store } = site.core.context;
    const [job] = await store.jobs(device.id);
    const state = JSON.stringify({ ...JSON.parse(job?.state ?? "{}"), feedbacks: FEEDBACKS_MAX });
    if (job) await store.commit([{ device: device.id, jobs: [{ ...job, state }] }]);
    const before = (await site.core.facts(device.id)).length;
    expect(await device.report(path, "proceeding")).toBe(200);
    expect((await site.core.facts(device.id)).length).toBe(before);
    expect(await device.report(path, "closed", "success")).toBe(200);
    expect((await device.row(distribution)).status).toBe("installed");
  });

  test("of which so much was said ends by whatever word ends it, and its restart is awaited", async () => {
    for (const [execution, details, handling] of [
      ["downloaded", [], "download-only"],
      ["canceled", [], "forced"],
      ["proceeding", ["All Chunks Installed."], "forced"],
    ] as const) {
      await using site = await DdiSite.open();
      const { device, path } = await withJob(site, { handling });
      await device.ask(path);
      const { store } = site.core.context;
      const [job] = await store.jobs(device.id);
      const state = { ...JSON.parse(job?.state ?? "{}"), feedbacks: FEEDBACKS_MAX };
      const full = { ...job, state: JSON.stringify(state) } as NonNullable<typeof job>;
      await store.commit([{ device: device.id, jobs: [full] }]);
      expect(await device.report(path, execution, "none", details)).toBe(200);
      const [now] = await store.jobs(device.id);
      const { ended, awaitsRestart } = JSON.parse(now?.state ?? "{}");
      expect(ended !== null || awaitsRestart).toBe(true);
    }
  });

  test("keeps the lines of a log that came at once, and no more than so many", async () => {
    await using site = await DdiSite.open();
    const { device, path } = await withJob(site);
    const lines = Array.from({ length: DETAILS_MAX + 1 }, (_, n) => `line ${n}`);
    expect(await device.report(path, "proceeding", "none", lines)).toBe(200);
    const [fact] = (await site.core.facts(device.id)).slice(-1);
    expect(fact?.text).toBe(lines.slice(0, DETAILS_MAX).join("\n"));
  });

  test("one after the other, the oldest first", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await withJob(site);
    expect(await device.jobOf("deploymentBase")).toBe(number);
    const newer = await site.distribute("2.0");
    expect(await device.jobOf("cancelAction")).toBe(number);
    expect((await device.ask(path)).status).toBe(404);
    expect((await device.row(distribution)).reason).toBe("superseded");
    await device.report(`/cancelAction/${number}`, "closed", "success");
    await device.request(newer);
    expect(await device.jobOf("deploymentBase")).not.toBe(number);
  });
});

describe("a cancellation", () => {
  test("is over when the device says closed", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await withJob(site);
    await device.report(path, "proceeding");
    expect((await device.ask(`/cancelAction/${number}`)).status).toBe(404);
    expect(await device.report(`/cancelAction/${number}`, "closed", "success")).toBe(405);
    await stop(site, distribution);
    const answer = await device.ask((await device.poll()).cancelAction ?? "");
    expect(await answer.json()).toEqual({
      id: String(number),
      cancelAction: { stopId: String(number) },
    });
    expect(await device.report(`/cancelAction/${number}`, "canceled")).toBe(200);
    expect(Object.keys(await device.poll())).toContain("cancelAction");
    expect(await device.report(`/cancelAction/${number}`, "closed", "success")).toBe(200);
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    expect(await device.report(`/cancelAction/${number}`, "closed", "success")).toBe(200);
    expect(await device.report(path, "proceeding")).toBe(410);
    expect((await device.row(distribution)).status).toBe("pending_install");
  });

  test("that came too late: what was done all the same is written down, and counts", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await withJob(site);
    await device.report(path, "proceeding");
    await stop(site, distribution);
    await device.poll();
    await device.report(`/cancelAction/${number}`, "closed", "success");
    expect(await device.report(path, "closed", "failure", ["aborted"])).toBe(410);
    expect((await device.row(distribution)).status).toBe("pending_install");
    expect(await device.report(path, "closed", "success", ["Skipped Update."])).toBe(410);
    expect((await device.row(distribution)).status).toBe("pending_install");
    expect(await device.report(path, "closed", "success", ["it was done by then"])).toBe(410);
    const row = await device.row(distribution);
    expect([row.status, row.counted, row.version]).toEqual(["installed", true, "1.0"]);
    const told = (await site.core.facts(device.id)).map(({ value, text }) => [value, text]);
    expect(told).toContainEqual(["closed/failure", "said of a job that was over: aborted"]);
    expect(told).toContainEqual(["closed/success", "it was done by then"]);
    expect(await device.poll()).toHaveProperty("installedBase");
  });

  test("of an attempt that another has followed is history", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site);
    await device.report(path, "canceled");
    site.core.nowMs += HOUR_MS;
    await device.jobOf("deploymentBase");
    const before = await device.row(distribution);
    expect(before.attempt).toBe(2);
    expect(await device.report(path, "closed", "success", ["the first"])).toBe(410);
    const now = await device.row(distribution);
    expect([now.status, now.attempt]).toEqual([before.status, 2]);
    const told = await site.core.facts(device.id);
    expect(told.find(({ text }) => text === "the first")?.value).toBe("closed/success");
  });

  test.each([
    ["rejected", "none"],
    ["closed", "failure"],
  ])(
    "that is answered %s/%s is not asked for again, and the end is awaited",
    async (execution, finished) => {
      await using site = await DdiSite.open();
      const { device, distribution, number, path } = await withJob(site);
      await device.report(path, "proceeding");
      await stop(site, distribution);
      await device.poll();
      expect(await device.report(`/cancelAction/${number}`, execution, finished)).toBe(200);
      expect(Object.keys(await device.poll())).toEqual(["configData"]);
      expect(await device.report(path, "closed", "success")).toBe(200);
      expect((await device.row(distribution)).status).toBe("installed");
    },
  );
});

describe("a window", () => {
  test("that is closed hides the job from whoever would skip it", async () => {
    await using site = await DdiSite.open();
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0", { mode: "automatic" });
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    expect((await device.row(distribution)).reason).toBe("window");
    site.core.nowMs += 11 * HOUR_MS - 1; // The window's last moment.
    const path = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
    expect(await (await device.ask(path)).json()).toMatchObject({
      deployment: { update: "forced", maintenanceWindow: "available" },
    });
    await device.report(path, "proceeding");
    site.core.nowMs += 2;
    // It has begun, and is hidden until the next window all the same.
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    site.core.nowMs += 22 * HOUR_MS;
    expect(Object.keys(await device.poll())).toContain("deploymentBase");
  });

  test("that is closed lets whoever waits for it fetch ahead", async () => {
    await using site = await DdiSite.open();
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    device.userAgent = RAUC;
    const distribution = await site.distribute("1.0", { mode: "automatic" });
    const number = await device.jobOf("deploymentBase");
    const path = `/deploymentBase/${number}`;
    expect(await (await device.ask(path)).json()).toMatchObject({
      deployment: { download: "forced", update: "skip", maintenanceWindow: "unavailable" },
    });
    expect(await device.report(path, "proceeding", "none", ["File checksum OK."])).toBe(200);
    expect(await device.row(distribution)).toMatchObject({
      status: "pending_install",
      reason: "window",
    });
    site.core.nowMs += 11 * HOUR_MS - 1;
    expect(await device.jobOf("deploymentBase")).toBe(number);
    expect(await (await device.ask(path)).json()).toMatchObject({
      deployment: { update: "forced" },
    });
    await device.report(path, "closed", "success");
    expect((await device.row(distribution)).status).toBe("installed");
  });

  test("skipped is never installed", async () => {
    await using site = await DdiSite.open();
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    // It says that it waits, and does not.
    await device.send("PUT", "/configData", { data: { "outpost.windows": "true" } });
    const distribution = await site.distribute("1.0", { mode: "automatic" });
    const path = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
    await device.ask(path);
    expect(await device.report(path, "closed", "success", ["Skipped Update."])).toBe(200);
    expect((await device.row(distribution)).status).toBe("pending_install");
    expect(Object.keys(await device.poll())).toEqual([]);
    site.core.nowMs += 11 * HOUR_MS - 1;
    await device.ask((await device.poll()).deploymentBase ?? "");
    await device.report(path, "proceeding", "none", ["Installing Update Chunk Artifacts."]);
    await device.report(path, "closed", "success", ["Update Installed."]);
    expect((await device.row(distribution)).status).toBe("installed");
  });

  test("does not exist for what is only to be fetched", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site, { handling: "download-only" });
    expect(await (await device.ask(path)).json()).toMatchObject({
      deployment: { download: "forced", update: "skip" },
    });
    expect(await device.report(path, "downloaded", "success")).toBe(200);
    expect((await device.row(distribution)).status).toBe("pending_install");
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
  });
});

describe("consent", () => {
  async function withQuestion(site: DdiSite) {
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0", { question: "Now?" });
    await device.request(distribution);
    return { device, distribution };
  }

  test("comes before the job", async () => {
    await using site = await DdiSite.open();
    const { device, distribution } = await withQuestion(site);
    const reason = async () => {
      const row = await device.row(distribution);
      return [row.status, row.reason, row.reasonDetail];
    };
    const number = await device.jobOf("confirmationBase");
    const asked = ["pending_install", "user", expect.stringContaining("no answer")];
    expect(await reason()).toEqual(asked);
    expect((await device.ask(`/deploymentBase/${number}`)).status).toBe(404);
    expect(await device.report(`/deploymentBase/${number}`, "proceeding")).toBe(404);
    const body = (await (await device.ask(`/confirmationBase/${number}`)).json()) as object;
    expect(body).toMatchObject({ id: String(number), confirmation: { download: "forced" } });
    const say = (confirmation: string) =>
      device.send("POST", `/confirmationBase/${number}/feedback`, {
        confirmation,
        details: ["me"],
      });
    expect((await say("denied")).status).toBe(200);
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    expect(await reason()).toEqual(["pending_install", "user", expect.stringContaining("said no")]);
    site.core.nowMs += HOUR_MS + 1;
    expect(await device.jobOf("confirmationBase")).toBe(number);
    expect(await reason()).toEqual(asked);
    expect((await say("confirmed")).status).toBe(200);
    expect((await reason())[1]).toBe("contact");
    expect((await say("confirmed")).status).toBe(404);
    expect(await device.jobOf("deploymentBase")).toBe(number);
  });

  test("that the device gives for all that comes ends what is waited for", async () => {
    await using site = await DdiSite.open();
    const { device, distribution } = await withQuestion(site);
    await device.jobOf("confirmationBase");
    expect((await device.row(distribution)).reason).toBe("user");
    await device.send("POST", "/confirmationBase/activateAutoConfirm", {});
    await device.jobOf("deploymentBase");
    expect((await device.row(distribution)).reason).toBe("contact");
  });

  test("may be given for all that comes", async () => {
    await using site = await DdiSite.open();
    const { device } = await withQuestion(site);
    const base = `${device.base}/confirmationBase`;
    const number = await device.jobOf("confirmationBase");
    expect(await (await device.ask("/confirmationBase")).json()).toMatchObject({
      autoConfirm: { active: false },
      _links: { activateAutoConfirm: { href: `${base}/activateAutoConfirm` } },
    });
    const activate = () =>
      device.send("POST", "/confirmationBase/activateAutoConfirm", { initiator: "me" });
    expect((await activate()).status).toBe(200);
    expect((await activate()).status).toBe(409);
    expect(await (await device.ask("/confirmationBase")).json()).toEqual({
      autoConfirm: { active: true, initiator: "me", activatedAt: site.core.nowMs },
      _links: { deactivateAutoConfirm: { href: `${base}/deactivateAutoConfirm` } },
    });
    expect(await device.jobOf("deploymentBase")).toBe(number);
    await device.send("POST", "/confirmationBase/deactivateAutoConfirm", {});
    expect(await device.jobOf("confirmationBase")).toBe(number);
  });
});

test("the page of consent is one contact, and offers nothing that it does not carry", async () => {
  await using site = await DdiSite.open();
  const device = await site.device("kiosk-7");
  const plain = await site.distribute("1.0");
  await device.request(plain);
  const contacts = spyOn(site.core.context.lock, "run");
  expect(await (await device.ask("/confirmationBase")).json()).toMatchObject({
    _links: { activateAutoConfirm: {} },
  });
  expect(contacts).toHaveBeenCalledTimes(1);
  expect((await device.row(plain)).offeredAtMs).toBeNull();
  expect(await site.core.context.store.jobs(device.id)).toEqual([]);

  const { number, path } = await jobOf(device);
  await device.report(path, "closed", "success");
  const asking = await site.distribute("2.0", { question: "Now?" });
  await device.request(asking);
  const answer = await (await device.ask("/confirmationBase")).json();
  const { href } = z
    .looseObject({ _links: z.looseObject({ confirmationBase: z.object({ href: z.string() }) }) })
    .parse(answer)._links.confirmationBase;
  expect(href).toStartWith(`${device.base}/confirmationBase/`);
  expect((await device.ask(href)).status).toBe(200);
  expect(href).not.toContain(`/${number}?`);
});

describe("an artifact", () => {
  async function withUrl(site: DdiSite) {
    const made = await withJob(site);
    return { ...made, url: `/softwaremodules/${made.number * 100}/artifacts/app.swu` };
  }

  test("is served whole, in parts and by its sum", async () => {
    await using site = await DdiSite.open();
    const { device, number, url } = await withUrl(site);
    const sha1 = createHash("sha1").update(CONTENT).digest("hex");
    const head = await device.ask(url, { method: "HEAD" });
    expect(head.status).toBe(200);
    expect(head.headers.get("content-length")).toBe("100");
    expect(head.headers.get("etag")).toBe(`"${sha1}"`);
    const part = (range: string, more: Record<string, string> = {}) =>
      device.ask(url, { headers: { range, ...more } });
    expect(await (await device.ask(url)).text()).toBe(CONTENT);
    const one = await part("bytes=95-");
    expect([one.status, await one.text(), one.headers.get("content-range")]).toEqual([
      206,
      "56789",
      "bytes 95-99/100",
    ]);
    const several = await part("bytes=0-1,-2");
    const text = await several.text();
    expect(several.status).toBe(206);
    expect(several.headers.get("content-type")).toMatch(/^multipart\/byteranges; boundary=/);
    expect(several.headers.get("content-length")).toBe(String(text.length));
    expect(text).toContain("Content-Range: bytes 0-1/100\r\n\r\n01\r\n--");
    expect(text).toContain("Content-Range: bytes 98-99/100\r\n\r\n89\r\n--");
    const beyond = await part("bytes=100-");
    expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */100"]);
    expect((await part("bytes=0-1", { "if-range": '"other"' })).status).toBe(200);
    expect((await part("bytes=0-1", { "if-range": `"${sha1}"` })).status).toBe(206);
    expect((await device.ask(url, { headers: { "if-match": '"other"' } })).status).toBe(412);
    const md5 = createHash("md5").update(CONTENT).digest("hex");
    expect(await (await device.ask(`${url}.MD5SUM`)).text()).toBe(`${md5}  app.swu`);
    const list = await device.ask(`/softwaremodules/${number * 100}/artifacts`);
    expect(await list.json()).toMatchObject([{ filename: "app.swu", size: 100 }]);
  });

  test("is for whoever has it to do, as long as it is to be done", async () => {
    await using site = await DdiSite.open();
    const { device, number, path, url } = await withUrl(site);
    const other = await site.device("kiosk-8");
    expect((await other.ask(url)).status).toBe(404);
    expect((await other.ask(path)).status).toBe(404);
    expect(await other.report(path, "closed", "success")).toBe(404);
    expect(
      (await device.ask(`/softwaremodules/${number * 100 + 1}/artifacts/app.swu`)).status,
    ).toBe(404);
    expect(
      (await device.ask(`/softwaremodules/${number * 100}/artifacts/..%2Fapp.swu`)).status,
    ).toBe(404);
    await device.report(path, "closed", "success");
    expect((await device.ask(url)).status).toBe(404);
  });
});

describe("who asks", () => {
  const ask = async (
    site: DdiSite,
    headers: Record<string, string>,
    path = "DEFAULT/controller/v1/kiosk-7",
  ) => {
    const answer = await site.request(`http://site.test/${path}`, { headers });
    return [answer.status, (await answer.text()).length > 0];
  };

  test("shows a token of its own, or nothing is said", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const other = await site.device("kiosk-8");
    const token = { authorization: `TargetToken ${device.token}` };
    expect(await ask(site, token)).toEqual([200, true]);
    expect(await ask(site, token, "default/controller/v1/kiosk-7")).toEqual([200, true]);
    for (const [headers, path] of [
      [{}, undefined],
      [{ authorization: "TargetToken wrong" }, undefined],
      [{ authorization: `TargetToken ${other.token}` }, undefined],
      [{ authorization: `GatewayToken ${device.token}` }, undefined],
      [{ authorization: `Bearer ${device.token}` }, undefined],
      [token, "OTHER/controller/v1/kiosk-7"],
      [token, "DEFAULT/controller/v1/kiosk-9"],
    ] as const) {
      expect(await ask(site, headers, path)).toEqual([401, false]);
    }
    site.settings = { ...site.settings, targetToken: false };
    expect(await ask(site, token)).toEqual([401, false]);
  });

  test("may show the gateway's token, where that is on; strangers knock, or plug and play", async () => {
    await using site = await DdiSite.open();
    const gateway = { authorization: "GatewayToken secret" };
    const digest = sha256Hex("secret");
    site.settings = { ...site.settings, gatewayTokenDigest: digest };
    expect(await ask(site, gateway)).toEqual([401, false]);
    site.settings = { ...site.settings, gatewayToken: true };
    expect(await ask(site, gateway)).toEqual([401, false]);
    const { store } = site.core.context;
    expect(await store.findByAlias("ddi", "kiosk-7")).toBeUndefined();
    const knocks = site.core.database.connection
      .prepare("SELECT protocol, external_id FROM knocks")
      .rows();
    expect(knocks).toEqual([["ddi", "kiosk-7"]]);
    site.settings = { ...site.settings, plugAndPlay: true };
    await registerDevice(site.core.context, { stableId: "pc", platform: "Windows" }, "test");
    const url = `${BASE}/pc`;
    expect((await site.request(url, { headers: gateway })).status).toBe(401);
    const said = site.core.database.connection
      .prepare("SELECT details FROM knocks WHERE external_id = 'pc'")
      .rows();
    expect(String(said[0]?.[0])).toContain("is known already as");
    const [one] = await Promise.all([ask(site, gateway), ask(site, gateway)]);
    expect(one).toEqual([200, true]);
    expect(await store.findByAlias("ddi", "kiosk-7")).toMatchObject({ osPlatform: "Linux" });
    expect(await ask(site, { authorization: "GatewayToken wrong" })).toEqual([401, false]);
  });

  test("may have a certificate that a trusted proxy has seen", async () => {
    await using site = await DdiSite.open();
    await site.device("kiosk-7");
    site.settings = { ...site.settings, certificate: true, authorities: ["AB:CD:EF"] };
    const shown = {
      "x-controller-id": "kiosk-7",
      "x-authority-0": "11",
      "x-authority-1": "abcdef",
    };
    expect(await ask(site, shown)).toEqual([401, false]);
    site.core.proxies = { includes: () => true };
    expect(await ask(site, shown)).toEqual([200, true]);
    expect(await ask(site, { ...shown, "x-controller-id": "kiosk-8" })).toEqual([401, false]);
    expect(await ask(site, { ...shown, "x-authority-1": "12" })).toEqual([401, false]);
    expect(await ask(site, { "x-controller-id": "kiosk-7", "x-authority": "1, AB:cd:EF" })).toEqual(
      [200, true],
    );
  });
});

describe("what makes no sense", () => {
  test.each([
    ["not json", 400],
    ["{}", 400],
    ['{"status":{"execution":"flying","result":{"finished":"none"}}}', 400],
    ['{"status":{"execution":"closed","result":{"finished":"maybe"}}}', 400],
    ['{"status":{"execution":"closed"}}', 400],
    [" ".repeat(DDI_BODY_BYTES_MAX + 1), 413],
  ])("is refused, and nothing is lost (%#)", async (body, status) => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await withJob(site);
    const before = await device.row(distribution);
    const answer = await device.ask(`${path}/feedback`, { method: "POST", body });
    expect(answer.status).toBe(status);
    expect(await device.row(distribution)).toEqual(before);
  });

  test("paths without a meaning are not found", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    for (const path of [
      "/deploymentBase/0",
      "/deploymentBase/x",
      "/deploymentBase/99",
      "/installedBase/1",
    ]) {
      expect((await device.ask(path)).status).toBe(404);
    }
    const reserved = await device.send("PUT", "/configData", {
      data: { "outpost.auto-confirm": "{}" },
    });
    expect(reserved.status).toBe(400);
    const many = Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`a${n}`, "b"]));
    expect((await device.send("PUT", "/configData", { data: many })).status).toBe(403);
  });
});

test("what was installed by other means is told", async () => {
  await using site = await DdiSite.open();
  const device = await site.device("kiosk-7");
  const distribution = await site.distribute("1.0");
  const tell = (version: string) =>
    device.send("PUT", "/installedBase", { name: "kiosk-image", version });
  expect((await tell("2.0")).status).toBe(404);
  expect((await tell("1.0")).status).toBe(201);
  expect((await tell("1.0")).status).toBe(200);
  expect((await device.row(distribution)).status).toBe("installed");
});
