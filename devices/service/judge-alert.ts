import type { JudgedAlert } from "../../protocols/oma-dm/server-state.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";

/**
 * The events that a site makes something of, by the end of their type. What Windows says in its first
 * message changes nothing here, and is taken all the same: it would be sent again and again. [syncml 5]
 */
const KNOWN_TYPES: readonly RegExp[] = [
  /com\.microsoft\/mdm\/loginstatus$/,
  /com\.microsoft\/mdm\/aadusertoken$/,
  /com\.microsoft\.mdm\.synctype$/,
  /com\.microsoft\.mdm\.requestpending$/,
  /mdm\.unenrollment\.userrequest$/,
  /com\.microsoft\.mdm\.win32csp_install$/,
  /com\.microsoft\.mdm\.enterprisehostedappinstall\.result$/,
  /com\.microsoft\.mdm\.enterpriseappuninstall\.result$/,
];

/**
 * The Status of an event: what nobody here understands is said to be so, 406 for a client event and
 * 415 for a generic alert, so that the device does not take it for delivered. [syncml 3.5]
 */
export function judgeAlert({ code, item }: JudgedAlert): number {
  const type = (item.meta?.type ?? "").trim().toLowerCase();
  if (KNOWN_TYPES.some((known) => known.test(type))) return 200;
  return code === ALERT.generic ? 415 : 406;
}
