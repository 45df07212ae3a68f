import { z } from "zod";
import { readAs } from "../agent/read-message.ts";

/** Bytes of a status; a substate is a sentence. */
export const STATUS_BYTES_MAX = 16 * 1024;
const SUBSTATE_CHARACTERS_MAX = 8_192;

/** Every word that a device has for how far it is, in the order in which it comes by them. */
export const DEPLOYMENT_STATUSES = [
  "downloading",
  "pause_before_installing",
  "installing",
  "pause_before_rebooting",
  "rebooting",
  "pause_before_committing",
  "success",
  "failure",
  "already-installed",
] as const;
export type DeploymentStatus = (typeof DEPLOYMENT_STATUSES)[number];

/** After these it does nothing more for the deployment. */
export const FINAL_STATUSES: ReadonlySet<DeploymentStatus> = new Set([
  "success",
  "failure",
  "already-installed",
]);

const Status = z.object({
  status: z.enum(DEPLOYMENT_STATUSES),
  substate: z.string().max(SUBSTATE_CHARACTERS_MAX).nullish(),
});

/** @throws ProtocolError `mender-status` */
export function readStatus(body: Uint8Array): {
  readonly status: DeploymentStatus;
  /** In the device's own words. */
  readonly substate: string | null;
} {
  const { status, substate } = readAs("mender-status", Status, body);
  return { status, substate: substate || null };
}
