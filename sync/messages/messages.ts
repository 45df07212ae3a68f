/**
 * The JSON messages of the link, both ways. [PROTOCOL 2]
 *
 * A request is checked by the hub, an answer by the site. What must be the sender's own is a signed
 * message: the JSON text and a signature over it, so that nothing depends on how JSON is printed.
 */
import { z } from "zod";
import { type DeviceId, parseDeviceId, parseSiteId, type SiteId } from "../../devices/model/ids.ts";
import { NAME_CHARACTERS_MAX } from "../../devices/model/limits.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { INCARNATIONS_MAX, SUCCESSIONS_MAX } from "../limits.ts";
import type { KnownDevice } from "../ports/site-link-store.ts";

export const PROTOCOL_VERSION = 1;

/** Everything a site can ask of the hub; each is `POST /hub/sync/v1/<operation>`. */
export const OPERATIONS = [
  "join",
  "challenge",
  "hello",
  "frame",
  "poll",
  "adopt",
  "fingerprint",
  "incarnations",
] as const;
export type LinkOperation = (typeof OPERATIONS)[number];

const KEY_CHARACTERS_MAX = 128;
const TEXT_CHARACTERS_MAX = 200;

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const text = z.string().min(1).max(TEXT_CHARACTERS_MAX);
const name = z.string().min(1).max(NAME_CHARACTERS_MAX);
const key = z.string().min(1).max(KEY_CHARACTERS_MAX);
export const SITE = z.string().transform((value, context): SiteId => {
  const id = parseSiteId(value);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not a site id" });
  return z.NEVER;
});
const device = z.string().transform((value, context): DeviceId => {
  const id = parseDeviceId(value);
  if (id !== undefined) return id;
  context.addIssue({ code: "custom", message: "not a device id" });
  return z.NEVER;
});
const factPosition = z.object({ incarnation: count, seq: count });

/** A JSON text with an Ed25519 signature over `context` and the text; see `signedBytes`. */
export const SIGNED = z.object({
  payload: z.string().max(4096),
  signature: z.string().max(KEY_CHARACTERS_MAX),
});

export const JOIN_REQUEST = z.object({
  version: z.literal(PROTOCOL_VERSION),
  code: text,
  /** What the site calls itself; null: the name that the code was made with. */
  name: name.nullable(),
  timeZone: text,
  signingKey: key,
  sealingKey: key,
  timeMs: z.int(),
});

export const JOIN_ANSWER = z.object({
  site: SITE,
  name: z.string(),
  organisation: z.string(),
  hubKey: key,
  incarnation: count,
  /** The hub knows this site from before: it must adopt what is known. */
  known: z.boolean(),
  timeMs: z.int(),
});

export const CHALLENGE_REQUEST = z.object({ site: SITE });
export const CHALLENGE_ANSWER = z.object({ challenge: z.string() });

/** See `succession.ts`. */
export const SUCCESSION = z.object({
  payload: z.string().max(1024),
  signature: key,
  proof: key,
});

/** A signed hello, and how the key that signed it followed from earlier ones, oldest first. */
export const HELLO_MESSAGE = SIGNED.extend({
  successions: z.array(SUCCESSION).max(SUCCESSIONS_MAX).default([]),
});

export const HELLO_REQUEST = z.object({
  version: z.literal(PROTOCOL_VERSION),
  site: SITE,
  challenge: text,
  /** This process, named anew at every start. */
  instance: z.string().min(1).max(64),
  incarnation: count,
  /** The last frame made and the last one acknowledged in this incarnation. */
  frameSeq: count,
  acknowledgedFrame: count,
  /** Restored, joined again, or told so by the hub. */
  mustAdopt: z.boolean(),
  timeMs: z.int(),
});

export const HELLO_ANSWER = z.discriminatedUnion("verdict", [
  z.object({
    verdict: z.literal("welcome"),
    session: z.string(),
    acknowledgedFrame: count,
    startAnew: z.boolean(),
    facts: z.array(factPosition),
    timeMs: z.int(),
  }),
  z.object({
    verdict: z.literal("adopt"),
    session: z.string(),
    /** The site's incarnation from here on. */
    incarnation: count,
    reason: z.string(),
    facts: z.array(factPosition),
    timeMs: z.int(),
  }),
  z.object({
    verdict: z.literal("refused"),
    code: z.enum(["revoked", "cloned"]),
    message: z.string(),
    retryAfterMs: count,
    timeMs: z.int(),
  }),
]);

