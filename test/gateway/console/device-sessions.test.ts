import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { type ConsoleFixture, openConsole } from "../../harness/console-fixture.ts";
import { recordOrder, recordSome } from "../../harness/recorded-sessions.ts";
import { readPage } from "./read-page.ts";

let console_: ConsoleFixture;
let device: DeviceId;
beforeAll(async () => {
  console_ = await openConsole({ devices: 3 });
  const [first] = console_.data.devices;
  if (!first) throw new Error("the fixture has no device");
  device = first.id;
}, 30_000);
afterAll(() => console_[Symbol.asyncDispose]());

const page = async (path: string) => readPage(await console_.get(path, { accept: "text/html" }));

describe("the pages of sessions", () => {
  test("list what was said with a device, how it ended and why", async () => {
    const { status, text } = await page(`/devices/${device}/sessions`);
    expect(status).toBe(200);
    for (const words of ["Unreadable", "Broke off", "Refused", "Finished, a command failed"]) {
      expect(text).toContain(words);
    }
    expect(text).toContain("its password or its user name is another one");
    expect(text).toContain("→ 500 Command failed");
    const { text: refused } = await page(`/devices/${device}/sessions?outcome=refused`);
    expect(refused).toContain("1 row");
  });

  test("show messages decoded, and no secret anywhere", async () => {
    for (const id of [1, 2, 3, 4, 5]) {
      const { status, text, html } = await page(`/sessions/${id}`);
      expect([id, status]).toEqual([id, 200]);
      expect(html).not.toContain("SECRET");
      expect(text).toContain("LocURI");
    }
    const { text } = await page("/sessions/2");
    expect(text).toContain("<Status> <!-- 500 Command failed: Exec 4 of message 1 -->");
    const long = await page("/sessions/4");
    expect(long.text).toContain("62,900 characters in all");
    expect(long.html.length).toBeLessThan(60_000);
    const whole = await page("/sessions/4?whole=1");
    expect(whole.html.length).toBeGreaterThan(62_900);
    const unreadable = await page("/sessions/5");
    expect(unreadable.text).toContain("xml-malformed");
    expect(unreadable.text).toContain("it is not known what in it is a secret");
  });

  test("a moment leads to its session, or says that it is gone", async () => {
    const at = console_.deps.now() - 26 * 3_600_000 + 2_500;
    const found = await console_.get(`/devices/${device}/sessions?at=${at}`);
    expect([found.status, found.headers.get("location")]).toEqual([303, `/sessions/2?at=${at}`]);
    const gone = await console_.get(`/devices/${device}/sessions?at=${at + 3_600_000}`);
    expect(gone.headers.get("location")).toBe(`/devices/${device}/sessions`);
    expect((await page("/sessions/999")).status).toBe(404);
  });

  test("downloads are files", async () => {
    const transcript = await console_.get("/sessions/1/transcript");
    expect(transcript.headers.get("content-disposition")).toContain("session-1.txt");
    const raw = await console_.get("/sessions/2/messages/1/raw");
    expect(raw.headers.get("content-type")).toBe("application/vnd.syncml.dm+wbxml");
  });

  test("settings are saved, and a wrong number is said where it was typed", async () => {
    // What is switched off here would be missing in the other tests.
    await using own = await openConsole({ devices: 2 });
    const standard = { record: "problems", days: "7", perDevice: "20", megabytes: "64" };
    const wrong = await readPage(await own.post("/settings/sessions", { ...standard, days: "0" }));
    expect([wrong.status, wrong.text.includes("a whole number from 1 to 365")]).toEqual([
      422,
      true,
    ]);
    expect((await own.post("/settings/sessions", standard)).status).toBe(303);
    expect(own.deps.settings.read().sessions).toEqual({
      record: "problems",
      days: 7,
      perDevice: 20,
      megabytes: 64,
    });
    await own.post("/settings/sessions", { ...standard, record: "off" });
    expect((await readPage(await own.get("/sessions"))).text).toContain(
      "Recording is switched off",
    );
  });

  test("a page of many sessions leads to the next", async () => {
    await using many = await openConsole({ devices: 2 });
    const [first] = many.data.devices;
    if (!first) throw new Error("the fixture has no device");
    await many.deps.settings.write({
      sessions: { record: "all", days: 14, perDevice: 1_000, megabytes: 256 },
    });
    const nowMs = many.deps.now();
    for (let count = 0; count < 60; count++) {
      recordOrder(many.recorder, first.id, nowMs + count, { sessionId: String(count) });
    }
    recordSome(many.recorder, first.id, nowMs, first.stableId);
    const list = await readPage(await many.get("/sessions"));
    expect(list.text).toContain("50 of 70 rows");
    const next = list.links.find(({ href }) => href.includes("cursor="))?.href ?? "";
    expect((await readPage(await many.get(next))).text).toContain("20 of 70 rows");
  });

  test("viewers see neither the pages nor the way there", async () => {
    await using viewer = await openConsole({ devices: 2, as: "viewer" });
    expect((await viewer.get("/sessions", { accept: "text/html" })).status).toBe(403);
    expect((await (await viewer.get("/")).text()).includes('href="/sessions"')).toBe(false);
    const [first] = viewer.data.devices;
    const shown = await (await viewer.get(`/devices/${first?.id}`)).text();
    expect(shown).not.toContain("/sessions");
  });
});
