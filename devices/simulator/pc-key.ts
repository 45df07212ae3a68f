// The library looks for this at import. [platform 2.1]
import "reflect-metadata";
import { Pkcs10CertificateRequestGenerator } from "@peculiar/x509";

/** The key of a PC and the request for its certificate. Imported when a PC enrols: it is large. */
export interface PcKey {
  /** PKCS#10, DER. */
  readonly request: Uint8Array;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** PKCS#8, DER. */
  readonly privateKey: Uint8Array;
}

/** A key as long as the server's policy wants it, and a request that Windows could have made. */
export async function makePcKey(wanted: {
  readonly bits: number;
  /** What the device calls itself; servers replace it. */
  readonly commonName: string;
}): Promise<PcKey> {
  const signingAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(
    {
      ...signingAlgorithm,
      modulusLength: wanted.bits,
      publicExponent: new Uint8Array([1, 0, 1]),
    },
    true,
    ["sign", "verify"],
  );
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: [{ CN: [wanted.commonName] }],
    keys,
    signingAlgorithm,
  });
  return {
    request: new Uint8Array(request.rawData),
    publicKey: new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey)),
    privateKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
  };
}
