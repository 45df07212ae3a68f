import type { OutgoingItems } from "../oma-dm/outgoing-command.ts";
import { encodeSegment } from "./node-table.ts";

/**
 * Asks a Windows PC to remove the account by which this server manages it. It hangs up without an
 * answer, removes the account, and says so in a last session by an Alert 1226. [DMClient CSP]
 *
 * @param providerId what the server is called in that account (PROVIDER-ID)
 */
export function executeUnenroll(tag: string, providerId: string): OutgoingItems {
  const target = `./Vendor/MSFT/DMClient/Provider/${encodeSegment(providerId)}/Unenroll`;
  return { name: "Exec", tag, items: [{ target, format: "chr", data: providerId }] };
}