/** What became of a frame. */
export const FRAME_ANSWER = z.discriminatedUnion("verdict", [
  z.object({
    /** `set-aside`: the frame is in quarantine, it counts as received and nothing of it was applied. */
    verdict: z.enum(["taken", "set-aside"]),
    acknowledgedFrame: count,
    startAnew: z.boolean(),
    facts: z.array(factPosition),
    reason: z.string(),
  }),
  z.object({
    /** Another frame comes first: the one after this number. */
    verdict: z.literal("expected"),
    acknowledgedFrame: count,
  }),
  z.object({
    /** The frame is of an incarnation that is over, or differs from one that was taken. */
    verdict: z.literal("fenced"),
    reason: z.string(),
  }),
]);

export const POLL_REQUEST = z.object({
  /** Base64 state vector of `policy/org` as the site has it. */
  cursor: z.string().max(64 * 1024),
  /** The version of `policy/org` that the site has committed. */
  confirmed: count,
  /** Everything up to this time of the site's clock has been taken by the hub; null: not so. */
  asOfMs: z.int().nullable(),
  /** What the site calls itself and where its clocks are; absent: as the hub has it. */
  name: name.optional(),
  timeZone: text.optional(),
});

export const POLL_ANSWER = z.object({
  version: count,
  /** Base64 update; null when there is nothing new. */
  update: z.string().nullable(),
  /** The update is the whole document and takes the place of the site's. */
  replace: z.boolean(),
  startAnew: z.boolean(),
  /** The last frame the hub has: a site that had more acknowledged sees that the hub went back. */
  acknowledgedFrame: count,
  timeMs: z.int(),
});

export const ADOPT_REQUEST = z.object({ after: z.union([device, z.literal("")]) });
export const ADOPT_ANSWER = z.object({
  /** Signed by the pinned hub and of its own making, so that its inside is not checked again. */
  devices: z.array(z.custom<KnownDevice>((value) => typeof value === "object" && value !== null)),
  /** The next page begins after this device; null: this is the last. */
  next: device.nullable(),
  /** Base64 of the hub's whole copy of `policy/site/<site>`, on the last page. */
  policy: z.string().nullable(),
});

/** What the hub has of the sender under this number. */
export const FINGERPRINT_REQUEST = factPosition;
/** Null: nothing, or nothing any more. */
export const FINGERPRINT_ANSWER = z.object({ fingerprint: z.string().nullable() });

export const INCARNATIONS_REQUEST = z.object({
  devices: z.array(device).min(1).max(INCARNATIONS_MAX),
});
export const INCARNATIONS_ANSWER = z.object({
  issued: z.array(z.object({ device, incarnation: count, sequence: count })),
});

export type HelloRequest = z.infer<typeof HELLO_REQUEST>;
export type HelloAnswer = z.infer<typeof HELLO_ANSWER>;
export type FrameAnswer = z.infer<typeof FRAME_ANSWER>;
export type PollAnswer = z.infer<typeof POLL_ANSWER>;

/** The bytes a signature is made over: what it is for, then the text. */
export function signedBytes(context: "join" | "hello" | "keys", payload: string): Uint8Array {
  return new Uint8Array(Buffer.from(`outpost ${context} 1\n${payload}`));
}

/** The bytes the hub signs for an answer; the nonce ties it to its request. */
export function answerBytes(operation: LinkOperation, nonce: string, body: Uint8Array): Uint8Array {
  const head = Buffer.from(`outpost answer 1\n${operation}\n${nonce}\n`);
  return new Uint8Array(Buffer.concat([head, body]));
}

export function encodeMessage(value: unknown): Uint8Array {
  return new Uint8Array(Buffer.from(JSON.stringify(value)));
}

/** @throws ProtocolError with rule `message-json` or `message-shape` */
export function parseMessage<Schema extends z.ZodType>(
  schema: Schema,
  bytes: Uint8Array | string,
): z.output<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(typeof bytes === "string" ? bytes : Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new ProtocolError("message-json", "the message is not JSON", { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.map(String).join(".") ?? "";
  throw new ProtocolError("message-shape", `${where}: ${issue?.message ?? "wrong"}`);
}
