import {
  encodeNotification,
  FALLBACK_NONCE,
  NOTIFICATION_VERSION,
  NOTIFIED_SESSION_MAX,
  sessionIdText,
} from "../../protocols/oma-dm/notification.ts";
import type { DeviceCredential } from "../model/credential.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import type { DeviceTrigger, Parcel } from "../ports/device-trigger.ts";
import type { SiteContext } from "./site-context.ts";
import { isTalking } from "./stored-session.ts";

/** Until then the same session is asked for again; a device that heard it twice begins it once. */
export const NOTIFICATION_LIFE_MS = 10 * 60_000;
/** Work that comes in a row calls its device once in so long. */
export const NOTIFIES_EVERY_MS = 60_000;

/** What was sent. */
export interface Notified {
  /** As the device will write it. */
  readonly sessionId: string;
  readonly addresses: readonly string[];
  readonly atMs: number;
}

/** Whether a device can be called, and what became of it. */
export interface Reach {
  /** Why it cannot, for people; null when it can. */
  readonly problem: string | null;
  readonly addresses: readonly string[];
}

/**
 * Calls a device: it begins a session when it gets the notification.
 *
 * @throws AppError "not-found" without an account, "conflict" with what is missing, "unavailable"
 *   when it could not be sent
 */
export async function notifyDevice(context: SiteContext, id: DeviceId): Promise<Notified> {
  const { trigger } = context;
  if (trigger === undefined) throw new AppError("conflict", NO_TRIGGER);
  const called = await context.lock.run(id, async () => {
    const credential = await context.store.credential(id);
    const device = await context.store.find(id);
    if (!device || !credential) {
      throw new AppError("not-found", `the device ${id} has no OMA DM account`);
    }
    if (device.removedAtMs !== null) {
      throw new AppError("conflict", `the device ${device.name} was removed`);
    }
    return call(context, trigger, credential);
  });
  await trigger.send(called.parcel);
  return called.notified;
}

/**
 * The same for work that was just ordered: a device that is here already, was called a moment ago or
 * cannot be called gets the work at its next contact. Resolves when the call is made, not when it is
 * out; what goes wrong is logged.
 */
export async function notifyOfWork(context: SiteContext, id: DeviceId): Promise<void> {
  const { trigger } = context;
  if (trigger === undefined) return;
  const failed = (error: unknown) => {
    if (!(error instanceof AppError)) context.log.error("notification-failed", error);
    else context.log.warn("notification-not-sent", { device: id, problem: error.message });
  };
  const prepare = async (): Promise<Parcel | undefined> => {
    const nowMs = context.now();
    const credential = await context.store.credential(id);
    if (!credential || reachOf(context, credential).problem !== null) return undefined;
    const sinceMs = nowMs - (credential.notifiedAtMs ?? Number.NEGATIVE_INFINITY);
    if (sinceMs >= 0 && sinceMs < NOTIFIES_EVERY_MS) return undefined;
    if (isTalking(await context.store.session(id), nowMs)) return undefined;
    return (await call(context, trigger, credential)).parcel;
  };
  try {
    const parcel = await context.lock.run(id, prepare);
    if (parcel !== undefined) trigger.send(parcel).catch(failed);
  } catch (error) {
    failed(error); // The work itself is ordered.
  }
}

export function reachOf(
  { trigger }: Pick<SiteContext, "trigger">,
  credential: DeviceCredential,
): Reach {
  const addresses = addressesOf(credential);
  const problem = (why: string) => ({ addresses, problem: why });
  if (trigger === undefined) return problem(NO_TRIGGER);
  if (credential.serverSecretHash === null) return problem(NO_PASSWORD);
  if (addresses.length === 0 && trigger.needsAddress) return problem(NO_ADDRESS);
  return { addresses, problem: null };
}

/** The session that was asked for and has not begun yet; null when there is none (any more). */
export function pendingSession(
  { notifySession, notifiedAtMs }: DeviceCredential,
  nowMs: number,
): number | null {
  const sinceMs = notifiedAtMs === null ? -1 : nowMs - notifiedAtMs;
  return sinceMs >= 0 && sinceMs < NOTIFICATION_LIFE_MS ? notifySession : null;
}

const NO_TRIGGER = "this gateway is not configured to call devices: see OUTPOST_NOTIFY_BY";
const NO_PASSWORD =
  "the device was given no password of this server, by which it knows who calls: make one first";
const NO_ADDRESS = "nobody knows where the device listens: write its address down";

/** What is to be sent; that it is, is written down first. */
async function call(
  context: SiteContext,
  trigger: DeviceTrigger,
  credential: DeviceCredential,
): Promise<{ readonly parcel: Parcel; readonly notified: Notified }> {
  const { addresses, problem } = reachOf({ trigger }, credential);
  const { device, serverId, serverSecretHash, serverNonce } = credential;
  if (problem !== null || serverId === null || serverSecretHash === null) {
    throw new AppError("conflict", problem ?? NO_PASSWORD);
  }
  const atMs = context.now();
  const pending = pendingSession(credential, atMs);
  const sessionId = pending ?? drawSession(context);
  const notification = encodeNotification(
    {
      version: NOTIFICATION_VERSION,
      uiMode: "background",
      initiator: "server",
      sessionId,
      serverId,
      vendor: new Uint8Array(),
    },
    {
      secretHash: serverSecretHash,
      // A first call that nothing came of: perhaps our nonces differ. [syncml 3.4]
      nonce: pending === null ? (serverNonce ?? "") : FALLBACK_NONCE,
    },
  );
  const next = { ...credential, notifySession: sessionId, notifiedAtMs: atMs };
  await context.store.commit([{ device, credential: next }]);
  return {
    parcel: { device, addresses, notification, sessionId },
    notified: { sessionId: sessionIdText(sessionId), addresses, atMs },
  };
}

/** Where it is said to listen, or where it has logged in from; a whole network is no address. */
function addressesOf({ notifyAddress, guard }: DeviceCredential): readonly string[] {
  if (notifyAddress !== null) return [notifyAddress];
  return guard.usual.filter((address) => address !== "" && !address.includes("/"));
}

function drawSession(context: SiteContext): number {
  const [high = 0, low = 0] = context.randomBytes(2);
  return ((high << 8) | low) % NOTIFIED_SESSION_MAX || NOTIFIED_SESSION_MAX;
}
