import { canonicalUuid } from "../../../protocols/wince/headers.ts";
import type { DeviceToken, PullProtocol } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { randomName, type SiteContext } from "../site-context.ts";

/** Characters of a token that a site makes: 160 bits. */
export const TOKEN_CHARACTERS = 32;

/**
 * The device that shows this token in this protocol, if it is served here. Using a new token ends the
 * former one.
 *
 * @param token its text, or that of the public key that stands for it
 */
export async function deviceOfToken(
  context: SiteContext,
  protocol: PullProtocol,
  token: string,
): Promise<Device | undefined> {
  return (await holderOfToken(context, protocol, token))?.device;
}

/** The same, with what is known of the token. */
export async function holderOfToken(
  context: SiteContext,
  protocol: PullProtocol,
  token: string,
): Promise<{ readonly device: Device; readonly token: DeviceToken } | undefined> {
  const digest = sha256Hex(token);
  const found = await context.store.findToken(protocol, digest);
  if (!found) return undefined;
  const device = await context.store.find(found.device);
  if (device?.removedAtMs !== null || device.protocol !== protocol) return undefined;
  if (found.previousDigest !== null && found.digest === digest) {
    await context.lock.run(device.id, async () => {
      const now = (await context.store.tokens(device.id)).find((one) => one.protocol === protocol);
      // Rotated again meanwhile: what was shown is the former one now.
      if (now?.digest !== digest) return;
      await context.store.commit([{ device: device.id, token: { ...now, previousDigest: null } }]);
    });
  }
  return { device, token: found };
}

/**
 * What a client of Windows CE is taken to show as long as it shows nothing: nobody can type a token into
 * one, so it is given its own in the answer to its first contact.
 */
export function firstContactToken(uuid: string): string {
  return `the first contact of ${canonicalUuid(uuid) ?? uuid}`;
}

/**
 * Gives a device a new token; the former one works until the new one was used once, so that a device
 * that is away is not locked out. A client of Windows CE gets its new one when it comes, also when it has
 * lost the former.
 *
 * @param given what the device made itself; made here unless given
 * @returns the token, shown once
 * @throws AppError "not-found" for a device that has none
 */
export function rotateToken(context: SiteContext, id: DeviceId, given?: string): Promise<string> {
  return context.lock.run(id, async () => {
    const device = await context.store.find(id);
    const tokens = await context.store.tokens(id);
    const former = tokens.find((one) => one.protocol === device?.protocol);
    if (!former) throw new AppError("not-found", `the device ${id} has no token`);
    const first = former.protocol === "ce" ? firstContactToken(device?.stableId ?? "") : undefined;
    const token = given ?? first ?? randomName(context, TOKEN_CHARACTERS);
    // It was announced before, and the answer was lost.
    if (former.digest === sha256Hex(token)) return token;
    await context.store.commit([
      {
        device: id,
        token: {
          ...former,
          digest: sha256Hex(token),
          previousDigest: former.digest,
          createdAtMs: context.now(),
        },
      },
    ]);
    return token;
  });
}

export function tokenOf(
  device: DeviceId,
  protocol: PullProtocol,
  digest: string,
  nowMs: number,
): DeviceToken {
  return {
    device,
    protocol,
    digest,
    previousDigest: null,
    createdAtMs: nowMs,
  };
}
