import {
  ENROLMENT_SETTINGS,
  type EnrolmentSetting,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { Device } from "../../model/device.ts";
import type { EnterpriseSettings } from "../../model/policy.ts";
import { sha256Hex } from "../../model/sha256.ts";

/**
 * What a device was told about its enrolment, as the site remembers it in `Device.enrolmentDigest`: the
 * digest of the token, then those of the other settings, as in `<token> CRLCheck=<digest>`.
 */

const DIGEST_CHARACTERS = 16;

export interface Setting {
  readonly name: EnrolmentSetting;
  readonly value: string;
}

/** What is to hold on the device besides the token. */
export function settingsOf(enterprise: EnterpriseSettings): readonly Setting[] {
  const values: Readonly<Record<EnrolmentSetting, string | null | undefined>> = {
    CertificateSearchCriteria: enterprise.certificateSearchCriteria,
    CRLCheck: enterprise.crlCheck,
    StoreUri: enterprise.store?.uri,
    "StoreProductID/ProductId": enterprise.store?.productId,
  };
  return ENROLMENT_SETTINGS.flatMap((name) => {
    const value = values[name] ?? null;
    return value === null ? [] : [{ name, value }];
  });
}

/** Does the device have this very token? */
export function hasToken(
  { enrolmentDigest }: Pick<Device, "enrolmentDigest">,
  token: string,
): boolean {
  return enrolmentDigest?.split(" ")[0] === sha256Hex(token);
}

/** Settings that the device was not told, or was told otherwise. */
export function untold(
  { enrolmentDigest }: Pick<Device, "enrolmentDigest">,
  settings: readonly Setting[],
): readonly Setting[] {
  const told = new Set(enrolmentDigest?.split(" ").slice(1));
  return settings.filter((setting) => !told.has(wordOf(setting)));
}

/** With another token, the settings are those that were told before. */
export function withToken(
  { enrolmentDigest }: Pick<Device, "enrolmentDigest">,
  token: string,
): string {
  const [, ...told] = enrolmentDigest?.split(" ") ?? [];
  return [sha256Hex(token), ...told].join(" ");
}

export function withSettings(
  { enrolmentDigest }: Pick<Device, "enrolmentDigest">,
  settings: readonly Setting[],
): string {
  const [token = ""] = enrolmentDigest?.split(" ") ?? [];
  return [token, ...settings.map(wordOf)].join(" ");
}

function wordOf({ name, value }: Setting): string {
  return `${name}=${sha256Hex(value).slice(0, DIGEST_CHARACTERS)}`;
}
