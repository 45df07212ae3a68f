import type { SecurityToken } from "../../../protocols/mde2/security-header.ts";
import type { EnrolmentCode } from "../../ports/enrolment-codes.ts";
import { enrolmentCodeHash } from "../enrol-by-code.ts";
import type { NewDevice } from "../register-device.ts";
import { type EnrolmentContext, type EnrolmentOutcome, refused } from "./enrolment-context.ts";

/** A code that may enrol, or has enrolled and may get its answer once more. */
export interface CheckedCode {
  readonly code: EnrolmentCode;
  readonly userName: string;
  /** What the device that it enrols starts with. */
  readonly template: Partial<NewDevice>;
}

const ASK = "Ask for a new enrolment code.";

/**
 * Judges the credential of a request: a one-time enrolment code in the place of the password, with
 * any user name. The code is not used up. [D14]
 */
export async function checkCode(
  { site, enrolments }: EnrolmentContext,
  token: SecurityToken,
): Promise<EnrolmentOutcome<CheckedCode>> {
  if (token.kind === "none") {
    return refused("InvalidSecurity", "The request carries no user name and no enrolment code.");
  }
  if (token.kind === "binary") {
    return refused("Authentication", "This server asks for a user name and an enrolment code.");
  }
  const { userName, password } = token;
  const code = await site.enrolmentCodes.find(enrolmentCodeHash(password));
  if (code === undefined) {
    return refused("Authentication", "The enrolment code is not known here.");
  }
  if (code.usedAtMs !== null && (await enrolments.find(code.codeHash)) === undefined) {
    return refused("Authentication", `The enrolment code was used already. ${ASK}`);
  }
  if (code.usedAtMs === null && code.expiresAtMs <= site.now()) {
    return refused("Authentication", `The enrolment code has expired. ${ASK}`);
  }
  const template = JSON.parse(code.template) as Partial<NewDevice>;
  if (template.platform !== undefined && template.platform !== "Windows") {
    return refused(
      "Authorization",
      `The enrolment code is for a device with ${template.platform}. ${ASK}`,
    );
  }
  return { kind: "accepted", code, userName, template };
}
