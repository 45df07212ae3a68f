import { createHmac, timingSafeEqual } from "node:crypto";
import { AppError } from "../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId, type Sha256 } from "../../devices/model/ids.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import { plainFileName } from "../../protocols/content/file-name.ts";

/** A link lives at least so long. [D27] */
export const LINK_LIFE_MS = 24 * 3_600_000;
/** Expiries are rounded up to this, so that asking twice within it gives the same link. */
const EXPIRY_STEP_MS = 3_600_000;
export const LINK_KEY_BYTES_MIN = 32;

/** The site's secrets for links: what signs, and everything that a good link may be signed with. */
export interface LinkSigningKeys {
  readonly current: Uint8Array;
  readonly accepted: readonly Uint8Array[];
}

/** The query of a link, as text: nothing in it is believed before `check`. */
export interface LinkQuery {
  readonly device: string;
  readonly exp: string;
  readonly sig: string;
}

/**
 * Links that let one device fetch one file until an instant, without credentials: many devices cannot
 * send any when they download. [D27]
 *
 * The signature is HMAC-SHA256 over digest, device and expiry. It does not cover the file's name, which
 * only says how a download is called.
 */
export class DeviceUrls {
  readonly #keys: LinkSigningKeys;
  readonly #now: () => number;

  /** `keys` are asked each time; each has at least `LINK_KEY_BYTES_MIN` random bytes. */
  constructor(keys: LinkSigningKeys, now: () => number) {
    if (keys.current.length < LINK_KEY_BYTES_MIN) {
      throw new Error(`the key of device links needs ${LINK_KEY_BYTES_MIN} bytes`);
    }
    this.#keys = keys;
    this.#now = now;
  }

  /** The link of `file` under `base` (scheme, host, perhaps a path), valid at least until `untilMs`. */
  urlFor(file: PackageFile, device: DeviceId, untilMs: number, base: string): string {
    const lastMs = Math.max(untilMs, this.#now() + LINK_LIFE_MS);
    const exp = String((Math.ceil(lastMs / EXPIRY_STEP_MS) * EXPIRY_STEP_MS) / 1000);
    const sig = signatureOf(this.#keys.current, file.sha256, device, exp);
    const name = encodeURIComponent(plainFileName(file.name));
    const path = `/content/${file.sha256}/${name}?device=${device}&exp=${exp}&sig=${sig}`;
    return base.replace(/\/+$/, "") + path;
  }

  /** The device that the link was made for. Throws AppError "forbidden" for a wrong or expired link. */
  check(sha256: Sha256, query: LinkQuery): DeviceId {
    const given = Buffer.from(query.sig);
    const device = parseDeviceId(query.device);
    const isGenuine = this.#keys.accepted.some((key) =>
      isSame(Buffer.from(signatureOf(key, sha256, query.device, query.exp)), given),
    );
    if (!isGenuine || !device) {
      throw new AppError("forbidden", "This link was not made by this gateway for this file.");
    }
    const expiresAtMs = Number(query.exp) * 1000;
    if (this.#now() >= expiresAtMs) {
      throw new AppError(
        "forbidden",
        `This link expired at ${new Date(expiresAtMs).toISOString()}. ` +
          "The device gets a new one when it contacts the gateway.",
      );
    }
    return device;
  }
}

function signatureOf(key: Uint8Array, sha256: Sha256, device: string, exp: string): string {
  return createHmac("sha256", key).update(`${sha256}\n${device}\n${exp}`).digest("base64url");
}

function isSame(expected: Uint8Array, given: Uint8Array): boolean {
  return expected.length === given.length && timingSafeEqual(expected, given);
}
