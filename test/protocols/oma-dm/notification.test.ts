import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import {
  type Called,
  HEARD_MAX,
  hearNotification,
} from "../../../protocols/oma-dm/hear-notification.ts";
import {
  decodeNotification,
  encodeNotification,
  FALLBACK_NONCE,
  isAuthentic,
  NOTIFICATION_BYTES_MAX,
  type Notification,
  SERVER_ID_BYTES_MAX,
  sessionIdText,
  UI_MODES,
} from "../../../protocols/oma-dm/notification.ts";
import { unwrapPush, wrapPush } from "../../../protocols/oma-dm/wap-push.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SECRET_HASH = secretHashOf("funambol", "srvpwd");
const b64 = (text: string) => Buffer.from(text, "latin1").toString("base64");
const key = (nonce: string) => ({ secretHash: SECRET_HASH, nonce: b64(nonce) });
const KEY = key("nonce1");
/** Of the reference: session 0x2A of the server "funambol". [syncml 3.8] */
const TRIGGER = "02d8000000002a0866756e616d626f6c";
const SAMPLE: Notification = {
  version: 11,
  uiMode: "background",
  initiator: "server",
  sessionId: 0x2a,
  serverId: "funambol",
  vendor: new Uint8Array(),
};
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("a notification", () => {
  test("is laid out as in the reference", () => {
    expect(hex(encodeNotification(SAMPLE, KEY).subarray(16))).toBe(TRIGGER);
    expect(sessionIdText(0x2a)).toBe("2A");
    expect(sessionIdText(0xfff)).toBe("FFF");
  });

  // Made with another program's MD5 and Base64, from the formula of the reference.
  test.each([
    ["nonce1", "83c7ff1e0f215f55f1f087c05297dd33"],
    ["", "96dfbe3b29d843bf7cf77c5c06920bb3"],
    ["0x00000000", "38f8c1682a8bf73ea60b2cda183f21cd"],
    ["\u0000\u00ff\u0080:", "a47bf8d3bce708faf2d50cf514ed4164"],
  ])("is signed over the nonce %p", (nonce, digest) => {
    const bytes = encodeNotification(SAMPLE, key(nonce));
    expect(hex(bytes.subarray(0, 16))).toBe(digest);
    expect(isAuthentic(decodeNotification(bytes), key(nonce))).toBe(true);
    expect(isAuthentic(decodeNotification(bytes), key(`${nonce}.`))).toBe(false);
  });

  test.each(UI_MODES.map((uiMode, index) => [uiMode, index] as const))(
    "says %s and comes back as it was",
    (uiMode, index) => {
      const wanted = {
        ...SAMPLE,
        uiMode,
        initiator: index % 2 === 0 ? ("client" as const) : ("server" as const),
        version: 1000,
        sessionId: 0xffff,
        serverId: "ö".repeat(100),
        vendor: Uint8Array.of(1, 2, 3),
      };
      const { notification } = decodeNotification(encodeNotification(wanted, KEY));
      expect({ ...notification, vendor: hex(notification.vendor) }).toEqual({
        ...wanted,
        vendor: "010203",
      });
    },
  );

  test("has room for one session and one name only", () => {
    const refuse = (change: Partial<Notification>) =>
      expect(() => encodeNotification({ ...SAMPLE, ...change }, KEY)).toThrow(RangeError);
    refuse({ sessionId: 0 });
    refuse({ sessionId: 0x1_0000 });
    refuse({ serverId: "" });
    refuse({ serverId: "x".repeat(SERVER_ID_BYTES_MAX + 1) });
  });

  test("is refused when it is cut or grown, wherever", () => {
    const bytes = encodeNotification(SAMPLE, KEY);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeNotification(bytes.subarray(0, length))).toThrow(ProtocolError);
    }
    const grown = Buffer.concat([bytes, Buffer.alloc(NOTIFICATION_BYTES_MAX)]);
    expect(() => decodeNotification(grown)).toThrow(ProtocolError);
    const session0 = Buffer.from(bytes).fill(0, 21, 23);
    expect(() => decodeNotification(session0)).toThrow("session 0");
    const nameless = Buffer.from(bytes).fill(0, 23, 24);
    expect(() => decodeNotification(nameless)).toThrow("name");
  });

  test("travels in a push", () => {
    const bytes = encodeNotification(SAMPLE, KEY);
    const push = wrapPush(bytes, 0x12a);
    expect(hex(push.subarray(0, 6))).toBe("2a0603c4af87");
    expect(unwrapPush(push)).toEqual(bytes);
    expect(unwrapPush(bytes)).toBeUndefined();
    expect(unwrapPush(Uint8Array.of(1, 6, 1, 0x84, 9))).toBeUndefined();
    expect(unwrapPush(Uint8Array.of())).toBeUndefined();
    // Further headers are passed over.
    expect(unwrapPush(Uint8Array.of(1, 6, 4, 0xc4, 0xaf, 0x87, 0x80, 9))).toEqual(Uint8Array.of(9));
  });
});

