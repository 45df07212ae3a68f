import { type KeyObject, X509Certificate } from "node:crypto";
import { readCertificateRequest } from "../../../protocols/mde2/certificate-request.ts";
import { readRenewalRequest } from "../../../protocols/mde2/renewal-request.ts";
import type { TokenRequest } from "../../../protocols/mde2/token-request.ts";
import { sha256Hex } from "../../model/sha256.ts";
import type { DeviceCertificate } from "../../ports/certificates.ts";
import type { Provisioned } from "./enrol.ts";
import {
  DAY_MS,
  type EnrolmentContext,
  type EnrolmentOutcome,
  refused,
} from "./enrolment-context.ts";
import { renewedProvisioning } from "./provision.ts";

/** A PC whose clock runs ahead begins a day early. */
const CLOCK_SKEW_MS = DAY_MS;

/**
 * Gives a PC a new certificate in the place of one that ends soon. What proves it is the signature of
 * the old certificate's key around the request; no person and no code is needed. The old one holds to
 * its end, for a PC that does not hear the answer: asking again for the same key gets the same
 * certificate. [MS-MDE2 3.5]
 *
 * @throws ProtocolError for a request that cannot be accepted
 */
export async function renewCertificate(
  context: EnrolmentContext,
  request: TokenRequest,
): Promise<EnrolmentOutcome<Provisioned>> {
  const signed = readRenewalRequest(request.request);
  const old = await context.certificates.find(signed.serial);
  if (old === undefined || !signed.isSignedBy(keyOf(old))) {
    return refused("Authentication", "The request is not signed by a certificate of this site.");
  }
  const { publicKey } = readCertificateRequest(signed.request);
  const { site } = context;
  return site.lock.run(old.device, async () => {
    const nowMs = site.now();
    const held = await context.certificates.find(signed.serial);
    // The site joined while the request waited, and its devices have other ids now.
    if (held?.device !== old.device) return renewCertificate(context, request);
    const device = await site.store.find(old.device);
    const credential = await site.store.credential(old.device);
    const problem = problemOf(context, held, nowMs);
    if (device?.removedAtMs !== null || credential === undefined || problem !== undefined) {
      return refused("NotEligibleToRenew", problem ?? "This PC is not known here any more.");
    }
    const providerId = credential.serverId ?? site.omaDm().serverId;
    const certificate =
      (await alreadyIssued(context, old, publicKey)) ??
      (await issueAndKeep(context, old, publicKey));
    const document = await renewedProvisioning(context, certificate, providerId);
    return { kind: "accepted", device: old.device, document };
  });
}

/** Why the old certificate may not be renewed now, for people. */
function problemOf(
  { settings }: EnrolmentContext,
  old: DeviceCertificate,
  nowMs: number,
): string | undefined {
  if (old.revokedAtMs !== null) return "The certificate was revoked. Enrol this PC again.";
  if (old.notAfterMs <= nowMs) return "The certificate has ended. Enrol this PC again.";
  const beginsMs = old.notAfterMs - settings().renewalDays * DAY_MS - CLOCK_SKEW_MS;
  if (nowMs >= beginsMs) return undefined;
  return `The certificate can be renewed from ${new Date(beginsMs).toISOString()} on.`;
}

/** What an earlier request for this key got, whose answer may have been lost. */
async function alreadyIssued(
  context: EnrolmentContext,
  old: DeviceCertificate,
  publicKey: Uint8Array,
): Promise<DeviceCertificate | undefined> {
  const keyHash = sha256Hex(publicKey);
  const issued = await context.certificates.ofDevice(old.device);
  return issued.find(
    (one) => one.keyHash === keyHash && one.revokedAtMs === null && one.issuedAtMs > old.issuedAtMs,
  );
}

async function issueAndKeep(
  context: EnrolmentContext,
  old: DeviceCertificate,
  publicKey: Uint8Array,
): Promise<DeviceCertificate> {
  const { site, issuer, settings } = context;
  const issued = await issuer.issue({
    device: old.device,
    // The PC finds its certificate by this name, and may have got it before the site joined.
    commonName: old.subject.replace(/^CN=/, ""),
    publicKey,
    validForMs: settings().certificateDays * DAY_MS,
  });
  const { userName, store } = old;
  const certificate: DeviceCertificate = { ...issued, userName, store, revokedAtMs: null };
  await site.store.commit([{ device: old.device, certificate }]);
  site.log.info("windows-certificate-renewed", {
    device: old.device,
    from: old.serial,
    to: certificate.serial,
  });
  return certificate;
}

function keyOf({ certificate }: DeviceCertificate): KeyObject {
  return new X509Certificate(Buffer.from(certificate, "base64")).publicKey;
}
