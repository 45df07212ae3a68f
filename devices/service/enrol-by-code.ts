import { schemeOf, verifyBasic } from "../../protocols/oma-dm/credentials.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import type { Device } from "../model/device.ts";
import { AppError } from "../model/errors.ts";
import { sha256Hex } from "../model/sha256.ts";
import type { EnrolmentCode } from "../ports/enrolment-codes.ts";
import { type NewDevice, registerDevice } from "./register-device.ts";
import type { SiteContext } from "./site-context.ts";

/** A code as people type it: case and separators do not matter. */
export function enrolmentCodeHash(code: string): string {
  return sha256Hex(code.toLowerCase().replaceAll(/[\s-]/g, ""));
}

/**
 * Makes a device known that presents a one-time enrolment code as the password of its basic
 * credential (any user name). The code is used up and becomes the device's own secret, to be rotated
 * when an administrator likes.
 *
 * A code without a device is for whoever this site serves not yet: it never takes the place of a
 * device that has a secret here, because names are no secrets. A code for one device is taken from
 * that device only, and enrols it anew when it has lost its secret (it was re-imaged).
 *
 * @param named the device that the message's name belongs to, when there is one
 * @returns undefined when there is no such code, or it is not for this device
 */
export async function enrolByCode(
  context: SiteContext,
  message: Message,
  externalId: string,
  named: Device | undefined,
): Promise<Device | undefined> {
  const shown = shownPassword(message);
  if (!shown) return undefined;
  const isServed = named?.removedAtMs === null;
  const credential = isServed ? await context.store.credential(named.id) : undefined;
  // With its own secret it needs no code; the code of its enrolment is its secret now.
  if (credential && isSecretOf(credential, shown.data)) return undefined;

  const codeHash = enrolmentCodeHash(shown.password);
  const code = await context.enrolmentCodes.find(codeHash);
  if (!code || code.usedAtMs !== null || code.expiresAtMs <= context.now()) return undefined;
  const isNamed = code.stableId === externalId;
  if (code.stableId === null ? credential !== undefined : !isNamed) {
    context.log.warn("enrolment-code-not-for-this-device", { externalId, code: code.id });
    return undefined;
  }
  const { userName, password } = shown;
  return enrol(context, code, {
    platform: named?.platform ?? "Windows",
    ...(JSON.parse(code.template) as Partial<NewDevice>),
    stableId: externalId,
    userName,
    password,
  });
}

async function enrol(
  context: SiteContext,
  code: EnrolmentCode,
  wanted: NewDevice,
): Promise<Device | undefined> {
  try {
    const { device } = await registerDevice(context, wanted, `code ${code.id}`, {
      also: { consumeEnrolmentCode: code.codeHash },
      reimaged: code.stableId !== null,
    });
    context.log.info("device-enrolled", { device: device.id, code: code.id });
    return device;
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return undefined;
    throw error;
  }
}

interface Shown {
  readonly userName: string;
  readonly password: string;
  /** As it stood in the message. */
  readonly data: string;
}

function shownPassword({ header: { cred } }: Message): Shown | undefined {
  if (cred === undefined || schemeOf(cred.type) !== "syncml:auth-basic") return undefined;
  const text = Buffer.from(cred.data, "base64").toString("utf8");
  // A user name such as a URN holds colons, a code does not.
  const colon = text.lastIndexOf(":");
  if (colon < 0) return undefined;
  return { userName: text.slice(0, colon), password: text.slice(colon + 1), data: cred.data };
}

function isSecretOf(
  credential: { readonly secretHash: string; readonly previousSecretHash: string | null },
  data: string,
): boolean {
  const { secretHash, previousSecretHash } = credential;
  return (
    verifyBasic(data, secretHash) ||
    (previousSecretHash !== null && verifyBasic(data, previousSecretHash))
  );
}
