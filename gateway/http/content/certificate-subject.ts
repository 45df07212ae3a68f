import { AppError } from "../../../devices/model/errors.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { canonicalSubject, subjectAttributes } from "../../../protocols/oma-dm/subject.ts";
import type { TrustedProxies } from "../client-address.ts";

export interface CertificateRule {
  /** The criteria that hold now, as in the policy (`CN%3DDevice-42`); null when none are set. */
  readonly criteria: () => string | null;
  /** The header in which a trusted proxy passes a verified certificate's subject; undefined: none does. */
  readonly header: string | undefined;
  readonly proxies: TrustedProxies;
  /** The canonical subject that stands for this device; undefined when none does. */
  readonly ownSubject: (device: DeviceId) => Promise<string | undefined>;
}

/**
 * Where certificate criteria are set, a download needs a client certificate that fits them, or the one
 * that stands for the link's device: the TLS proxy in front verifies it and passes its subject on.
 * Throws AppError "forbidden" otherwise. [D27, E-037]
 *
 * `peer` is the address of the connection itself: a header of anybody but a trusted proxy is a claim.
 */
export async function checkCertificate(
  rule: CertificateRule,
  peer: string,
  headers: Headers,
  device: DeviceId,
): Promise<void> {
  const criteria = rule.criteria();
  if (criteria === null) return;
  if (rule.header === undefined || !rule.proxies.includes(peer)) {
    throw forbidden(
      "This download needs a client certificate, which only a trusted TLS proxy can show. " +
        "The connection did not come through one.",
    );
  }
  const subject = headers.get(rule.header);
  if (subject === null || subject === "") {
    throw forbidden("This download needs a client certificate, and none was shown.");
  }
  if (subjectFits(subject, criteria)) return;
  const own = await rule.ownSubject(device);
  if (own === undefined || canonicalSubject(subject) !== own) {
    throw forbidden("The client certificate's subject is not the one that is required.");
  }
}

/**
 * True when every attribute of the criteria is one of the subject's, letter for letter: `CN=Device-42`
 * fits `CN=Device-42,O=Contoso` and not `CN=device-42`. [requirements E-037, Q46]
 *
 * The subject is text as RFC 4514 writes it. The older form with slashes is not read: a slash inside a
 * value could pass for another attribute there.
 */
export function subjectFits(subject: string, criteria: string): boolean {
  const wanted = subjectAttributes(decodeCriteria(criteria));
  const shown = new Set(subjectAttributes(subject));
  return wanted.length > 0 && wanted.every((attribute) => shown.has(attribute));
}

/** `Subject=CN%3DDevice-42` and `CN%3DDevice-42` both mean `CN=Device-42`. */
function decodeCriteria(criteria: string): string {
  const text = criteria.replace(/^Subject=/i, "");
  try {
    return decodeURIComponent(text);
  } catch {
    return ""; // Fits nothing: criteria that cannot be read must not let everybody in.
  }
}

function forbidden(message: string): AppError {
  return new AppError("forbidden", message);
}
