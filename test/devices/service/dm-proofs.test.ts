import { describe, expect, test } from "bun:test";
import {
  changeDmAccount,
  readDmAccount,
  renewServerPassword,
} from "../../../devices/service/dm-account.ts";
import { digestCredential, secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { macHeader, receivedMac, verifyMac } from "../../../protocols/oma-dm/message-mac.ts";
import { ENCODINGS } from "../../../protocols/syncml/encoding.ts";
import { phone } from "../../harness/phone.ts";
import { parseAnswer, type RawAnswer, RawDevice } from "../../harness/raw-device.ts";
import { wbxmlOf, xmlOf } from "../../harness/raw-wbxml.ts";
import { SiteCore } from "../../harness/site-core.ts";

const quiet = () => phone({ seen: [] });

/** One message with headers of the test's own; the body is the device's package 1, without a Cred. */
async function postBare(
  core: SiteCore,
  raw: RawDevice,
  headersOf: (body: string | Uint8Array) => Record<string, string>,
  options: { readonly session?: number; readonly message?: number } = {},
): Promise<RawAnswer> {
  const { session = 1, message = 1 } = options;
  const { encoding = "xml" } = raw.options;
  const xml =
    `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>` +
    `<SessionID>${session}</SessionID><MsgID>${message}</MsgID><Target><LocURI>s</LocURI></Target>` +
    `<Source><LocURI>${raw.options.deviceId}</LocURI></Source></SyncHdr><SyncBody>` +
    `<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/></SyncBody></SyncML>`;
  const body = encoding === "wbxml" ? wbxmlOf(xml) : xml;
  const response = await core.fetch(raw.options.url, {
    method: "POST",
    headers: { "content-type": `application/vnd.syncml.dm+${encoding}`, ...headersOf(body) },
    body,
  });
  expect(response.status).toBe(200);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return parseAnswer(encoding === "wbxml" ? xmlOf(bytes) : Buffer.from(bytes).toString());
}

const headerCode = (answer: RawAnswer) =>
  answer.statuses.find(({ cmd }) => cmd === "SyncHdr")?.code;

describe("what proof a device has to give", () => {
  test("is the site's default, which holds from its next session on", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("one");
    expect(headerCode(await raw.open())).toBe(212);
    core.omaDm = { ...core.omaDm, requiredProof: "syncml:auth-md5" };
    expect(headerCode(await raw.open())).toBe(401);
  });

  test("is its own rule where it has one, weaker or stronger than the site's", async () => {
    await using core = await SiteCore.open();
    core.omaDm = { ...core.omaDm, requiredProof: "syncml:auth-md5" };
    const { id, raw } = await core.device("one", { scheme: "any" });
    expect(headerCode(await raw.open())).toBe(212);
    await changeDmAccount(core.context, id, { scheme: "syncml:auth-MAC" });
    expect(headerCode(await raw.open())).toBe(401);
    await changeDmAccount(core.context, id, { scheme: "site" });
    expect(headerCode(await raw.open())).toBe(401);
  });

  test.each(ENCODINGS)(
    "a session with a MAC in %s: the nonce of each answer signs the next message",
    async (encoding) => {
      await using core = await SiteCore.open();
      const { id, raw: inXml } = await core.device("one", { scheme: "syncml:auth-MAC" });
      const raw = new RawDevice({ ...inXml.options, encoding });
      const { user, password } = raw.options;
      const secretHash = secretHashOf(user, password);
      const signed = (nonce: string) => (body: string | Uint8Array) => ({
        "X-SyncML-HMAC": macHeader({ userName: user, secretHash, nonce }, Buffer.from(body)),
      });
      const challenge = await postBare(core, raw, () => ({}));
      expect(headerCode(challenge)).toBe(407);
      const first = challenge.statuses[0]?.nextNonce ?? "";
      expect(Buffer.from(first, "base64")).toHaveLength(16);
      const opened = await postBare(core, raw, signed(first), { message: 2 });
      expect(headerCode(opened)).toBe(200);
      const next = opened.statuses[0]?.nextNonce ?? "";
      expect((await core.context.store.credential(id))?.nextNonce).toBe(next);

      // The next session: with the stored nonce it works at once, with the used one it does not.
      expect(headerCode(await postBare(core, raw, signed(first), { session: 2 }))).toBe(401);
      expect(headerCode(await postBare(core, raw, signed(next), { session: 3 }))).toBe(200);
      const tampered = await postBare(core, raw, (body) => signed(next)(`${String(body)} `), {
        session: 4,
      });
      expect(headerCode(tampered)).toBe(401);
    },
  );
});

