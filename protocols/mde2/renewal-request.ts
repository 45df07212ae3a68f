import { createHash, type KeyObject } from "node:crypto";
import { hashOf, isSignature } from "./algorithms.ts";
import { type Der, malformed, need, oidOf, readDer, TAG, valuesIn } from "./der.ts";
import { broken } from "./rules.ts";

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const DATA = "1.2.840.113549.1.7.1";
const CONTENT_TYPE = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";

/** Bytes of a signed request with the certificates in it. */
export const SIGNED_REQUEST_BYTES_MAX = 64 * 1024;

/** A certificate request that an older certificate signed. [MS-MDE2 3.5, RFC 5652] */
export interface RenewalRequest {
  /** The PKCS#10 request, DER, not checked yet. */
  readonly request: Uint8Array;
  /** Serial number of the certificate that is said to have signed, hexadecimal without leading zeros. */
  readonly serial: string;
  /** True when that certificate's key signed this request. */
  readonly isSignedBy: (key: KeyObject) => boolean;
}

/**
 * Reads a CMS SignedData with one signer around a PKCS#10 request. The certificates that come along
 * are not looked at: the issuer has its own copies.
 *
 * @throws ProtocolError `mde2-certificate-request`, `mde2-signature`
 */
export function readRenewalRequest(bytes: Uint8Array): RenewalRequest {
  if (bytes.length > SIGNED_REQUEST_BYTES_MAX) {
    throw malformed(`it has more than ${SIGNED_REQUEST_BYTES_MAX} bytes`);
  }
  const signedData = contentOf(readDer(bytes), SIGNED_DATA);
  const parts = valuesIn(signedData);
  const encapsulated = need(parts, 2, TAG.sequence);
  const content = contentOf(encapsulated, DATA);
  if (content.tag !== TAG.octetString) throw malformed("the signed content is no OCTET STRING");
  // Certificates and revocation lists may stand in between.
  const signers = valuesIn(need(parts, parts.length - 1, TAG.set));
  const [signer, ...others] = signers;
  if (signer === undefined || others.length > 0) throw malformed("there is not one signer");
  return { request: Uint8Array.from(content.content), ...signerOf(signer, content.content) };
}

/** What is inside a ContentInfo of this type. */
function contentOf(info: Der, type: string): Der {
  const values = valuesIn(info);
  if (oidOf(need(values, 0, TAG.oid)) !== type) throw malformed("it is no signed request");
  const [inner] = valuesIn(need(values, 1, TAG.context0));
  if (inner === undefined) throw malformed("it is no signed request");
  return inner;
}

function signerOf(signer: Der, content: Uint8Array): Pick<RenewalRequest, "serial" | "isSignedBy"> {
  const values = valuesIn(signer);
  // A signer that is named by its key identifier has no serial number: nobody sends that here.
  const serial = need(valuesIn(need(values, 1, TAG.sequence)), 1, TAG.integer).content;
  const digestOid = oidOf(need(valuesIn(need(values, 2, TAG.sequence)), 0, TAG.oid));
  const hash = hashOf(digestOid);
  if (hash === undefined) throw broken("mde2-signature", `the digest ${digestOid} is not accepted`);
  const attributes = values[3]?.tag === TAG.context0 ? values[3] : undefined;
  const rest = values.slice(attributes === undefined ? 3 : 4);
  const algorithm = oidOf(need(valuesIn(need(rest, 0, TAG.sequence)), 0, TAG.oid));
  const signature = need(rest, 1, TAG.octetString).content;
  return {
    serial: Buffer.from(serial)
      .toString("hex")
      .replace(/^0+(?=.)/, ""),
    isSignedBy: (key) => {
      const signed = attributes === undefined ? content : signedBytes(attributes, content, hash);
      return signed !== undefined && isSignature(key, algorithm, signed, signature, hash);
    },
  };
}

/**
 * With signed attributes it is them that are signed, as a SET; they hold the content's digest.
 * Undefined when they speak of another content. [RFC 5652, 5.4]
 */
function signedBytes(attributes: Der, content: Uint8Array, hash: string): Uint8Array | undefined {
  const found = new Map<string, Der>();
  for (const attribute of valuesIn(attributes)) {
    const values = valuesIn(attribute);
    const [value, ...more] = valuesIn(need(values, 1, TAG.set));
    if (value !== undefined && more.length === 0) found.set(oidOf(need(values, 0, TAG.oid)), value);
  }
  const digest = found.get(MESSAGE_DIGEST)?.content;
  const type = found.get(CONTENT_TYPE);
  if (digest === undefined || type === undefined || oidOf(type) !== DATA) return undefined;
  if (!createHash(hash).update(content).digest().equals(Buffer.from(digest))) return undefined;
  const signed = Uint8Array.from(attributes.whole);
  signed[0] = TAG.set;
  return signed;
}
