import { ProtocolError } from "../errors.ts";
import {
  decodeNotification,
  FALLBACK_NONCE,
  isAuthentic,
  type Notification,
  type NotificationKey,
  type ReceivedNotification,
} from "./notification.ts";
import { unwrapPush } from "./wap-push.ts";

/** What a device knows when somebody calls. */
export interface Called {
  readonly serverId: string;
  /** Of the server's password, and the nonce that the device last gave it. */
  readonly key: NotificationKey;
  /** Sessions that it was called for before, the latest first. */
  readonly heard: readonly number[];
}

export type Hearing =
  /** To be begun with Alert 1200 and this session's id; it is heard from now on. */
  | { readonly kind: "begin"; readonly notification: Notification; readonly heard: number[] }
  /** A session that was begun for it already. */
  | { readonly kind: "repeated" }
  | {
      readonly kind: "ignored";
      readonly why: "broken" | "other-server" | "not-authentic" | "from-client";
    };

/** Calls that a device remembers to know them again. */
export const HEARD_MAX = 8;

/** What a device makes of a datagram or a message: alone, or in the envelope of a push. */
export function hearNotification(bytes: Uint8Array, called: Called): Hearing {
  const hearings = [unwrapPush(bytes), bytes].map((one) => one && hearOne(one, called));
  // What looks like an envelope may be the beginning of a digest.
  const good = hearings.find((one) => one !== undefined && one.kind !== "ignored");
  return good ?? hearings.find((one) => one !== undefined) ?? { kind: "ignored", why: "broken" };
}

function hearOne(bytes: Uint8Array, { serverId, key, heard }: Called): Hearing {
  const received = decoded(bytes);
  if (received === undefined) return { kind: "ignored", why: "broken" };
  const { notification } = received;
  const { sessionId, initiator } = notification;
  if (notification.serverId !== serverId) return { kind: "ignored", why: "other-server" };
  const fallback = { ...key, nonce: FALLBACK_NONCE };
  if (!isAuthentic(received, key) && !isAuthentic(received, fallback)) {
    return { kind: "ignored", why: "not-authentic" };
  }
  if (initiator === "client") return { kind: "ignored", why: "from-client" };
  if (heard.includes(sessionId)) return { kind: "repeated" };
  return { kind: "begin", notification, heard: [sessionId, ...heard].slice(0, HEARD_MAX) };
}

function decoded(bytes: Uint8Array): ReceivedNotification | undefined {
  try {
    return decodeNotification(bytes);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
