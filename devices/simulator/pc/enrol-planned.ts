import { sha256Hex } from "../../model/sha256.ts";
import { enrolPc } from "../enrol-pc.ts";
import type { Fetch } from "../fetch-content.ts";
import type { PlannedDevice } from "../fleet-plan.ts";
import type { PcAccount } from "../make-device.ts";
import { PROFILES } from "../profiles.ts";

/** Product numbers of Windows, by how OSPlatform ends. */
const EDITIONS: Readonly<Record<string, string>> = { Pro: "48", Enterprise: "4" };

/**
 * Enrols a planned PC with a one-time code, as Windows does (MS-MDE2).
 *
 * @param serverUrl where its user says the server is
 * @returns the plan under the name that the PC has in sessions, and its account
 * @throws EnrolmentError when the site refuses it, or answers what a PC does not accept
 */
export async function enrolPlannedPc(
  plan: PlannedDevice,
  { serverUrl, code, fetch }: { serverUrl: string; code: string; fetch: Fetch },
): Promise<{ readonly plan: PlannedDevice; readonly account: PcAccount }> {
  const { makePcKey } = await import("../pc-key.ts");
  const { osVersion, osPlatform } = PROFILES[plan.profile];
  const deviceId = plan.stableId
    .replace(/^urn:uuid:/, "")
    .replaceAll("-", "")
    .toUpperCase();
  let messages = 0;
  const { provisioning } = await enrolPc(
    {
      deviceId,
      hardwareId: sha256Hex(plan.stableId).toUpperCase(),
      deviceName: plan.name,
      deviceType: "CIMClient_Windows",
      osVersion,
      osEdition: EDITIONS[osPlatform.split(" ").at(-1) ?? ""] ?? "48",
      enrolmentType: "Full",
      userName: `${plan.name}@branch.example`,
    },
    {
      serverUrl,
      code,
      fetch,
      nextMessageId: () => `urn:uuid:${deviceId}-${++messages}`,
      makeKey: makePcKey,
    },
  );
  if (provisioning.first === undefined) throw new Error("the answer has no account");
  const { address, device, server } = provisioning.first.account;
  return {
    plan: { ...plan, stableId: deviceId },
    account: {
      serverUrl: address,
      userName: device.userName,
      password: device.password,
      nonce: device.nonce,
      server: { userName: server.userName, password: server.password },
      serverNonce: server.nonce,
      providerId: provisioning.providerId,
    },
  };
}
