/**
 * The envelope of everything a site sends for keeps. [PROTOCOL 3]
 *
 *   "OPF1" | u32 header length | header (JSON) | u32 body length | body (zstd) | signature (64)
 *
 * Lengths are big-endian. The signature is Ed25519 over the bytes before the body; the header holds
 * the body's SHA-256, so that one signature covers everything and a wrong frame is found out before
 * anything of its body is unpacked.
 */

import type { KeyObject } from "node:crypto";
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { z } from "zod";
import { parseSiteId, type SiteId } from "../../devices/model/ids.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { isSigned, SIGNATURE_BYTES } from "../crypto/keys.ts";
import {
  FRAME_BODY_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES_MAX,
  FRAME_RAW_BYTES_MAX,
  JOURNAL_FACTS_MAX,
} from "../limits.ts";

const MAGIC = Buffer.from("OPF1");
const LENGTH_BYTES = 4;
const LEAST_BYTES = MAGIC.length + 2 * LENGTH_BYTES + SIGNATURE_BYTES;
const COMPRESSION_LEVEL = 3;

const counting = z.int().min(1).max(Number.MAX_SAFE_INTEGER);
const site = z.string().transform((text, context): SiteId => {
  const id = parseSiteId(text);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not a site id" });
  return z.NEVER;
});

const HEADER = z.strictObject({
  site,
  incarnation: counting,
  /** Dense from 1 per (site, incarnation). */
  seq: counting,
  /** SHA-256 of the body as it travels. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** The body's length when it is unpacked. */
  raw: z.int().min(0).max(FRAME_RAW_BYTES_MAX),
  content: z.discriminatedUnion("kind", [
    z.strictObject({
      kind: z.literal("status"),
      /** The document begins anew with this frame; what the hub had of it is dropped. */
      anew: z.boolean(),
      /** Everything up to this time of the site's clock is in; null when more frames follow. */
      asOfMs: z.int().min(0).nullable(),
    }),
    z.strictObject({
      kind: z.literal("journal"),
      /** The facts of this incarnation, from this number on, densely. */
      incarnation: counting,
      first: counting,
      count: z.int().min(1).max(JOURNAL_FACTS_MAX),
    }),
    z.strictObject({ kind: z.literal("policy") }),
    /** New keys in the place of the ones that this frame is signed with. */
    z.strictObject({ kind: z.literal("keys") }),
  ]),
});

export type FrameHeader = z.infer<typeof HEADER>;
export type FrameContent = FrameHeader["content"];