describe("a device that is called", () => {
  const called: Called = { serverId: "funambol", key: KEY, heard: [] };

  test("begins the session once, however often and however wrapped it hears of it", () => {
    const bytes = encodeNotification(SAMPLE, KEY);
    const first = hearNotification(wrapPush(bytes, 1), called);
    if (first.kind !== "begin") throw new Error(first.kind);
    expect(first.notification.sessionId).toBe(0x2a);
    const after = { ...called, heard: first.heard };
    expect(hearNotification(bytes, after)).toEqual({ kind: "repeated" });
    const again = encodeNotification(SAMPLE, { ...KEY, nonce: FALLBACK_NONCE });
    expect(hearNotification(again, after)).toEqual({ kind: "repeated" });
    expect(hearNotification(again, called)).toMatchObject({ kind: "begin" });
  });

  test("remembers so many calls", () => {
    let heard: readonly number[] = [];
    for (let sessionId = 1; sessionId <= HEARD_MAX + 1; sessionId++) {
      const bytes = encodeNotification({ ...SAMPLE, sessionId }, KEY);
      const hearing = hearNotification(bytes, { ...called, heard });
      if (hearing.kind === "begin") heard = hearing.heard;
    }
    expect(heard).toEqual([9, 8, 7, 6, 5, 4, 3, 2]);
  });

  test.each([
    ["of another server", { ...SAMPLE, serverId: "other" }, KEY, "other-server"],
    ["signed with another nonce", SAMPLE, key("nonce2"), "not-authentic"],
    [
      "signed with another password",
      SAMPLE,
      { ...KEY, secretHash: secretHashOf("funambol", "guess") },
      "not-authentic",
    ],
    ["that itself has begun", { ...SAMPLE, initiator: "client" }, KEY, "from-client"],
  ] as const)("ignores one %s", (_, notification, signed, why) => {
    const bytes = encodeNotification(notification, signed);
    expect(hearNotification(bytes, called)).toEqual({ kind: "ignored", why });
    expect(hearNotification(wrapPush(bytes, 7), called)).toEqual({ kind: "ignored", why });
  });

  test("finds a bare one whose digest looks like an envelope", () => {
    const bytes = encodeNotification({ ...SAMPLE, sessionId: 56_239 }, KEY);
    expect(unwrapPush(bytes)).toBeDefined();
    expect(hearNotification(bytes, called)).toMatchObject({ kind: "begin" });
  });

  const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
  test(`ignores any bytes that were tampered with (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    const below = (limit: number) => Math.floor(random() * limit);
    const push = wrapPush(encodeNotification(SAMPLE, KEY), 1);
    for (let round = 0; round < 2_000; round++) {
      const bytes = Uint8Array.from(push);
      const at = 6 + below(bytes.length - 6); // The envelope is signed by nobody.
      bytes[at] = (bytes[at] ?? 0) ^ (1 + below(255));
      const cut = random() < 0.3 ? bytes.subarray(0, below(bytes.length)) : bytes;
      expect(hearNotification(cut, called).kind).toBe("ignored");
    }
  });
});
