import { createHash, randomBytes } from "node:crypto";
import type { DeviceId } from "../../devices/model/ids.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type {
  CertificateIssuer,
  DeviceCertificate,
  IssuedCertificate,
} from "../../devices/ports/certificates.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { StoredAuthority } from "./x509.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How long an authority's own certificate holds. */
export const AUTHORITY_MS = 10 * 365 * DAY_MS;
/** Certificates begin this long before they are made: clocks of devices run behind. */
export const CLOCK_SKEW_MS = 24 * 60 * 60_000;
/** A list of revoked certificates is good for this long. */
export const REVOCATION_LIST_MS = 7 * DAY_MS;
/** Authorities kept besides the current one; the oldest goes first. */
export const FORMER_AUTHORITIES_MAX = 4;
const SERIAL_BYTES = 16;
/** An X.520 common name has at most 64 characters. */
const NAME_CHARACTERS_MAX = 64;

/** One name in the gateway's values: its secrets rest where the others do, encrypted as they are. */
export const AUTHORITY_NAME = "identity/certificate-authority";

/** Small values by name, durable when a promise resolves. */
export interface AuthorityValues {
  get(name: string): string | undefined;
  put(name: string, value: string): Promise<void>;
  putIfAbsent(name: string, value: string): Promise<string>;
}

/** An authority without its secret. */
export interface AuthorityView {
  readonly name: string;
  /** DER. */
  readonly certificate: Uint8Array;
  /** SHA-1 of it, as Windows shows it, and SHA-256, as everybody else does; hexadecimal. */
  readonly thumbprint: string;
  readonly fingerprint: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Kept extends StoredAuthority {
  readonly name: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

interface Stored {
  readonly current: Kept;
  /** What they signed holds until it ends; newest first. */
  readonly former: readonly Kept[];
}

/** What a list of revoked certificates is made from. */
export type Revocable = Pick<
  DeviceCertificate,
  "serial" | "authority" | "revokedAtMs" | "notAfterMs"
>;

export interface SiteAuthorityOptions {
  readonly values: AuthorityValues;
  readonly siteName: () => string;
  readonly now: () => number;
  readonly log: Log;
}

/**
 * The certificate authority of a site: it signs client certificates for devices that enrol. Its key
 * is made when it is first needed and never leaves the database.
 */
export class SiteAuthority implements CertificateIssuer {
  readonly #options: SiteAuthorityOptions;
  #making: Promise<Stored> | undefined;
  #renewing: Promise<unknown> = Promise.resolve();

  constructor(options: SiteAuthorityOptions) {
    this.#options = options;
  }

  /** The authority that signs now, made if there is none. */
  async current(): Promise<AuthorityView> {
    return viewOf((await this.#need()).current);
  }

  /** All that may still be trusted, the current one first; none while none was needed. */
  known(): readonly AuthorityView[] {
    const stored = this.#stored();
    const nowMs = this.#options.now();
    if (stored === undefined) return [];
    return [stored.current, ...stored.former]
      .filter(({ notAfterMs }, index) => index === 0 || notAfterMs > nowMs)
      .map(viewOf);
  }

  async rootOf({ authority }: Pick<DeviceCertificate, "authority">): Promise<Uint8Array> {
    const signer = this.known().find(({ thumbprint }) => thumbprint === authority);
    return (signer ?? (await this.current())).certificate;
  }

  async issue(wanted: {
    readonly device: DeviceId;
    readonly commonName: string;
    readonly publicKey: Uint8Array;
    readonly validForMs: number;
  }): Promise<IssuedCertificate> {
    const { device, commonName, publicKey, validForMs } = wanted;
    const nowMs = this.#options.now();
    const notAfterMs = nowMs + validForMs;
    // What it signs must not outlive it.
    const outlives = ({ notAfterMs: endMs }: Kept) => endMs < notAfterMs;
    const stored = await this.#need();
    const { current } = outlives(stored.current) ? await this.#renew(outlives) : stored;
    const { Authority } = await import("./x509.ts");
    const authority = await Authority.open(current);
    const serial = newSerial();
    const notBeforeMs = wholeSeconds(nowMs - CLOCK_SKEW_MS);
    const certificate = await authority.issue({
      serial,
      commonName,
      publicKey,
      notBeforeMs,
      notAfterMs: wholeSeconds(notAfterMs),
    });
    return {
      serial,
      device,
      subject: `CN=${commonName}`,
      certificate: Buffer.from(certificate).toString("base64"),
      thumbprint: thumbprintOf(certificate),
      keyHash: sha256Hex(publicKey),
      authority: viewOf(current).thumbprint,
      notBeforeMs,
      notAfterMs: wholeSeconds(notAfterMs),
      issuedAtMs: nowMs,
    };
  }

  /**
   * A new key in the place of the current one, such as when it may have become known. Certificates of
   * the former hold until they end or are revoked; devices and proxies need the new one's certificate.
   */
  async renew(): Promise<AuthorityView> {
    const { current } = await this.#need();
    const renewed = await this.#renew(({ certificate }) => certificate === current.certificate);
    return viewOf(renewed.current);
  }

  /** The revoked certificates, one DER list for each authority that is known. */
  async revocationLists(issued: readonly Revocable[]): Promise<readonly Uint8Array[]> {
    const { current, former } = await this.#need();
    const nowMs = this.#options.now();
    const { Authority } = await import("./x509.ts");
    const lists: Uint8Array[] = [];
    for (const kept of [current, ...former.filter(({ notAfterMs }) => notAfterMs > nowMs)]) {
      const { thumbprint } = viewOf(kept);
      const revoked = issued.flatMap(({ serial, authority, revokedAtMs, notAfterMs }) =>
        // A list does not name what ended by itself.
        authority === thumbprint && revokedAtMs !== null && notAfterMs > nowMs
          ? [{ serial, revokedAtMs }]
          : [],
      );
      const authority = await Authority.open(kept);
      lists.push(
        await authority.revocationList({
          thisUpdateMs: nowMs,
          nextUpdateMs: nowMs + REVOCATION_LIST_MS,
          revoked,
        }),
      );
    }
    return lists;
  }

  #stored(): Stored | undefined {
    const text = this.#options.values.get(AUTHORITY_NAME);
    return text === undefined ? undefined : (JSON.parse(text) as Stored);
  }

  /** Two that need it first at the same time get the same one. */
  async #need(): Promise<Stored> {
    const stored = this.#stored();
    if (stored !== undefined) return stored;
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #make(): Promise<Stored> {
    const made: Stored = { current: await this.#newAuthority(), former: [] };
    const kept = await this.#options.values.putIfAbsent(AUTHORITY_NAME, JSON.stringify(made));
    this.#options.log.info("certificate-authority-made", { name: made.current.name });
    return JSON.parse(kept) as Stored;
  }

  /** One after the other: `isDue` is asked again when it is this one's turn. */
  #renew(isDue: (current: Kept) => boolean): Promise<Stored> {
    const turn = this.#renewing.then(async () => {
      const before = await this.#need();
      if (!isDue(before.current)) return before;
      const fresh = await this.#newAuthority();
      const former = [before.current, ...before.former].slice(0, FORMER_AUTHORITIES_MAX);
      const stored: Stored = { current: fresh, former };
      await this.#options.values.put(AUTHORITY_NAME, JSON.stringify(stored));
      this.#options.log.info("certificate-authority-renewed", { name: fresh.name });
      return stored;
    });
    this.#renewing = turn.catch(() => undefined);
    return turn;
  }

