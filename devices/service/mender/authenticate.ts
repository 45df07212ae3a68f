import type { AuthRequest } from "../../../protocols/mender/auth-request.ts";
import { printToken, readToken } from "../../../protocols/mender/bearer-token.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { parseDeviceId } from "../../model/ids.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { deviceOfToken } from "../contact/device-token.ts";
import { type KnockDetails, noteKnock, TOO_MANY_AT_ONCE, whyItWaits } from "../contact/knock.ts";
import { registerDevice } from "../register-device.ts";
import type { SiteContext } from "../site-context.ts";

/** A device asks for a new token when this is over; it does so by itself, and before it installs. */
export const BEARER_LIFE_MS = 24 * 3_600_000;

/** The site's secrets for tokens: what signs, and everything that a good token may be signed with. */
export interface BearerSecrets {
  readonly current: Uint8Array;
  readonly accepted: readonly Uint8Array[];
}

export interface MenderSettings {
  /** A device that is not known is registered when it comes, instead of waiting for an approval. */
  readonly autoAccept: boolean;
}

export interface MenderSite {
  readonly context: SiteContext;
  readonly secrets: BearerSecrets;
  readonly settings: () => MenderSettings;
}

/**
 * Lets a device in whose signature was checked, and gives it what it shows from then on.
 *
 * @throws AppError "unauthorized" for one that waits for an approval, was removed, or shows another key
 */
export async function authenticate(
  site: MenderSite,
  request: AuthRequest,
  address: string,
): Promise<string> {
  const { context } = site;
  const { identity, keyText } = request;
  const known = await context.store.findByAlias("mender", identity);
  const isServed = known?.removedAtMs === null && known.protocol === "mender";
  if (isServed) {
    const shown = await deviceOfToken(context, "mender", keyText);
    if (shown?.id === known.id) return bearerOf(site, known, keyText);
  }
  const why = whyItWaits(known, "mender");
  if (why !== undefined) return turnAway(site, request, address, why);
  if (!site.settings().autoAccept) return turnAway(site, request, address, null);
  if (!context.strangers.letsIn(address, context.now())) {
    return turnAway(site, request, address, TOO_MANY_AT_ONCE);
  }
  try {
    const wanted = { ...detailsOf(request), platform: "Windows" as const };
    const { device } = await registerDevice(
      context,
      { ...wanted, stableId: identity, protocol: "mender" },
      "auto-accept",
    );
    return bearerOf(site, device, keyText);
  } catch (error) {
    // Full, or a key that another device has: only an administrator can do something about it.
    if (error instanceof AppError && error.code === "conflict") {
      return turnAway(site, request, address, error.message);
    }
    throw error;
  }
}

/** The device that shows this token, if it is still good. @throws AppError "unauthorized" */
export async function needBearer(
  { context, secrets }: MenderSite,
  token: string | undefined,
): Promise<Device> {
  const claims =
    token === undefined ? undefined : readToken(token, context.now(), secrets.accepted);
  const found = claims && (await context.store.findToken("mender", claims.key));
  const id = claims && parseDeviceId(claims.device);
  const device = id && found?.device === id ? await context.store.find(id) : undefined;
  if (device?.removedAtMs === null && device.protocol === "mender") return device;
  throw new AppError("unauthorized", "the token is none of ours, or has expired");
}

function bearerOf({ context, secrets }: MenderSite, device: Device, keyText: string): string {
  const nowMs = context.now();
  const claims = {
    device: device.id,
    key: sha256Hex(keyText),
    expiresAtMs: nowMs + BEARER_LIFE_MS,
  };
  return printToken(claims, nowMs, secrets.current);
}

async function turnAway(
  { context }: MenderSite,
  request: AuthRequest,
  address: string,
  note: string | null,
): Promise<never> {
  const details = { ...detailsOf(request), ...(note === null ? {} : { note }) };
  await noteKnock(context, "mender", request.identity, address, details);
  throw new AppError("unauthorized", "this device waits for an administrator's approval");
}

function detailsOf({ name, keyText }: AuthRequest): KnockDetails {
  return { name, osPlatform: "Linux", token: keyText };
}
