import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { z } from "zod";
import { ENCODINGS } from "../../protocols/syncml/encoding.ts";
import { type PhoneState, phone } from "../harness/phone.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";

const SETTLE_MS = 5_000;
const MIB = 1024 ** 2;
const SYNCML = { "content-type": "application/vnd.syncml.dm+xml" };
const FIRST = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";

/** A started site with a trusted proxy, and two devices: A attacks, B is attacked. */
describe("whoever sends what he should not", () => {
  let site: Scenario;
  let a: { id: string; raw: RawDevice };
  let b: { id: string; raw: RawDevice };
  beforeAll(async () => {
    site = await Scenario.start({
      role: "site",
      settings: {
        logLevel: "info",
        trustedProxies: "127.0.0.1",
        certificateSubjectHeader: "X-Client-Subject",
      },
    });
    await site.prepare();
    a = await site.device("a");
    b = await site.device("b");
  }, 60_000);
  afterAll(() => site[Symbol.asyncDispose]());

  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = SYNCML) =>
    fetch(`${site.url}/syncml`, { method: "POST", body, headers });
  const lines = () => readFileSync(site.gateway.process.logPath, "utf8").split("\n");
  /** The log line that holds all of these; it comes through a pipe, so a little later. */
  const logged = (...texts: readonly string[]) =>
    settled(`the log says ${texts.join(", ")}`, SETTLE_MS, async () =>
      lines().findLast((line) => texts.every((text) => line.includes(text))),
    );
  const header = async (raw: RawDevice) => (await raw.open()).statuses[0]?.code;

  const WBXML = { "content-type": "application/vnd.syncml.dm+wbxml" };
  test.each([
    ["that is cut off", wbxml("\x02\xa4\x01\x6a\0\x6d\x6c"), 400, "wbxml-truncated"],
    ["of another language", wbxml("\x02\x04\x6a\0\x2d"), 400, "wbxml-public-id"],
    ["with text outside of it", wbxml("\x02\xa4\x01\x6a\0\x2d\x03x\0"), 400, "wbxml-outside-root"],
    ["that is deep", wbxml(`\x02\xa4\x01\x6a\0${"\x54".repeat(99)}`), 400, "wbxml-too-deep"],
    ["that is XML", wbxml("<SyncML/>"), 400, "syncml-encoding"],
    ["of 20 MB", wbxml("\x02".repeat(20 * MIB)), 413, "too-large"],
  ])(
    "a message in WBXML %s is refused, and logged with the rule",
    async (_, body, status, rule) => {
      const answer = await post(body, WBXML);
      expect(answer.status).toBe(status);
      const { requestId } = (await answer.json()) as { requestId: string };
      const line = await logged('"message-refused"', requestId);
      expect(JSON.parse(line)).toMatchObject({ rule, address: "127.0.0.1" });
    },
  );

  test.each([
    ["that is not well-formed", "<SyncML><SyncHdr></SyncML>", 400, "xml-malformed"],
    ["that is empty", "", 400, "xml-malformed"],
    ["with a DOCTYPE", '<!DOCTYPE x [<!ENTITY e "e">]><SyncML>&e;</SyncML>', 400, "xml-doctype"],
    ["with NUL", "<SyncML>\0</SyncML>", 400, "xml-nul"],
    ["in WBXML", wbxml("\x02\xa4\x01\x6a\0\x2d"), 400, "syncml-encoding"],
    ["of UTF-16", new Uint8Array(Buffer.from("\ufeff<SyncML/>", "utf16le")), 400, "xml-bad-utf8"],
    ["of 20 MB", "x".repeat(20 * MIB), 413, "too-large"],
  ])("a message %s is refused, and logged with the rule", async (_, body, status, rule) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    const { requestId } = (await answer.json()) as { requestId: string };
    const line = await logged('"message-refused"', requestId);
    expect(JSON.parse(line)).toMatchObject({ rule, address: "127.0.0.1" });
  });

  test("a body without an end is answered and let go of", async () => {
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    const answer = await talk(
      site.url,
      "POST /syncml HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" +
        "Content-Type: application/vnd.syncml.dm+xml\r\n\r\n",
      chunk,
    );
    expect(answer).toStartWith("HTTP/1.1 413");
  });

  test("slow and silent connections keep nobody else from being served", async () => {
    const port = Number(new URL(site.url).port);
    const sockets = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const socket = connect(port, "127.0.0.1");
        await new Promise<void>((resolve) => socket.once("connect", resolve));
        socket.write("POST /syncml HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        return socket;
      }),
    );
    expect(await header(b.raw)).toBe(212);
    for (const socket of sockets) socket.destroy();
  });

  test.each(ENCODINGS)(
    "a stranger, a wrong secret, a wrong digest and A speaking for B get 401 and nothing else, in %s",
    async (encoding) => {
      const impostors = [
        new RawDevice({ ...a.raw.options, deviceId: "urn:uuid:nobody", encoding }),
        new RawDevice({ ...a.raw.options, password: "not the password", encoding }),
        new RawDevice({ ...a.raw.options, password: "not the password", auth: "md5", encoding }),
        new RawDevice({ ...a.raw.options, deviceId: b.raw.options.deviceId, encoding }),
        new RawDevice({
          ...a.raw.options,
          deviceId: b.raw.options.deviceId,
          auth: "md5",
          encoding,
        }),
      ];
      for (const impostor of impostors) {
        const answer = await impostor.open();
        expect(answer.statuses.map(({ code }) => code)).toEqual([401, 401, 401]);
        expect(answer.commands).toEqual([]);
      }
      await logged("unknown-device-knocked", "urn:uuid:nobody");
      await logged("device-not-authenticated", '"reason":"wrong"', a.id);
      expect(await header(b.raw)).toBe(212);
    },
  );

  test("a digest that was heard opens no other session, and does not go on with this one", async () => {
    const device = new RawDevice({ ...a.raw.options, auth: "md5" });
    const opened = await device.open();
    const heard = device.lastSent;
    await device.reply(opened, phone(state()));
    const replays = [heard, heard.replace(/<SessionID>\d+/, "<SessionID>77")];
    for (const replay of replays) {
      const answer = await (await device.send(replay)).text();
      expect(answer).toContain("<Data>401</Data>");
      expect(answer).not.toContain("EnterpriseAppManagement");
    }
    expect(await header(new RawDevice({ ...a.raw.options, auth: "md5" }))).toBe(212);
  });

  test("A's message that names B in DevInfo changes A at most", async () => {
    const before = await site.api.request(`/api/v1/devices/${b.id}`, z.looseObject({}));
    await a.raw.open();
    await a.raw.post(
      `${FIRST}<Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source>` +
        `<Data>${b.raw.options.deviceId}</Data></Item><Item><Source><LocURI>./DevInfo/Mod</LocURI>` +
        "</Source><Data>Owned</Data></Item></Replace><Final/>",
    );
    const after = await site.api.request(`/api/v1/devices/${b.id}`, z.looseObject({}));
    expect(after).toEqual(before);
  });

  test("guessing is slowed down for whoever guesses, behind the proxy too, and a restart forgives nothing", async () => {
    const { raw } = await site.device("guessed");
    const through = (device: RawDevice, client: string) =>
      new RawDevice({
        ...device.options,
        fetch: (url, init) =>
          fetch(url, {
            ...init,
            // What comes first is what the client claims; the proxy adds the last.
            headers: { ...init.headers, "x-forwarded-for": `192.0.2.1, ${client}` },
          }),
      });
    const device = through(raw, "192.0.2.20");
    expect(await header(device)).toBe(212);
    const guesser = through(
      new RawDevice({ ...raw.options, password: "not the password" }),
      "192.0.2.66",
    );
    const codes: number[] = [];
    for (let guess = 0; guess < 12; guess++) {
      guesser.answers = [];
      codes.push((await guesser.open().then(() => 401, statusOf)) as number);
    }
    expect(codes.filter((code) => code === 401)).toHaveLength(10);
    expect(codes.at(-1)).toBe(429);
    expect(await header(device)).toBe(212);
    expect(await header(raw)).toBe(212);
    expect(await header(b.raw)).toBe(212);
    await site.gateway.kill();
    await site.gateway.restart();
    expect(await guesser.open().then(() => 401, statusOf)).toBe(429);
    expect(await header(device)).toBe(212);
    await site.gateway.advance(2 * 60_000);
    expect(await header(through(raw, "192.0.2.66"))).toBe(212);
  });

  test.each(ENCODINGS)(
    "S-33 a download needs the link of this device and file, and the certificate letter for letter, in %s",
    async (encoding) => {
      const { id, raw } = await site.device(`loader-${encoding}`, {}, { encoding });
      const distribution = await site.distribute("1.0.0.0", {
        target: { kind: "device", device: id },
      });
      await site.request(id, distribution);
      await site.gateway.advance(60_000);
      let link = "";
      await raw.session(
        phone(
          state((command) => {
            const item = command.children[0]?.items.find(({ uri }) => uri.endsWith("/URL"));
            link = item?.data ?? link;
            return undefined;
          }),
        ),
      );
      const get = async (url: string, subject?: string, range?: string) => {
        const headers = new Headers();
        if (subject !== undefined) headers.set("X-Client-Subject", subject);
        if (range !== undefined) headers.set("Range", range);
        const answer = await fetch(url, { headers });
        return [answer.status, (await answer.arrayBuffer()).byteLength] as const;
      };
      const good = "CN=Device-42";
      const [, bytes] = await get(link, good);
      expect(await get(link, good)).toEqual([200, bytes]);
      const refused = [
        get(link, "CN=device-42"),
        get(link),
        get(link.replace(id, b.id), good),
        get(link.replace(/exp=\d+/, "exp=9999999999"), good),
        get(link.replace(/sig=./, "sig=%00"), good),
        get(link.replace(/[0-9a-f]{64}/, "0".repeat(64)), good),
        get(link.split("?")[0] ?? "", good),
      ];
      for (const [status] of await Promise.all(refused)) expect(status).toBe(403);

      expect(await get(link, good, "bytes=0-0")).toEqual([206, 1]);
      expect(await get(link, good, `bytes=${bytes}-`)).toEqual([416, 0]);
      expect(await get(link, good, "bytes=-0")).toEqual([416, 0]);
      const greedy = `bytes=${Array(400).fill("0-").join(",")}`;
      for (const range of [greedy, "bytes=5-2", "bytes=x-y", "lines=0-1"]) {
        expect(await get(link, good, range)).toEqual([200, bytes]);
      }
      await site.gateway.advance(26 * 60 * 60_000);
      expect((await get(link, good))[0]).toBe(403);
    },
  );

  test("S-33 criteria that nothing fits, or every device, are refused", async () => {
    for (const certificateSearchCriteria of [
      "Subject=CN%3DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1\\x00",
      "Subject=CN=B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1",
      "%00",
      "CN%3DDevice-42%00",
      "Device-42",
      "CN%3D",
    ]) {
      const answer = await site.api.raw("/api/v1/settings/enterprise", {
        method: "PATCH",
        json: { certificateSearchCriteria },
      });
      expect([certificateSearchCriteria, answer.status]).toEqual([certificateSearchCriteria, 422]);
    }
  });

  test("facts of one device are not taken for another's installation, and none of the list is kept", async () => {
    const own = await site.distribute("3.0.0.0", { target: { kind: "device", device: a.id } });
    const fact = { distribution: own, source: "windows-csp", value: "5" };
    const answer = await site.api.raw(`/api/v1/devices/${b.id}/facts`, {
      method: "POST",
      json: [fact],
    });
    expect(answer.status).toBe(422);
    const mixed = await site.api.raw(`/api/v1/devices/${a.id}/facts`, {
      method: "POST",
      json: [fact, { ...fact, distribution: "nobody-knows" }],
    });
    expect(mixed.status).toBe(422);
    expect((await site.row(a.id, own)).status).toBe("pending_install");
  });

  test("an upload that breaks off or lies about its length leaves nothing, and its reason in the log", async () => {
    const { token } = await site.api.request(
      "/api/v1/tokens",
      z.object({ token: z.string() }).loose(),
      {
        method: "POST",
        json: { name: "uploads", role: "operator" },
      },
    );
    const head = (length: string) =>
      `POST /api/v1/files?name=cut.bin HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\n` +
      `Authorization: Bearer ${token}\r\nContent-Length: ${length}\r\n\r\n`;
    await talk(site.url, `${head("1000000")}abc`);
    expect(await talk(site.url, head("99999999999999"))).toStartWith("HTTP/1.1 413");
    expect(await talk(site.url, head("-5"))).toStartWith("HTTP/1.1 400");
    const files = await (await site.api.send("/api/v1/files")).text();
    expect(files).not.toContain("cut.bin");
    await logged('"status":400', '"reason":"The upload broke off');
  });

  test("what is for people and probes needs a token or a session", async () => {
    for (const path of [
      "/metrics",
      "/docs",
      "/openapi.json",
      "/api/v1/devices",
      "/console/events",
    ]) {
      const { status } = await fetch(`${site.url}${path}`, { redirect: "manual" });
      expect([path, [302, 303, 401].includes(status)]).toEqual([path, true]);
    }
    for (const path of ["/livez", "/readyz"]) {
      expect((await fetch(`${site.url}${path}`)).status).toBe(200);
    }
  });

  test.each([
    [{ set: "2020-01-01T00:00:00Z" }, 409],
    [{ advanceMs: -1 }, 422],
    [{ advanceMs: 1e18 }, 422],
    [null, 400],
  ])("the test clock does not take %j", async (body, status) => {
    const answer = await fetch(`${site.url}/test/clock`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(status);
  });
});

function state(say?: PhoneState["say"]): PhoneState {
  return { seen: [], installed: null, download: null, ...(say && { say }) };
}

function statusOf(error: unknown): number {
  return Number(/HTTP (\d+)/.exec(String(error))?.[1]);
}

/** Speaks HTTP by hand: `text`, then `again` until there is an answer, then no more. */
async function talk(url: string, text: string, again?: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  let answer = "";
  socket.on("data", (bytes) => {
    answer += bytes;
    socket.end();
  });
  socket.on("error", () => undefined); // The other end has said what it wanted to say.
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.write(text);
  if (again === undefined) socket.end();
  else {
    const more = () => {
      if (answer === "" && !socket.destroyed && socket.write(again)) setImmediate(more);
    };
    socket.on("drain", more);
    more();
  }
  await closed;
  return answer;
}

/** Bytes, written as characters up to U+00FF. */
function wbxml(bytes: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(bytes, "latin1"));
}
