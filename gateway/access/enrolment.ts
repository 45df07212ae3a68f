import type { DeviceAlias } from "../../devices/model/device.ts";
import type { Knock } from "../../devices/ports/site-store.ts";
import type { NewDevice } from "../../devices/service/register-device.ts";

/** How long an enrolment code works unless said otherwise, and at most. */
export const ENROLMENT_CODE_MS_DEFAULT = 7 * 24 * 60 * 60_000;
export const ENROLMENT_CODE_MS_MAX = 90 * 24 * 60 * 60_000;
/** Characters of an enrolment code, five bits each: short enough to type on a handheld. */
export const ENROLMENT_CODE_CHARACTERS = 12;
/** Codes that can be waiting to be used. */
export const ENROLMENT_CODES_MAX = 10_000;

/** A one-time code with which a device enrols itself. [D14] */
export interface EnrolmentCode {
  readonly id: string;
  /** SHA-256 of the code, hexadecimal: the code itself is shown once. */
  readonly codeHash: string;
  readonly note: string;
  /** Facts that the new device starts with. */
  readonly template: Partial<NewDevice>;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  /** The id of the device that used it. */
  readonly usedBy: string | null;
}

/**
 * The codes of this site. A registration uses one up through `DeviceChanges.consumeEnrolmentCode`.
 *
 * Every implementation passes `test/gateway/access/enrolment.contract.ts`.
 */
export interface EnrolmentCodes {
  /** The newest first; used and expired ones too. */
  list(): Promise<readonly EnrolmentCode[]>;
  findByHash(codeHash: string): Promise<EnrolmentCode | undefined>;
  /** Throws AppError "conflict" when the id is taken. */
  add(code: EnrolmentCode): Promise<void>;
  /** Takes back an unused code; false when there is none. A used one stays for the record. */
  remove(id: string): Promise<boolean>;
}

/** Devices that spoke to the site without being known. `SiteStore.knock` writes the list. */
export interface KnockList {
  /** The latest first; at most `KNOCKS_MAX`. */
  list(): Promise<readonly Knock[]>;
  find(protocol: DeviceAlias["protocol"], externalId: string): Promise<Knock | undefined>;
  /** Unknown: no-op. */
  forget(protocol: DeviceAlias["protocol"], externalId: string): Promise<void>;
}

/** A code as it is hashed: people may type it in capitals, with blanks or hyphens. */
export function normalisedCode(text: string): string {
  return text.toLowerCase().replace(/[\s-]/g, "");
}
