import type { DeviceId } from "../model/ids.ts";

/** A client certificate that this site's authority issued. */
export interface DeviceCertificate {
  /** Hexadecimal without leading zeros; unique. */
  readonly serial: string;
  readonly device: DeviceId;
  /** Such as `CN=3f…`: it names the device and nothing that the device said itself. [E-039] */
  readonly subject: string;
  /** DER as base64. */
  readonly certificate: string;
  /** SHA-1 of the DER, hexadecimal in capitals: the name by which Windows keeps it. */
  readonly thumbprint: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), hexadecimal. */
  readonly keyHash: string;
  /** Thumbprint of the authority's own certificate. */
  readonly authority: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly issuedAtMs: number;
  /** The user who enrolled the device; empty when nobody said. */
  readonly userName: string;
  /** Whose key store on the device holds it. */
  readonly store: "User" | "System";
  readonly revokedAtMs: number | null;
}

/** The certificates that were issued, as they are stored with what they belong to. */
export interface DeviceCertificates {
  find(serial: string): Promise<DeviceCertificate | undefined>;
  /** Newest first; none for an unknown device. */
  ofDevice(device: DeviceId): Promise<readonly DeviceCertificate[]>;
  /** All, newest first. */
  list(): Promise<readonly DeviceCertificate[]>;
}

/** A certificate before it belongs to anybody's enrolment. */
export type IssuedCertificate = Omit<DeviceCertificate, "userName" | "store" | "revokedAtMs">;

/** Who issues them. */
export interface CertificateIssuer {
  /**
   * A certificate for this key with a subject and a serial number of our own, not stored yet.
   *
   * @param commonName what the subject is to say: our name for the device
   * @param publicKey SubjectPublicKeyInfo, DER, checked
   */
  issue(wanted: {
    readonly device: DeviceId;
    readonly commonName: string;
    readonly publicKey: Uint8Array;
    readonly validForMs: number;
  }): Promise<IssuedCertificate>;
  /** The certificate, DER, of the authority that issued this one: what its device has to trust. */
  rootOf(issued: Pick<DeviceCertificate, "authority">): Promise<Uint8Array>;
}