describe("a client certificate", () => {
  const SUBJECT = "CN=Device-42,O=Contoso";
  const shown = (subject: string) => () => ({ "x-certificate-subject": subject });

  test("verified by a trusted proxy stands for its device, and for no other", async () => {
    await using core = await SiteCore.open();
    core.proxies = { includes: () => true };
    const one = await core.device("one", { certificateSubject: SUBJECT });
    const two = await core.device("two");
    expect(headerCode(await postBare(core, one.raw, shown("o=Contoso, cn=Device-42")))).toBe(212);
    expect(
      headerCode(await postBare(core, one.raw, shown("CN=device-42,O=Contoso"), { session: 2 })),
    ).toBe(407);
    expect(headerCode(await postBare(core, two.raw, shown(SUBJECT)))).toBe(407);
    expect(
      changeDmAccount(core.context, two.id, { certificateSubject: SUBJECT }),
    ).rejects.toMatchObject({ code: "conflict" });
  });

  test("in a header of anybody but a trusted proxy is no more than a claim", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("one", { certificateSubject: SUBJECT });
    expect(headerCode(await postBare(core, raw, shown(SUBJECT)))).toBe(407);
    core.proxies = { includes: (address) => address === "10.0.0.1" };
    expect(headerCode(await postBare(core, raw, shown(SUBJECT), { session: 2 }))).toBe(407);
  });

  test("can be the only thing that is taken", async () => {
    await using core = await SiteCore.open();
    core.proxies = { includes: () => true };
    const { id, raw } = await core.device("one");
    expect(changeDmAccount(core.context, id, { scheme: "certificate" })).rejects.toMatchObject({
      code: "unprocessable",
    });
    await changeDmAccount(core.context, id, { scheme: "certificate", certificateSubject: SUBJECT });
    expect(headerCode(await raw.open())).toBe(401);
    expect(headerCode(await postBare(core, raw, shown(SUBJECT), { session: 9 }))).toBe(212);
  });
});

describe("the site's password towards a device", () => {
  test("is another one for each device, and only its hash is kept", async () => {
    await using core = await SiteCore.open();
    const one = await core.device("one", { mutual: true });
    const two = await core.device("two", { mutual: true });
    const first = await renewServerPassword(core.context, one.id);
    const second = await renewServerPassword(core.context, two.id);
    expect(first.serverId).toBe("outpost");
    expect(first.password).not.toBe(second.password);
    const kept = await core.context.store.credential(one.id);
    expect(kept?.serverSecretHash).toBe(secretHashOf("outpost", first.password));
    expect(JSON.stringify(kept)).not.toContain(first.password);
  });
});

describe("a device that asks who its server is", () => {
  const SERVER = "outpost";

  /** Answers the header with a challenge, and every command with 401. */
  const refusal = (msgRef: number, chal: string) =>
    `<Status><CmdID>1</CmdID><MsgRef>${msgRef}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>${chal}` +
    `<Data>401</Data></Status><Final/>`;
  const challenge = (type: string, nonce: string) =>
    `<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">${type}</Type>` +
    `<NextNonce xmlns="syncml:metinf">${nonce}</NextNonce></Meta></Chal>`;
  const credOf = (xml: string) => /<Cred>.*<Data>([^<]*)<\/Data><\/Cred>/.exec(xml)?.[1];

  test("gets the digest over the nonce that it gives, and the same commands again", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const { password } = await renewServerPassword(core.context, id);
    const secretHash = secretHashOf(SERVER, password);
    const first = await raw.open();
    expect(credOf(first.xml)).toBe(digestCredential(secretHash, "").data);
    const nonce = Buffer.from("a nonce of 16 by").toString("base64");
    const again = await raw.post(refusal(first.msgId, challenge("syncml:auth-md5", nonce)));
    expect(credOf(again.xml)).toBe(digestCredential(secretHash, nonce).data);
    expect(again.commands.map(({ name, items }) => [name, items])).toEqual(
      first.commands.map(({ name, items }) => [name, items]),
    );
    expect((await core.context.store.credential(id))?.serverNonce).toBeNull();
  });

  test("by a MAC gets every answer signed over its exact bytes", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const { password } = await renewServerPassword(core.context, id);
    const nonce = Buffer.from("a nonce of 16 by").toString("base64");
    const first = await raw.open();
    await raw.post(refusal(first.msgId, challenge("syncml:auth-MAC", nonce)));
    const response = await raw.send(raw.lastSent); // Once more, for its headers.
    const body = new Uint8Array(await response.arrayBuffer());
    const mac = receivedMac(response.headers.get("x-syncml-hmac"), body);
    expect(mac?.userName).toBe(SERVER);
    expect(mac && verifyMac(mac, secretHashOf(SERVER, password), nonce)).toBe(true);
  });

  test("and cannot be told is shown as a problem until it is", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const first = await raw.open();
    const last = await raw.post(refusal(first.msgId, challenge("syncml:auth-md5", "bm9uY2U=")));
    expect(last.commands).toEqual([]);
    expect((await readDmAccount(core.context, id))?.serverProblem).toBe("none-set");
    await renewServerPassword(core.context, id);
    expect((await readDmAccount(core.context, id))?.serverProblem).toBeNull();
  });
});

test("a session that breaks off and begins again is planned anew, and says nothing twice", async () => {
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const lost = await raw.open(); // The Add of the enrolment is never answered.
  expect(lost.commands.map(({ name }) => name)).toEqual(["Add"]);
  const again = await raw.session(quiet());
  expect(again[0]?.name).toBe("Add");
  expect((await core.context.store.find(id))?.enrolment).toBe("enabled");
});