  async #newAuthority(): Promise<Kept> {
    const { createAuthority } = await import("./x509.ts");
    const nowMs = this.#options.now();
    const notBeforeMs = wholeSeconds(nowMs - CLOCK_SKEW_MS);
    const notAfterMs = wholeSeconds(nowMs + AUTHORITY_MS);
    const name = authorityName(this.#options.siteName());
    const made = await createAuthority({ name, serial: newSerial(), notBeforeMs, notAfterMs });
    return { ...made, name, notBeforeMs, notAfterMs };
  }
}

/** Told apart by their end: two of one site may be in the same store. */
function authorityName(siteName: string): string {
  const end = ` devices ${randomBytes(3).toString("hex")}`;
  const plain = siteName.replaceAll(/\p{Cc}/gu, " ").trim();
  return `${[...plain].slice(0, NAME_CHARACTERS_MAX - end.length).join("")}${end}`;
}

/** 126 random bits under `01`: positive, always as long, and never met twice. */
function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString("hex");
}

/** Certificates count seconds. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

function thumbprintOf(certificate: Uint8Array): string {
  return createHash("sha1").update(certificate).digest("hex").toUpperCase();
}

function viewOf(kept: Kept): AuthorityView {
  const certificate = new Uint8Array(Buffer.from(kept.certificate, "base64"));
  const { name, notBeforeMs, notAfterMs } = kept;
  return {
    name,
    certificate,
    thumbprint: thumbprintOf(certificate),
    fingerprint: sha256Hex(certificate).toUpperCase(),
    notBeforeMs,
    notAfterMs,
  };
}
