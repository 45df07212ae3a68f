import { describe, expect, test } from "bun:test";
import { zstdCompressSync } from "node:zlib";
import type { SiteId } from "../../../devices/model/ids.ts";
import { newSiteKeys, parsePublicKey, signerFor } from "../../../sync/crypto/keys.ts";
import {
  type FrameHeader,
  readFrame,
  sealFrame,
  unpackBody,
  verifyFrame,
} from "../../../sync/frame/envelope.ts";
import {
  FRAME_BODY_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES_MAX,
  FRAME_RAW_BYTES_MAX,
  JOURNAL_FACTS_MAX,
} from "../../../sync/limits.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 53);
const FLIPS = 10_000;

const keys = newSiteKeys();
const sign = signerFor(keys.signingPrivate);
const publicKey = needKey(keys.signingPublic);
const HEADER: Omit<FrameHeader, "sha256" | "raw"> = {
  site: "prague" as SiteId,
  incarnation: 3,
  seq: 17,
  content: { kind: "status", anew: false, asOfMs: 1_795_000_000_000 },
};
const BODY = new Uint8Array(Buffer.from("status ".repeat(60)));

describe("a frame", () => {
  test("[3.1] comes out as it went in, proven to be the site's", () => {
    const frame = readFrame(sealFrame(HEADER, BODY, sign));
    expect(frame.header).toMatchObject(HEADER);
    verifyFrame(frame, [publicKey]);
    expect(unpackBody(frame)).toEqual(BODY);
  });

  test(`[3.5] none of ${FLIPS} frames with a flipped byte is accepted (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    const whole = sealFrame(HEADER, BODY, sign);
    let accepted = 0;
    for (let round = 0; round < FLIPS; round += 1) {
      const bytes = whole.slice();
      const at = Math.floor(random() * bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + Math.floor(random() * 255));
      if (isAccepted(bytes)) accepted += 1;
    }
    expect(accepted).toBe(0);
  });

  test("[3.5] is refused when cut short or longer, at every length", () => {
    const whole = sealFrame(HEADER, BODY, sign);
    for (let length = 0; length < whole.length; length += 1) {
      expect(isAccepted(whole.subarray(0, length))).toBe(false);
    }
    expect(isAccepted(new Uint8Array([...whole, 0]))).toBe(false);
  });

  test("[3.5] of another key is refused, and one whose body was exchanged", () => {
    const other = signerFor(newSiteKeys().signingPrivate);
    expect(ruleOf(() => verified(sealFrame(HEADER, BODY, other)))).toBe("frame-signature");

    const [first, second] = ["a", "b"].map((letter) =>
      sealFrame(HEADER, new Uint8Array(Buffer.from(letter.repeat(60))), sign),
    );
    if (!first || !second) throw new Error("no frames");
    const bodyBytes = readFrame(second).body;
    const mixed = first.slice();
    mixed.set(bodyBytes, mixed.length - 64 - bodyBytes.length);
    expect(ruleOf(() => verified(mixed))).toBe("frame-hash");
  });

  test("[9.1] is taken at each limit and refused above it", () => {
    const atMost = sealFrame(HEADER, new Uint8Array(FRAME_RAW_BYTES_MAX), sign);
    expect(unpackBody(readFrame(atMost)).length).toBe(FRAME_RAW_BYTES_MAX);
    const rawTooLong = () => sealFrame(HEADER, new Uint8Array(FRAME_RAW_BYTES_MAX + 1), sign);
    expect(ruleOf(rawTooLong)).toBe("frame-raw");
    const noise = crypto.getRandomValues(new Uint8Array(65_536));
    const incompressible = new Uint8Array(FRAME_BODY_BYTES_MAX + 65_536);
    for (let at = 0; at < incompressible.length; at += 65_536) {
      incompressible.set(crypto.getRandomValues(noise), at);
    }
    expect(ruleOf(() => sealFrame(HEADER, incompressible, sign))).toBe("frame-body");
    expect(ruleOf(() => readFrame(new Uint8Array(FRAME_BYTES_MAX + 1)))).toBe("frame-size");
    expect(ruleOf(() => readFrame(new Uint8Array(FRAME_BYTES_MAX)))).toBe("frame-magic");
    const header = { ...HEADER, content: journalOf(JOURNAL_FACTS_MAX) };
    expect(isAccepted(sealFrame(header, BODY, sign))).toBe(true);
    const tooMany = { ...HEADER, content: journalOf(JOURNAL_FACTS_MAX + 1) };
    expect(ruleOf(() => verified(sealFrame(tooMany, BODY, sign)))).toBe("frame-header");
  });

  test("[9.1] that declares a longer header than allowed is refused", () => {
    const bytes = sealFrame(HEADER, BODY, sign);
    new DataView(bytes.buffer).setUint32(4, FRAME_HEADER_BYTES_MAX + 1);
    expect(ruleOf(() => readFrame(bytes))).toBe("frame-length");
  });

  test("[3.5] unpacks to no more than its header says, however much is packed in it", () => {
    const frame = readFrame(sealFrame(HEADER, BODY, sign));
    const bomb = new Uint8Array(zstdCompressSync(new Uint8Array(64 * 1024 * 1024)));
    expect(ruleOf(() => unpackBody({ ...frame, body: bomb }))).toBe("frame-unpack");
    const short = new Uint8Array(zstdCompressSync(BODY.subarray(1)));
    expect(ruleOf(() => unpackBody({ ...frame, body: short }))).toBe("frame-unpack");
  });
});

function journalOf(count: number): FrameHeader["content"] {
  return { kind: "journal", incarnation: 1, first: 1, count };
}

function isAccepted(bytes: Uint8Array): boolean {
  return ruleOf(() => verified(bytes)) === "";
}

function verified(bytes: Uint8Array): void {
  const frame = readFrame(bytes);
  verifyFrame(frame, [publicKey]);
  unpackBody(frame);
}

/** The rule that was broken; empty when none was. Anything but a ProtocolError fails the test. */
function ruleOf(action: () => unknown): string {
  try {
    action();
    return "";
  } catch (error) {
    if (error instanceof Error && "rule" in error) return String(error.rule);
    throw error;
  }
}

function needKey(text: string) {
  const key = parsePublicKey(text, "ed25519");
  if (!key) throw new Error("no key");
  return key;
}
