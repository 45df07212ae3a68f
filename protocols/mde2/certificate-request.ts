import { isDefaultSubject } from "../csp/enterprise-app-management/certificate-criteria.ts";
import { isSignature, needStrongKey } from "./algorithms.ts";
import { bitsOf, type Der, malformed, need, oidOf, readDer, TAG, valuesIn } from "./der.ts";
import { broken } from "./rules.ts";

/** Bytes of a PKCS#10 request; one with an RSA key of 4,096 bits has less than 2,000. */
export const REQUEST_BYTES_MAX = 16 * 1024;
const SUBJECT_CHARACTERS_MAX = 200;

/** A PKCS#10 request whose sender has the key. */
export interface CertificateRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /**
   * What the sender calls itself, such as `CN=…`, without control characters: for the log only. The
   * certificate gets another name, always. [E-039]
   */
  readonly subject: string;
  /** It is the name that every device has by default, in whatever spelling. [E-038, Q46] */
  readonly hasDefaultSubject: boolean;
}

/**
 * Reads a PKCS#10 request and checks it: form, strength of the key, signature. [RFC 2986]
 *
 * @throws ProtocolError `mde2-certificate-request`, `mde2-weak-key`, `mde2-signature`
 */
export function readCertificateRequest(bytes: Uint8Array): CertificateRequest {
  if (bytes.length > REQUEST_BYTES_MAX) {
    throw malformed(`it has more than ${REQUEST_BYTES_MAX} bytes`);
  }
  const request = readDer(bytes);
  const parts = valuesIn(request);
  const info = need(parts, 0, TAG.sequence);
  const algorithm = oidOf(need(valuesIn(need(parts, 1, TAG.sequence)), 0, TAG.oid));
  const signature = bitsOf(need(parts, 2, TAG.bitString));
  if (request.tag !== TAG.sequence || parts.length !== 3)
    throw malformed("it is no PKCS#10 request");

  const [version, name, key] = valuesIn(info);
  if (version?.tag !== TAG.integer || name?.tag !== TAG.sequence || key?.tag !== TAG.sequence) {
    throw malformed("it is no PKCS#10 request");
  }
  const publicKey = needStrongKey(key.whole);
  if (!isSignature(publicKey, algorithm, info.whole, signature)) {
    throw broken("mde2-signature", "the certificate request is not signed with its own key");
  }
  const subject = nameText(name);
  return {
    publicKey: Uint8Array.from(key.whole),
    subject: subject.replaceAll(/\p{Cc}/gu, "").slice(0, SUBJECT_CHARACTERS_MAX),
    hasDefaultSubject: isDefaultSubject(subject),
  };
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
};

/** A distinguished name in its own order, for people. */
function nameText(name: Der): string {
  const attributes = valuesIn(name).flatMap((set) =>
    valuesIn(set).map((attribute) => {
      const [type, value] = valuesIn(attribute);
      if (type === undefined || value === undefined) throw malformed("a name is broken");
      const oid = oidOf(type);
      return `${ATTRIBUTES[oid] ?? oid}=${stringOf(value)}`;
    }),
  );
  return attributes.join(",");
}

const BMP_STRING = 0x1e;
const UTF8_STRING = 0x0c;

/** BMPString is UTF-16, big end first; what is neither it nor UTF-8 has one byte per character. */
function stringOf({ tag, content }: Der): string {
  const bytes = Buffer.from(content);
  if (tag === UTF8_STRING) return bytes.toString("utf8");
  if (tag === BMP_STRING && bytes.length % 2 === 0) return bytes.swap16().toString("utf16le");
  return bytes.toString("latin1");
}
