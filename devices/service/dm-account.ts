import { sessionIdText } from "../../protocols/oma-dm/notification.ts";
import { canonicalSubject } from "../../protocols/oma-dm/subject.ts";
import type { DeviceCredential, RequiredProof } from "../model/credential.ts";
import { AppError, fieldError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import { failuresAt } from "./login-guard.ts";
import { pendingSession, type Reach, reachOf } from "./notify-device.ts";
import { newServerSecret, type ServerAccount } from "./server-secret.ts";
import type { SiteContext } from "./site-context.ts";

/** How a device and the site know each other in OMA DM, without the secrets. */
export interface DmAccount
  extends Pick<
    DeviceCredential,
    | "userName"
    | "scheme"
    | "certificateSubject"
    | "serverId"
    | "serverProblem"
    | "notifyAddress"
    | "notifiedAtMs"
  > {
  /** What `scheme` comes to. */
  readonly requiredProof: RequiredProof;
  /** Networks that the device logged in from, the latest first. */
  readonly usualAddresses: readonly string[];
  /** Wrong credentials in its name, by network, the latest first. */
  readonly failures: ReturnType<typeof failuresAt>;
  /** Whether it can be called, and where. */
  readonly reach: Reach;
  /** The session that it was called for and has not begun yet, as it will write it. */
  readonly notifiedSession: string | null;
}

/** Undefined for a device that has no account here, such as one that another site manages. */
export async function readDmAccount(
  context: SiteContext,
  id: DeviceId,
): Promise<DmAccount | undefined> {
  const credential = await context.store.credential(id);
  return credential && accountOf(context, credential);
}

export type DmAccountPatch = Partial<
  Pick<DeviceCredential, "scheme" | "certificateSubject" | "notifyAddress">
>;

/**
 * Changes how a device has to prove who it is.
 *
 * @throws AppError "not-found" without an account, "conflict" when the certificate stands for another
 *   device, "unprocessable" for a subject that cannot be read
 */
export function changeDmAccount(
  context: SiteContext,
  id: DeviceId,
  patch: DmAccountPatch,
): Promise<DmAccount> {
  return withAccount(context, id, async (credential) => {
    const next = { ...credential, ...patch };
    if (typeof patch.certificateSubject === "string") {
      next.certificateSubject = needSubject(patch.certificateSubject);
    }
    if (typeof patch.notifyAddress === "string")
      next.notifyAddress = needAddress(patch.notifyAddress);
    const required = next.scheme === "site" ? context.omaDm().requiredProof : next.scheme;
    if (required === "certificate" && next.certificateSubject === null) {
      throw fieldError(
        "/certificateSubject",
        "name the certificate that the device shows, when nothing else is to be taken from it",
      );
    }
    await context.store.commit([{ device: id, credential: next }]);
    return accountOf(context, next);
  });
}

/**
 * Makes a password of the site towards a device, for one that asks who its server is. The former one
 * ends at once: the device needs the new one before it takes commands again.
 *
 * @throws AppError "not-found" without an account
 */
export function renewServerPassword(context: SiteContext, id: DeviceId): Promise<ServerAccount> {
  return withAccount(context, id, async (credential) => {
    const { stored, account } = newServerSecret(context);
    if (account === null) throw new Error("invariant broken: a new secret has its account");
    await context.store.commit([{ device: id, credential: { ...credential, ...stored } }]);
    return account;
  });
}

/** @throws AppError "unprocessable" for text that names no attribute */
export function needSubject(text: string): string {
  const subject = canonicalSubject(text);
  if (subject === undefined) {
    throw fieldError("/certificateSubject", "write it as CN=Device-42,O=Contoso");
  }
  return subject;
}

/** An address and perhaps a port, or the number of a phone. It cannot be taken for an option. */
const ADDRESS = /^[\p{L}\p{N}[+][\p{L}\p{N}.:_@%+\]-]{0,254}$/u;

/** @throws AppError "unprocessable" for text that cannot be an address */
export function needAddress(text: string): string {
  const address = text.trim();
  if (ADDRESS.test(address)) return address;
  throw fieldError("/notifyAddress", "write it as 10.1.2.3 or 10.1.2.3:2948");
}

function withAccount<T>(
  context: SiteContext,
  id: DeviceId,
  work: (credential: DeviceCredential) => Promise<T>,
): Promise<T> {
  return context.lock.run(id, async () => {
    const credential = await context.store.credential(id);
    if (!credential) throw new AppError("not-found", `the device ${id} has no OMA DM account`);
    return work(credential);
  });
}

function accountOf(context: SiteContext, credential: DeviceCredential): DmAccount {
  const { userName, scheme, certificateSubject, guard } = credential;
  const { serverId, serverProblem, notifyAddress, notifiedAtMs } = credential;
  const pending = pendingSession(credential, context.now());
  return {
    userName,
    scheme,
    certificateSubject,
    usualAddresses: guard.usual,
    failures: failuresAt(guard, context.now()),
    serverId,
    serverProblem,
    notifyAddress,
    notifiedAtMs,
    reach: reachOf(context, credential),
    notifiedSession: pending === null ? null : sessionIdText(pending),
    requiredProof: scheme === "site" ? context.omaDm().requiredProof : scheme,
  };
}
