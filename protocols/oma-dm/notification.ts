import { createHash } from "node:crypto";
import { ProtocolError } from "../errors.ts";
import { sameBytes } from "./credentials.ts";

/**
 * Package 0: what makes a device begin a session. It is signed with the server's password towards the
 * device, so that nobody else can wake it, and it says nothing but which session is wanted.
 * [syncml 3.8]
 */
export interface Notification {
  /** Tenths: 11 is version 1.1. */
  readonly version: number;
  readonly uiMode: UiMode;
  readonly initiator: "client" | "server";
  /** 1 to `NOTIFIED_SESSION_MAX`. */
  readonly sessionId: number;
  /** Whose password it is signed with. */
  readonly serverId: string;
  /** What a vendor adds; nothing of ours. */
  readonly vendor: Uint8Array;
}

/** What the device does before it begins: ask nobody, tell the user, or ask. In order of the bits. */
export const UI_MODES = ["unsaid", "background", "informative", "interaction"] as const;
export type UiMode = (typeof UI_MODES)[number];

export const NOTIFIED_SESSION_MAX = 0xffff;
export const NOTIFICATION_BYTES_MAX = 1024;
/** Bytes: its length is one byte. */
export const SERVER_ID_BYTES_MAX = 255;
/** Where devices listen. [syncml 3.8] */
export const NOTIFICATION_PORT = 2948;
export const NOTIFICATION_VERSION = 11;

/** What the digest is made with. Base64 of the password's hash and of the nonce. */
export interface NotificationKey {
  readonly secretHash: string;
  readonly nonce: string;
}

/**
 * The nonce of both ends when theirs may differ, as after a notification that nothing came of: this
 * text, not the number. [syncml 3.4]
 */
export const FALLBACK_NONCE = Buffer.from("0x00000000").toString("base64");

const DIGEST_BYTES = 16;
/** Version, modes and room for the future; then the session and the length of the name. */
const HEADER_BYTES = 8;

/** The SessionID by which the device begins the session that was asked for. */
export function sessionIdText(sessionId: number): string {
  return sessionId.toString(16).toUpperCase();
}

/** @throws RangeError for a session or a name that has no room */
export function encodeNotification(
  notification: Notification,
  key: NotificationKey,
): Uint8Array<ArrayBuffer> {
  const trigger = triggerOf(notification);
  return Buffer.concat([digestOf(trigger, key), trigger]);
}

/** What came, with what is needed to tell whether it is the server's own. */
export interface ReceivedNotification {
  readonly notification: Notification;
  readonly digest: Uint8Array;
  /** All that follows the digest: what it is over. */
  readonly trigger: Uint8Array;
}

/** @throws ProtocolError "notification" for what cannot be one */
export function decodeNotification(bytes: Uint8Array): ReceivedNotification {
  const trigger = Buffer.from(bytes.subarray(DIGEST_BYTES));
  if (trigger.length < HEADER_BYTES || bytes.length > NOTIFICATION_BYTES_MAX) {
    throw broken(`${bytes.length} bytes are none`);
  }
  const version = trigger.readUInt16BE(0) >> 6;
  const sessionId = trigger.readUInt16BE(5);
  const nameEnd = HEADER_BYTES + trigger.readUInt8(7);
  if (sessionId === 0) throw broken("session 0 is none");
  if (nameEnd === HEADER_BYTES || nameEnd > trigger.length) {
    throw broken("the server's name is not in it");
  }
  const modes = trigger.readUInt8(1);
  return {
    digest: bytes.subarray(0, DIGEST_BYTES),
    trigger,
    notification: {
      version,
      uiMode: UI_MODES[(modes >> 4) & 3] ?? "unsaid",
      initiator: (modes & 8) === 0 ? "client" : "server",
      sessionId,
      serverId: trigger.toString("utf8", HEADER_BYTES, nameEnd),
      vendor: trigger.subarray(nameEnd),
    },
  };
}

/** Was it made by who knows the password and the nonce? Constant time. */
export function isAuthentic(received: ReceivedNotification, key: NotificationKey): boolean {
  return sameBytes(Buffer.from(received.digest), digestOf(received.trigger, key));
}

function triggerOf(notification: Notification): Buffer {
  const { version, uiMode, initiator, sessionId, serverId, vendor } = notification;
  const name = Buffer.from(serverId);
  if (!(sessionId >= 1 && sessionId <= NOTIFIED_SESSION_MAX)) {
    throw new RangeError(`session ${sessionId} is not from 1 to ${NOTIFIED_SESSION_MAX}`);
  }
  if (name.length === 0 || name.length > SERVER_ID_BYTES_MAX) {
    throw new RangeError(`a server's name of ${name.length} bytes`);
  }
  const header = Buffer.alloc(HEADER_BYTES);
  const modes = (UI_MODES.indexOf(uiMode) << 4) | (initiator === "server" ? 8 : 0);
  header.writeUInt16BE((version << 6) | modes, 0);
  header.writeUInt16BE(sessionId, 5);
  header.writeUInt8(name.length, 7);
  return Buffer.concat([header, name, vendor]);
}

/** H(B64(H(server ":" password)) ":" nonce ":" B64(H(trigger))). */
function digestOf(trigger: Uint8Array, { secretHash, nonce }: NotificationKey): Buffer {
  return createHash("md5")
    .update(`${secretHash}:`)
    .update(Buffer.from(nonce, "base64"))
    .update(`:${createHash("md5").update(trigger).digest("base64")}`)
    .digest();
}

function broken(problem: string): ProtocolError {
  return new ProtocolError("notification", problem);
}
