import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { FOLDED_CHARACTERS } from "../../../protocols/syncml/print-annotated.ts";
import { recordOrder, recordSome } from "../../harness/recorded-sessions.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, ScenarioKit } from "./scenario-kit.ts";

let harness: ApiHarness;
let kit: ScenarioKit;
let device: DeviceId;
beforeAll(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
  device = (await kit.device("urn:uuid:till-1", "Windows")) as DeviceId;
  recordSome(harness.recorder, device, harness.nowMs, "urn:uuid:till-1");
}, 30_000);
afterAll(() => harness[Symbol.asyncDispose]());

const get = (path: string): Promise<Json> => kit.want(200, "GET", path);
const sessionOf = async (outcome: string): Promise<Json> =>
  (await get(`/devices/${device}/sessions?outcome=${outcome}`)).rows[0];
const raw = (path: string) => harness.ask("GET", path, { headers: kit.headers });

describe("sessions of devices", () => {
  test("are listed with how they ended and why, page by page", async () => {
    const first = await get(`/devices/${device}/sessions?limit=3`);
    expect(first.total).toBe(5);
    expect(first.rows.map(({ outcome }: Json) => outcome)).toEqual([
      "unreadable",
      "cut",
      "refused",
    ]);
    const rest = await get(`/devices/${device}/sessions?limit=3&cursor=${first.next}`);
    expect(rest.rows.map(({ outcome }: Json) => outcome)).toEqual(["finished", "finished"]);
    expect(rest.next).toBeNull();
    expect(first.recording).toMatchObject({ problem: null, notRecorded: 0 });
    const problems = await get(`/devices/${device}/sessions?problems=true`);
    expect(problems.total).toBe(4);
    expect((await get("/device-sessions")).total).toBe(5);
    expect((await get(`/device-sessions/${first.rows[0].id}`)).reason).toContain("xml-malformed");
  });

  test("an installation's order is told with what came back", async () => {
    const { commands, bytesIn, bytesOut, messages } = await sessionOf("finished");
    expect(commands.map(({ command, status }: Json) => `${command} ${status}`)).toEqual([
      "Atomic 507",
      "Add 216",
      "Exec 500",
    ]);
    expect([messages, bytesIn > 300, bytesOut > 300]).toEqual([4, true, true]);
  });

  test("messages are indented, with names, and without secrets", async () => {
    const { id } = await sessionOf("finished");
    const { rows, next, total } = await get(`/device-sessions/${id}/messages`);
    expect([rows.length, total, next]).toEqual([4, 4, null]);
    expect(rows.map(({ from }: Json) => from)).toEqual(["device", "server", "device", "server"]);
    expect(rows[0].text).toContain("<Alert> <!-- 1201 Client-initiated -->");
    expect(rows[0].text).toContain("    <Cred>\n");
    expect(rows[1].text).toContain("sig=[masked]");
    expect(rows[2].text).toContain("<!-- 500 Command failed: Exec 4 of message 1 -->");
    expect(JSON.stringify(rows)).not.toContain("SECRET");
    const second = await get(`/device-sessions/${id}/messages?limit=2&cursor=2`);
    expect(second.rows.map(({ number }: Json) => number)).toEqual([3, 4]);
  });

  test("a long value is shortened, and there in full for whoever asks", async () => {
    const { id } = await sessionOf("cut");
    const [folded] = (await get(`/device-sessions/${id}/messages`)).rows;
    expect(folded.text).toContain("… 62,900 characters in all");
    expect(folded.text.length).toBeLessThan(3_000 + FOLDED_CHARACTERS);
    const [whole] = (await get(`/device-sessions/${id}/messages?whole=true`)).rows;
    expect(whole.text).toContain("A line of a log. ".repeat(3_700).trim());
    const file = await raw(`/device-sessions/${id}/messages/1/raw`);
    expect(file.headers.get("Content-Type")).toBe("application/vnd.syncml.dm+xml");
    expect(await file.text()).toContain("A line of a log. ".repeat(3_700));
  });

  test("a raw message is in the encoding in which it travelled, secrets masked", async () => {
    const page = await get(`/devices/${device}/sessions?outcome=finished`);
    for (const { id, encoding } of page.rows) {
      const answer = await raw(`/device-sessions/${id}/messages/2/raw`);
      expect(answer.headers.get("Content-Type")).toBe(`application/vnd.syncml.dm+${encoding}`);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const root = encoding === "xml" ? parseXml(bytes) : parseWbxml(bytes);
      expect(root.name).toBe("SyncML");
      expect(Buffer.from(bytes).toString("latin1")).toContain("sig=[masked]");
      expect(Buffer.from(bytes).toString("latin1")).not.toContain("SECRET");
    }
    expect(page.rows.map(({ encoding }: Json) => encoding)).toEqual(["wbxml", "xml"]);
  });

  test("what could not be read is an outline with the reason", async () => {
    const { id } = await sessionOf("unreadable");
    const [message] = (await get(`/device-sessions/${id}/messages`)).rows;
    expect(message).toMatchObject({ form: "outline", from: "device" });
    expect(message.problem).toContain("xml-malformed");
    expect(message.text).toContain("<LocURI>urn:uuid:till-1</LocURI>");
    expect(message.text).not.toContain("SECRET");
    const file = await raw(`/device-sessions/${id}/messages/1/raw`);
    expect(file.headers.get("Content-Type")).toStartWith("text/plain");
  });

  test("a transcript has everything for whoever helps", async () => {
    const { id } = await sessionOf("refused");
    const text = await (await raw(`/device-sessions/${id}/transcript`)).text();
    expect(text).toContain("Outcome: refused. What it showed does not fit");
    expect(text).toContain("6. server to device");
    expect(text).toContain("<!-- 401 Invalid credentials: SyncHdr of message 3 -->");
    expect(text).not.toContain("SECRET");
  });

  test.each([
    "/device-sessions/999999",
    "/device-sessions/x",
    "/device-sessions/999999/messages",
    "/device-sessions/1/messages/99/raw",
    "/device-sessions/1/messages/0/raw",
    "/device-sessions/1/messages/x/raw",
    "/device-sessions/999999/transcript",
    `/devices/${"0".repeat(32)}/sessions`,
  ])("%s is not there", async (path) => {
    await kit.want(404, "GET", path);
  });

  test.each(["cursor=x", "outcome=lost", "limit=0", "colour=red"])(
    "a list with %s is refused",
    async (query) => {
      await kit.want(400, "GET", `/device-sessions?${query}`);
    },
  );

  test("viewers see no messages: names of people and devices are in them", async () => {
    const headers = await harness.token("viewer");
    for (const path of ["/device-sessions", "/device-sessions/1/messages"]) {
      expect((await harness.ask("GET", path, { headers })).status).toBe(403);
    }
  });

  test("settings are changed within their ranges, and hold at once", async () => {
    const standard = { record: "all", days: 14, perDevice: 50, megabytes: 256 };
    expect(await get("/settings/sessions")).toEqual(standard);
    for (const wrong of [{ days: 0 }, { perDevice: 1_001 }, { megabytes: 1.5 }, { record: "x" }]) {
      await kit.want(422, "PATCH", "/settings/sessions", wrong);
    }
    const off = await kit.want(200, "PATCH", "/settings/sessions", { record: "off" });
    expect(off).toEqual({ ...standard, record: "off" });
    const { total } = await get("/device-sessions");
    recordOrder(harness.recorder, device, harness.nowMs, { sessionId: "99" });
    expect((await get("/device-sessions")).total).toBe(total);
    await kit.want(200, "PATCH", "/settings/sessions", { record: "all" });
    const { rows } = await get("/audit?action=settings.sessions");
    expect(rows?.length ?? (await get("/audit?action=settings.sessions")).length).toBe(2);
  });
});
