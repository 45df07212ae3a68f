import type { Message } from "../../protocols/syncml/message.ts";
import type { Device } from "../model/device.ts";
import { AppError } from "../model/errors.ts";
import { type NewDevice, registerDevice } from "./register-device.ts";
import { type SiteContext, sha256Hex } from "./site-context.ts";

/** A code as people type it: case and separators do not matter. */
export function enrolmentCodeHash(code: string): string {
  return sha256Hex(code.toLowerCase().replaceAll(/[\s-]/g, ""));
}

/**
 * Makes a device known that presents a one-time enrolment code as the password of its basic
 * credential (any user name). The code is used up and becomes the device's own secret, to be rotated
 * when an administrator likes. Undefined when there is no such code.
 */
export async function enrolByCode(
  context: SiteContext,
  message: Message,
  externalId: string,
): Promise<Device | undefined> {
  const credential = message.header.cred;
  if (credential?.type.toLowerCase() !== "syncml:auth-basic") {
    return undefined;
  }
  const text = Buffer.from(credential.data, "base64").toString("utf8");
  // A user name such as a URN holds colons, a code does not.
  const colon = text.lastIndexOf(":");
  if (colon < 0 || externalId === "") return undefined;
  const userName = text.slice(0, colon);
  const password = text.slice(colon + 1);
  const codeHash = enrolmentCodeHash(password);
  const code = await context.enrolmentCodes.find(codeHash);
  if (!code || code.usedAtMs !== null || code.expiresAtMs <= context.now()) return undefined;
  try {
    const template = JSON.parse(code.template) as Partial<NewDevice>;
    const registered = await registerDevice(
      context,
      { platform: "Windows", ...template, stableId: externalId, userName, password },
      `code ${code.id}`,
      { consumeEnrolmentCode: codeHash },
    );
    context.log.info("device-enrolled", { device: registered.device.id, code: code.id });
    return registered.device;
  } catch (error) {
    if (error instanceof AppError && error.code === "conflict") return undefined;
    throw error;
  }
}
