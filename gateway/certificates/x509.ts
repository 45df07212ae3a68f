// The library looks for this at import. [platform 2.1]
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509CrlGenerator,
} from "@peculiar/x509";

/**
 * What the site's authority signs: its own certificate, certificates of devices, the list of revoked
 * ones. The library takes a tenth of a second and 25 MB to load, so this file is imported when the
 * authority is needed, and not before.
 */

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
/** RSA, because every Windows and every proxy takes it; 3,072 bits last as long as the authority. */
const KEY_BITS = 3_072;
/** Rises with every list: the time in milliseconds does. [RFC 5280, 5.2.3] */
const CRL_NUMBER = "2.5.29.20";

/** A key pair with its own certificate, as it is stored: base64 of DER. */
export interface StoredAuthority {
  readonly certificate: string;
  /** PKCS#8. Secret. */
  readonly privateKey: string;
}

interface Validity {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Makes a new authority. `name` is for people. */
export async function createAuthority(
  wanted: Validity & { readonly name: string; readonly serial: string },
): Promise<StoredAuthority> {
  const keys = await crypto.subtle.generateKey(
    { ...ALGORITHM, modulusLength: KEY_BITS, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: wanted.serial,
    name: [{ CN: [wanted.name] }],
    notBefore: new Date(wanted.notBeforeMs),
    notAfter: new Date(wanted.notAfterMs),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const privateKey = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { certificate: base64(certificate.rawData), privateKey: base64(privateKey) };
}

/** An authority with its key ready for use. */
export class Authority {
  readonly #certificate: X509Certificate;
  readonly #key: CryptoKey;

  private constructor(certificate: X509Certificate, key: CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
  }

  static async open(stored: StoredAuthority): Promise<Authority> {
    const key = await crypto.subtle.importKey(
      "pkcs8",
      Buffer.from(stored.privateKey, "base64"),
      ALGORITHM,
      false,
      ["sign"],
    );
    return new Authority(new X509Certificate(Buffer.from(stored.certificate, "base64")), key);
  }

  /** A client certificate, DER. Nothing but the key comes from the request. */
  async issue(
    wanted: Validity & {
      readonly serial: string;
      readonly commonName: string;
      /** SubjectPublicKeyInfo, DER. */
      readonly publicKey: Uint8Array;
    },
  ): Promise<Uint8Array> {
    const publicKey = Uint8Array.from(wanted.publicKey);
    const certificate = await X509CertificateGenerator.create({
      serialNumber: wanted.serial,
      subject: [{ CN: [wanted.commonName] }],
      issuer: this.#certificate.subjectName,
      notBefore: new Date(wanted.notBeforeMs),
      notAfter: new Date(wanted.notAfterMs),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: this.#key,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
        await SubjectKeyIdentifierExtension.create(publicKey),
        await AuthorityKeyIdentifierExtension.create(this.#certificate),
      ],
    });
    return new Uint8Array(certificate.rawData);
  }

  /** The list of revoked certificates, DER. */
  async revocationList(wanted: {
    readonly thisUpdateMs: number;
    readonly nextUpdateMs: number;
    readonly revoked: readonly { readonly serial: string; readonly revokedAtMs: number }[];
  }): Promise<Uint8Array> {
    const list = await X509CrlGenerator.create({
      issuer: this.#certificate.subjectName,
      thisUpdate: new Date(wanted.thisUpdateMs),
      nextUpdate: new Date(wanted.nextUpdateMs),
      entries: wanted.revoked.map(({ serial, revokedAtMs }) => ({
        serialNumber: serial,
        revocationDate: new Date(revokedAtMs),
      })),
      signingAlgorithm: ALGORITHM,
      signingKey: this.#key,
      extensions: [
        await AuthorityKeyIdentifierExtension.create(this.#certificate),
        new Extension(CRL_NUMBER, false, derInteger(wanted.thisUpdateMs)),
      ],
    });
    return new Uint8Array(list.rawData);
  }
}

function derInteger(value: number): Uint8Array {
  const hex = value.toString(16);
  const even = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  // A first bit that is set would make the number negative.
  const content = (even[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), even]) : even;
  return new Uint8Array([0x02, content.length, ...content]);
}

function base64(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString("base64");
}
