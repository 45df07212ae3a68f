import type { ClientConfig } from "../../protocols/oma-dm/client-state.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";

/** Windows says in every first message whether somebody is logged in. [syncml 5] */
export function loginStatus(who: "user" | "none"): ClientConfig["alerts"][number] {
  return {
    code: ALERT.clientEvent,
    items: [{ meta: { type: "com.microsoft/MDM/LoginStatus", format: "chr" }, data: who }],
  };
}
