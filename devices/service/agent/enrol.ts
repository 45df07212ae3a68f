import type { EnrolRequest } from "../../../protocols/agent/requests.ts";
import { AGENT_VERSIONS } from "../../../protocols/agent/words.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { holderOfToken } from "../contact/device-token.ts";
import { noteKnock, TOO_MANY_AT_ONCE, whyItWaits } from "../contact/knock.ts";
import { enrolmentCodeHash } from "../enrol-by-code.ts";
import { deviceIdFor, type NewDevice, registerDevice } from "../register-device.ts";
import type { SiteContext } from "../site-context.ts";
import { deviceFacts } from "./check-in.ts";

export type EnrolOutcome =
  | { readonly kind: "enrolled"; readonly device: Device }
  /** It knocked; an administrator decides. */
  | { readonly kind: "waits" };

/** What holds for agents at a site. */
export interface AgentSettings {
  /** A device that nobody has heard of is registered when it comes, instead of waiting for an approval. */
  readonly plugAndPlay: boolean;
}

/** The version that both sides speak; undefined where there is none. [PROTOCOL 2.1] */
export function commonVersion(spoken: readonly number[]): number | undefined {
  return [...AGENT_VERSIONS].reverse().find((version) => spoken.includes(version));
}

/**
 * Enrols an agent by a one-time code or because the site lets in whoever comes, or notes that it knocked.
 * The same enrolment again gets the same outcome, because its answer may have been lost. [PROTOCOL 2]
 *
 * @throws AppError "forbidden" for a code that is not good for this device, or a token of another one;
 *   "too-many" where too many strangers knock from there
 */
export async function enrolAgent(
  context: SiteContext,
  request: EnrolRequest,
  { address, settings }: { readonly address: string; readonly settings: AgentSettings },
): Promise<EnrolOutcome> {
  const { token, stableId, code } = request;
  const known = await holderOfToken(context, "agent", token);
  if (known) {
    if (known.device.stableId === stableId) return { kind: "enrolled", device: known.device };
    throw new AppError("forbidden", "this token is another device's: make a new one");
  }
  if (code !== undefined) return { kind: "enrolled", device: await byCode(context, request, code) };
  const named = await context.store.find(await deviceIdFor(context, stableId, "agent"));
  const why = whyItWaits(named, "agent");
  const isFull = () => !context.strangers.letsIn(address, context.now());
  const note = why ?? (settings.plugAndPlay && isFull() ? TOO_MANY_AT_ONCE : undefined);
  if (settings.plugAndPlay && note === undefined) {
    return { kind: "enrolled", device: await plugIn(context, request) };
  }
  const { platform, name } = wantedBy(request);
  const waitMs = await noteKnock(context, "agent", stableId, address, {
    platform,
    ...(name === undefined ? {} : { name }),
    ...detailsOf(request),
    tokenDigest: sha256Hex(token),
    ...(note && { note }),
  });
  if (waitMs > 0) {
    const text = "too many devices that are not known come from this address";
    throw new AppError("too-many", text, { retryAfterMs: waitMs });
  }
  return { kind: "waits" };
}

/** Lets in a device that nobody has heard of, with what it says of itself. */
async function plugIn(context: SiteContext, request: EnrolRequest): Promise<Device> {
  const { token } = request;
  const wanted = { ...wantedBy(request), protocol: "agent", token } as const;
  try {
    return (await registerDevice(context, wanted, "plug-and-play")).device;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    return holderAfterAll(context, request, error);
  }
}

/** The same request at the same time was faster, or the device cannot be registered. */
async function holderAfterAll(
  context: SiteContext,
  { stableId, token }: EnrolRequest,
  problem: AppError,
): Promise<Device> {
  const holder = await holderOfToken(context, "agent", token);
  if (holder?.device.id === (await deviceIdFor(context, stableId, "agent"))) return holder.device;
  const text = `this device cannot be enrolled: ${problem.message}`;
  throw new AppError("forbidden", text, { cause: problem });
}

async function byCode(context: SiteContext, request: EnrolRequest, shown: string): Promise<Device> {
  const { stableId, token } = request;
  const code = await context.enrolmentCodes.find(enrolmentCodeHash(shown));
  if (!code || code.usedAtMs !== null || code.expiresAtMs <= context.now()) {
    throw new AppError("forbidden", "this enrolment code is unknown, used or expired");
  }
  if (code.stableId !== null && code.stableId !== stableId) {
    throw new AppError("forbidden", "this enrolment code is for another device");
  }
  const template = JSON.parse(code.template) as Partial<NewDevice>;
  try {
    const { device } = await registerDevice(
      context,
      { ...wantedBy(request), ...template, stableId, protocol: "agent", token },
      `code ${code.id}`,
      { also: { consumeEnrolmentCode: code.codeHash }, reimaged: code.stableId !== null },
    );
    context.log.info("device-enrolled", { device: device.id, code: code.id });
    return device;
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    return holderAfterAll(context, request, error);
  }
}

function wantedBy(request: EnrolRequest): NewDevice {
  const { stableId, platform, name, facts } = request;
  return {
    stableId,
    platform,
    ...(name === undefined ? {} : { name }),
    ...(facts === undefined ? {} : deviceFacts(facts)),
  };
}

function detailsOf({ facts }: EnrolRequest) {
  const told = facts === undefined ? {} : deviceFacts(facts);
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null));
}
