import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { NAME_CHARACTERS_MAX } from "../../model/limits.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { deviceOfToken } from "../contact/device-token.ts";
import { noteKnock, whyItWaits } from "../contact/knock.ts";
import { registerDevice } from "../register-device.ts";
import type { DdiContext } from "./ddi-context.ts";

/** What a request shows. */
export interface Shown {
  readonly tenant: string;
  readonly controllerId: string;
  /** The `Authorization` header. */
  readonly authorization: string;
  /** What a trusted proxy says of the client's certificate; undefined: nobody who is trusted says anything. */
  readonly certificate:
    | { readonly name: string; readonly authorities: readonly string[] }
    | undefined;
  readonly address: string;
}

const LINUX = { platform: "Windows", osPlatform: "Linux" } as const;

/**
 * The device that asks. Each method counts only where it is switched on; a target token is good for its
 * own device, the gateway token and certificates for the device that the path names.
 *
 * @throws AppError "unauthorized" for anybody else; one that is not known has knocked then
 */
export async function identifyDdi(context: DdiContext, shown: Shown): Promise<Device> {
  const { site } = context;
  const { controllerId, address } = shown;
  const named = await site.store.findByAlias("ddi", controllerId);
  const device = named?.removedAtMs === null && named.protocol === "ddi" ? named : undefined;
  const proof = await proofOf(context, shown);
  if (device !== undefined && proof !== undefined && (proof === "any" || proof.id === device.id)) {
    return device;
  }
  if (device === undefined && controllerId !== "" && controllerId.length <= NAME_CHARACTERS_MAX) {
    const note = whyItWaits(named, "ddi");
    const mayBeLetIn = proof === "any" && context.settings().plugAndPlay;
    if (mayBeLetIn && note === undefined) return plugIn(context, controllerId, address);
    await noteKnock(site, "ddi", controllerId, address, { ...LINUX, ...(note && { note }) });
  }
  throw new AppError("unauthorized", "no proof that is taken here for this device");
}

/** Undefined: none. `any`: for whatever device the path names. */
async function proofOf(
  { site, settings }: DdiContext,
  { tenant, controllerId, authorization, certificate }: Shown,
): Promise<Device | "any" | undefined> {
  const on = settings();
  if (tenant.toLowerCase() !== on.tenant.toLowerCase()) return undefined;
  const [, kind = "", token = ""] =
    /^(TargetToken|GatewayToken) +(\S+)$/i.exec(authorization) ?? [];
  if (on.targetToken && kind.toLowerCase() === "targettoken") {
    const device = await deviceOfToken(site, "ddi", token);
    if (device) return device;
  }
  const isGateway = kind.toLowerCase() === "gatewaytoken";
  if (on.gatewayToken && isGateway && on.gatewayTokenDigest === sha256Hex(token)) return "any";
  if (on.certificate && certificate?.name === controllerId) {
    const good = new Set(on.authorities.map(plainFingerprint));
    if (certificate.authorities.some((one) => good.has(plainFingerprint(one)))) return "any";
  }
  return undefined;
}

async function plugIn(
  { site }: DdiContext,
  controllerId: string,
  address: string,
): Promise<Device> {
  const wanted = { ...LINUX, stableId: controllerId, protocol: "ddi" } as const;
  try {
    return (await registerDevice(site, wanted, "plug-and-play")).device;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    // Two requests of one device at once, or its name is another device's.
    const named = await site.store.findByAlias("ddi", controllerId);
    if (named?.removedAtMs === null && named.protocol === "ddi") return named;
    await noteKnock(site, "ddi", controllerId, address, { ...LINUX, note: error.message });
    throw new AppError("unauthorized", error.message, { cause: error });
  }
}

/** Tools write fingerprints with and without colons, in large and small letters. */
export function plainFingerprint(text: string): string {
  return text.replaceAll(/[:\s]/g, "").toLowerCase();
}
