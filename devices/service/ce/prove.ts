import { type CeHeaders, canonicalUuid } from "../../../protocols/wince/headers.ts";
import type { CePoll } from "../../../protocols/wince/requests.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { deviceOfToken, firstContactToken, TOKEN_CHARACTERS } from "../contact/device-token.ts";
import { noteKnock, TOO_MANY_AT_ONCE, whyItWaits } from "../contact/knock.ts";
import { registerDevice } from "../register-device.ts";
import { randomName } from "../site-context.ts";
import { CE, type CeContext } from "./ce-context.ts";
import { pollFacts } from "./hear-inventory.ts";

export interface Proven {
  readonly device: Device;
  /** It is to show this from now on; null: what it shows is right. */
  readonly newToken: string | null;
}

/**
 * Who a device is. One that was given nothing yet is let in until it has used once what it is given: an
 * answer may be lost. One that shows a token that was replaced here is given the next one. [agents 5]
 *
 * @param poll what it says of itself, where it polls
 * @throws AppError "unauthorized" for a device that is not known, which is noted, or shows a wrong token
 */
export async function proveDevice(
  context: CeContext,
  headers: CeHeaders,
  poll: CePoll | undefined,
  address: string,
): Promise<Proven> {
  const { site } = context;
  const { uuid } = headers;
  const shown = headers.auth ?? poll?.authorizationToken ?? firstContactToken(uuid);
  const device = await deviceOfToken(site, CE, shown);
  if (device !== undefined) {
    if (canonicalUuid(device.stableId) !== uuid) {
      throw new AppError("unauthorized", "X-Device-Auth is another device's");
    }
    return { device, newToken: await renew(context, device, shown) };
  }
  const named = await site.store.findByAlias(CE, uuid);
  if (named?.removedAtMs === null && named.protocol === CE) {
    throw new AppError(
      "unauthorized",
      `X-Device-Auth is not what the device ${uuid} was given. If it has lost it, an administrator renews its token here.`,
    );
  }
  const told = poll === undefined ? {} : pollFacts(poll);
  const details = { ...told, name: poll?.deviceName ?? uuid, token: firstContactToken(uuid) };
  const mayBeLetIn = context.settings().plugAndPlay && poll !== undefined;
  const note =
    whyItWaits(named, CE) ??
    (mayBeLetIn && !site.strangers.letsIn(address, site.now()) ? TOO_MANY_AT_ONCE : undefined);
  if (!mayBeLetIn || note !== undefined) {
    await noteKnock(site, CE, uuid, address, { ...details, ...(note && { note }) });
    throw new AppError("unauthorized", `the device ${uuid} is not known here yet`);
  }
  const registered = await registerDevice(
    site,
    { stableId: uuid, protocol: CE, platform: "Windows", ...details },
    "device",
  );
  return {
    device: registered.device,
    newToken: await renew(context, registered.device, firstContactToken(uuid)),
  };
}

/** A token for who shows one that is not to be shown for long; the shown one is good until it was used. */
async function renew(context: CeContext, device: Device, shown: string): Promise<string | null> {
  const { site } = context;
  return site.lock.run(device.id, async () => {
    const digest = sha256Hex(shown);
    const now = (await site.store.tokens(device.id)).find(({ protocol }) => protocol === CE);
    const isFirst = shown === firstContactToken(canonicalUuid(device.stableId) ?? device.stableId);
    if (now === undefined || (now.digest === digest && !isFirst)) return null;
    const token = randomName(site, TOKEN_CHARACTERS);
    await site.store.commit([
      {
        device: device.id,
        token: {
          ...now,
          digest: sha256Hex(token),
          previousDigest: digest,
          createdAtMs: site.now(),
        },
      },
    ]);
    return token;
  });
}