/** A frame taken apart, with nothing of it proven yet. */
export interface ReadFrame {
  readonly header: FrameHeader;
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Packs and signs a frame.
 *
 * @param raw the body before compression, at most `FRAME_RAW_BYTES_MAX`
 */
export function sealFrame(
  header: Omit<FrameHeader, "sha256" | "raw">,
  raw: Uint8Array,
  sign: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  if (raw.length > FRAME_RAW_BYTES_MAX)
    throw tooLarge("frame-raw", raw.length, FRAME_RAW_BYTES_MAX);
  const body = pack(raw);
  if (body.length > FRAME_BODY_BYTES_MAX) {
    throw tooLarge("frame-body", body.length, FRAME_BODY_BYTES_MAX);
  }
  const whole: FrameHeader = { ...header, sha256: sha256Hex(body), raw: raw.length };
  const headerBytes = Buffer.from(JSON.stringify(whole));
  const signed = Buffer.concat([MAGIC, length(headerBytes), headerBytes, length(body)]);
  return new Uint8Array(Buffer.concat([signed, body, sign(signed)]));
}

/** How many bytes a body has in a frame. */
export function packedLength(raw: Uint8Array): number {
  return pack(raw).length;
}

function pack(raw: Uint8Array): Buffer {
  return zstdCompressSync(raw, {
    params: { [constants.ZSTD_c_compressionLevel]: COMPRESSION_LEVEL },
  });
}

/**
 * Takes a frame apart: sizes and the header's shape only.
 *
 * @throws ProtocolError with rule `frame-size`, `frame-magic`, `frame-length` or `frame-header`
 */
export function readFrame(bytes: Uint8Array): ReadFrame {
  if (bytes.length > FRAME_BYTES_MAX) throw tooLarge("frame-size", bytes.length, FRAME_BYTES_MAX);
  if (bytes.length < LEAST_BYTES) throw new ProtocolError("frame-size", "the frame is cut short");
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new ProtocolError("frame-magic", "this is not a frame of protocol version 1");
  }
  const headerStart = MAGIC.length + LENGTH_BYTES;
  const headerLength = buffer.readUInt32BE(MAGIC.length);
  if (headerLength > FRAME_HEADER_BYTES_MAX || headerStart + headerLength > bytes.length) {
    throw new ProtocolError("frame-length", "the header's length is wrong");
  }
  const bodyStart = headerStart + headerLength + LENGTH_BYTES;
  const bodyEnd = buffer.length - SIGNATURE_BYTES;
  if (
    bodyStart > bodyEnd ||
    buffer.readUInt32BE(bodyStart - LENGTH_BYTES) !== bodyEnd - bodyStart
  ) {
    throw new ProtocolError("frame-length", "the body's length is wrong");
  }
  return {
    header: parseHeader(buffer.subarray(headerStart, headerStart + headerLength)),
    signed: bytes.subarray(0, bodyStart),
    body: bytes.subarray(bodyStart, bodyEnd),
    signature: bytes.subarray(bodyEnd),
  };
}

/**
 * Proves that the frame is the site's own and whole.
 *
 * @param publicKeys the keys that are the site's; more than one while it changes them
 * @throws ProtocolError with rule `frame-signature` or `frame-hash`
 */
export function verifyFrame(frame: ReadFrame, publicKeys: readonly KeyObject[]): void {
  if (!publicKeys.some((publicKey) => isSigned(publicKey, frame.signed, frame.signature))) {
    throw new ProtocolError("frame-signature", "the frame's signature is not the site's");
  }
  if (sha256Hex(frame.body) !== frame.header.sha256) {
    throw new ProtocolError("frame-hash", "the frame's body is not what its header says");
  }
}

/**
 * The body unpacked, bounded by what the header declares.
 *
 * @throws ProtocolError with rule `frame-unpack`
 */
export function unpackBody(frame: ReadFrame): Uint8Array {
  const { raw } = frame.header;
  let unpacked: Uint8Array;
  try {
    unpacked = new Uint8Array(
      zstdDecompressSync(frame.body, { maxOutputLength: Math.max(raw, 1) }),
    );
  } catch (cause) {
    throw new ProtocolError("frame-unpack", "the frame's body cannot be unpacked", { cause });
  }
  if (unpacked.length !== raw) {
    throw new ProtocolError("frame-unpack", "the frame's body has not the length its header says");
  }
  return unpacked;
}

function parseHeader(bytes: Buffer): FrameHeader {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString("utf8"));
  } catch (cause) {
    throw new ProtocolError("frame-header", "the frame's header is not JSON", { cause });
  }
  const header = HEADER.safeParse(value);
  if (header.success) return header.data;
  throw new ProtocolError(
    "frame-header",
    `the frame's header is wrong: ${firstIssue(header.error)}`,
  );
}

function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue ? `${issue.path.join(".")}: ${issue.message}` : "unknown";
}

function length(bytes: Uint8Array): Buffer {
  const buffer = Buffer.alloc(LENGTH_BYTES);
  buffer.writeUInt32BE(bytes.length);
  return buffer;
}

function tooLarge(rule: string, bytes: number, max: number): ProtocolError {
  return new ProtocolError(rule, `${bytes} bytes, at most ${max} are allowed`);
}
