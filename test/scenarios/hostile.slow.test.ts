import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { ENCODINGS, type Encoding } from "../../protocols/syncml/encoding.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { Scenario } from "../harness/scenario.ts";
import { EAM } from "../harness/site-core.ts";
import { command, message, Upstream } from "../harness/upstream.ts";
import { loadFixtures } from "../protocols/syncml/fixtures.ts";
import { hostileDocuments } from "../protocols/syncml/hostile.ts";

const Token = z.looseObject({ token: z.string() });
const ROOT = "./Vendor/MSFT/EnterpriseAppManagement";
const MIB = 1024 ** 2;

const invalid = await loadFixtures("invalid", ".error.txt");

/** Whatever is wrong with what comes in gets a Status or an error that names the rule it breaks. */
describe("hostile input over HTTP", () => {
  let site: Scenario;
  let device: { id: string; raw: RawDevice };
  let token: string;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    await site.prepare();
    device = await site.device("hostile");
    const made = await site.api.request("/api/v1/tokens", Token, {
      method: "POST",
      json: { name: "upstream", role: "operator", scopes: ["csp:write"] },
    });
    token = made.token;
  }, 60_000);
  afterAll(() => site[Symbol.asyncDispose]());

  const doors = () => [`${site.url}/syncml`, `${site.url}/csp/${device.id}`];
  const post = (url: string, body: Uint8Array, encoding: Encoding) =>
    fetch(url, {
      method: "POST",
      body: Uint8Array.from(body),
      headers: {
        "content-type": `application/vnd.syncml.dm+${encoding}`,
        authorization: `Bearer ${token}`,
      },
    });
  const isServed = async (encoding: Encoding) => {
    const { statuses } = await new RawDevice({ ...device.raw.options, encoding }).open();
    expect(statuses[0]?.code).toBe(212);
  };
  const upstream = (encoding: Encoding) =>
    new Upstream({ url: `${site.url}/csp/${device.id}`, token, encoding });

  test("what is malformed is refused by both doors, with its rule", async () => {
    for (const { file, bytes, encoding, expected } of invalid) {
      // Commands without a SyncHdr are for the virtual tree. [Q43]
      const refusing = expected.startsWith("syncml-no-header") ? doors().slice(0, 1) : doors();
      for (const url of refusing) {
        const answer = await post(url, bytes, encoding);
        expect([file, url, answer.status]).toEqual([file, url, 400]);
        const problem = (await answer.json()) as { rule?: string; detail?: string };
        const said = `${answer.status} ${problem.rule}: ${problem.detail}`;
        // What reads like the other encoding is refused for that.
        const rules = [`400 ${expected.trim()}`, "400 syncml-encoding"];
        expect([file, url, rules.some((rule) => said.startsWith(rule)) ? "named" : said]).toEqual([
          file,
          url,
          "named",
        ]);
      }
    }
    for (const encoding of ENCODINGS) await isServed(encoding);
  });

  test("what is made to be dear is answered, and so is everybody else", async () => {
    for (const { name, bytes, encoding } of hostileDocuments()) {
      for (const url of doors()) {
        const answer = await post(url, bytes, encoding);
        const text = await answer.text();
        // Its root is none of SyncML: the rule is named. Where it is a command, each gets a Status.
        const isNamed = answer.status === 400 && /"rule":"[a-z0-9-]+"/.test(text);
        expect([name, url, isNamed || answer.status === 200]).toEqual([name, url, true]);
      }
    }
    for (const encoding of ENCODINGS) {
      for (const url of doors()) {
        const answer = await post(url, new Uint8Array(20 * MIB), encoding);
        expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
          413,
          "too-large",
        ]);
      }
      await isServed(encoding);
    }
  }, 60_000);

  const alert = (code: string, items = "") =>
    `<Alert><CmdID>3</CmdID><Data>${code}</Data>${items}</Alert>`;
  const results = (items: string) =>
    `<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>9</CmdRef>${items}</Results>`;
  const chunk = (data: string, size?: number, more = true) =>
    `<Item><Source><LocURI>./x</LocURI></Source>` +
    (size === undefined ? "" : `<Meta><Size xmlns="syncml:metinf">${size}</Size></Meta>`) +
    `<Data>${data}</Data>${more ? "<MoreData/>" : ""}</Item>`;
  const replace = (item: string) => `<Replace><CmdID>3</CmdID>${item}</Replace>`;

  /** What a device says in the second message of its session, and the Status of it. */
  const MISTAKES = [
    ["a command without a CmdID", "<Alert><Data>1226</Data></Alert>", "Alert 400"],
    ["an alert without a code", "<Alert><CmdID>3</CmdID></Alert>", "Alert 400"],
    ["an alert that is none", alert("1299"), "Alert 406"],
    ["an alert of another kind of number", alert("twelve"), "Alert 400"],
    ["an alert that only servers send", alert("1101"), "Alert 406"],
    ["an event that nobody knows", alert("1224", "<Item><Data>1</Data></Item>"), "Alert 406"],
    ["a generic alert without a type", alert("1226", "<Item><Data>1</Data></Item>"), "Alert 415"],
    ["a command of servers", command("Add", "./x", "1", "chr", "3"), "Add 405"],
    ["an Exec", command("Exec", "./x", "1", "chr", "3"), "Exec 405"],
    ["an Atomic", "<Atomic><CmdID>3</CmdID></Atomic>", "Atomic 405"],
    ["a command of data synchronisation", "<Map><CmdID>3</CmdID></Map>", "Map 501"],
    ["a Replace of what is no DevInfo", replace(chunk("1", undefined, false)), "Replace 405"],
    ["an object of unknown size", results(chunk("half")), "Results 411"],
    ["an object that is too large", results(chunk("half", 999_999_999)), "Results 416"],
    ["more than was announced", results(chunk("more than two", 2)), "Results 424"],
    ["an item behind a chunk", results(chunk("half", 9) + chunk("x", 1)), "Results 400"],
    ["a chunk that is taken", results(chunk("half", 9)), "Results 213"],
  ] as const;

  test.each(ENCODINGS)("a device's mistakes get a Status each, in %s", async (encoding) => {
    for (const [what, body, wanted] of MISTAKES) {
      const raw = new RawDevice({ ...device.raw.options, encoding });
      await raw.open();
      const { statuses } = await raw.post(`${body}<Final/>`);
      const said = statuses.filter(({ cmdRef }) => cmdRef !== "0");
      expect([what, said.map(({ cmd, code }) => `${cmd} ${code}`)]).toEqual([what, [wanted]]);
    }
    await isServed(encoding);
  });

  test.each(ENCODINGS)("an object that breaks off is said to be so, in %s", async (encoding) => {
    const raw = new RawDevice({ ...device.raw.options, encoding });
    await raw.open();
    await raw.post(results(chunk("half", 9)));
    const answer = await raw.post(`${alert("1222")}${results(chunk("else", 7))}<Final/>`);
    expect(answer.xml).toContain("<Data>1225</Data>");
    expect(answer.statuses.map(({ cmd, code }) => `${cmd} ${code}`)).toContain("Results 213");
  });

  test.each(ENCODINGS)("headers that do not fit are refused, in %s", async (encoding) => {
    const raw = new RawDevice({ ...device.raw.options, encoding });
    await raw.open();
    const send = async (change: (xml: string) => string) => {
      const answer = await raw.send(change(raw.envelope("<Final/>")));
      const bytes = new Uint8Array(await answer.arrayBuffer());
      return { status: answer.status, text: Buffer.from(bytes).toString("latin1") };
    };
    const version = await send((xml) =>
      xml.replace(">1.2<", ">2.0<").replace("MsgID>1", "MsgID>2"),
    );
    expect([version.status, version.text.includes("505")]).toEqual([200, true]);
    const back = new RawDevice({ ...device.raw.options, encoding });
    await back.open();
    await back.post(`${alert("1222")}<Final/>`);
    const old = await back.send(back.envelope("<Final/>").replace(/MsgID>\d+/, "MsgID>2"));
    expect([old.status, await old.text()]).toMatchObject([
      400,
      expect.stringContaining('"rule":"dm-message-order"'),
    ]);
  });

  /** What an upstream server sends to a virtual tree. */
  const ORDERS = [
    ["no item", "<Get><CmdID>1</CmdID></Get>", 412],
    ["no CmdID", command("Get", EAM).replace(/<CmdID>.*<\/CmdID>/, ""), 400],
    ["no target", "<Get><CmdID>1</CmdID><Item><Data>1</Data></Item></Get>", 404],
    ["an address of another tree", command("Get", "./Vendor/MSFT/Policy"), 404],
    ["a way out of the tree", command("Get", `${EAM}/../../../etc`), 404],
    ["an address that is too long", command("Get", `${EAM}/${"x".repeat(1100)}`), 414],
    ["a list that is none", command("Get", `${ROOT}?list=Everything`), 406],
    ["a wrong format", command("Add", `${EAM}/CRLCheck`, "1", "node"), 415],
    ["a wrong value", command("Add", `${EAM}/StoreUri`, "javascript:alert(1)"), 400],
    [
      "a value that is too long",
      command("Add", `${EAM}/StoreUri`, `http://a/${"x".repeat(9_999)}`),
      413,
    ],
    [
      "a chunk",
      command("Add", `${EAM}/CRLCheck`, "1").replace("</Data>", "</Data><MoreData/>"),
      406,
    ],
    ["a question to the user", "<Alert><CmdID>1</CmdID><Data>1101</Data></Alert>", 406],
    ["a command of data synchronisation", "<Sync><CmdID>1</CmdID></Sync>", 501],
  ] as const;

  test.each(ENCODINGS)(
    "an upstream server's mistakes get a Status each, in %s",
    async (encoding) => {
      for (const [what, body, code] of ORDERS) {
        const { statuses } = await upstream(encoding).post(message(body));
        const said = statuses.filter(({ cmdRef }) => cmdRef !== "0");
        expect([what, said.map((one) => one.code)]).toEqual([what, [code]]);
      }
    },
  );

  test.each(ENCODINGS)(
    "an answer keeps within the upstream's MaxMsgSize, in %s",
    async (encoding) => {
      const server = upstream(encoding);
      await server.post(command("Add", `${EAM}/EnrollmentToken`, "VG9rZW4x"));
      const root = `${ROOT}?list=StructData`;
      const gets = Array.from({ length: 30 }, (_, n) =>
        command("Get", root, undefined, undefined, String(n + 1)),
      );
      const first = message(gets.join(""))
        .replace(/<SyncHdr>.*<\/MsgID>/, (header) => header.replace(">4<", ">1<"))
        .replace(
          "</SyncHdr>",
          '<Meta><MaxMsgSize xmlns="syncml:metinf">4000</MaxMsgSize></Meta></SyncHdr>',
        );
      let asked = first;
      const refs: string[] = [];
      let items = 0;
      let isFinal = false;
      for (let number = 2; number < 40; number++) {
        const response = await server.send(asked);
        const bytes = (await response.clone().arrayBuffer()).byteLength;
        expect(bytes).toBeLessThanOrEqual(4_000);
        const answer = await new Upstream({
          ...server.options,
          fetch: async () => response,
        }).post("<Get/>");
        refs.push(
          ...answer.statuses.filter(({ cmd }) => cmd === "Get").map(({ cmdRef }) => cmdRef),
        );
        items += answer.results.reduce((sum, one) => sum + one.items.length, 0);
        isFinal = answer.xml.includes("<Final");
        if (isFinal) break;
        asked = message(alert("1222")).replace("<MsgID>4<", `<MsgID>${number}<`);
      }
      expect(isFinal).toBe(true);
      expect(refs).toEqual(gets.map((_, n) => String(n + 1)));
      expect(items % gets.length).toBe(0);
      expect(items).toBeGreaterThan(gets.length * 3);
    },
  );
});
