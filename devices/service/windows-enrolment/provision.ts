import { encodeProvisioning } from "../../../protocols/mde2/provisioning-document.ts";
import type { Device } from "../../model/device.ts";
import type { DeviceCertificate } from "../../ports/certificates.ts";
import type { AccountSecrets } from "./account.ts";
import type { EnrolmentContext } from "./enrolment-context.ts";

/** A PC tries again this often, and waits this long between, when the site is out of reach. */
const CONNECTION_RETRIES = 6;
const BACK_OFF_MS_MIN = 30_000;
const BACK_OFF_MS_MAX = 120_000;
/** Days between two attempts at a renewal: not the same day of every week. */
const RENEWAL_RETRY_DAYS = 4;

interface Enrolled {
  readonly device: Device;
  readonly certificate: DeviceCertificate;
  readonly secrets: AccountSecrets;
  /** The site's address as the PC reaches it. */
  readonly baseUrl: string;
}

/** Everything a PC needs to know after its enrolment. */
export async function provisioningFor(
  context: EnrolmentContext,
  { device, certificate, secrets, baseUrl }: Enrolled,
): Promise<string> {
  const settings = context.settings();
  return encodeProvisioning({
    providerId: secrets.server.userName,
    store: certificate.store,
    rootCertificate: await context.issuer.rootOf(certificate),
    clientCertificate: derOf(certificate),
    first: {
      renewal: {
        automatic: true,
        periodDays: settings.renewalDays,
        retryDays: RENEWAL_RETRY_DAYS,
      },
      account: {
        name: context.siteName(),
        address: `${baseUrl}/syncml`,
        encoding: "application/vnd.syncml.dm+xml",
        connectionRetries: CONNECTION_RETRIES,
        backOffMsMin: BACK_OFF_MS_MIN,
        backOffMsMax: BACK_OFF_MS_MAX,
        certificateSubject: certificate.subject,
        ...secrets,
      },
      poll: {
        firstCount: settings.firstPollCount,
        firstMinutes: settings.firstPollMinutes,
        minutes: settings.pollMinutes,
        onLogin: settings.pollOnLogin,
      },
      deviceName: device.name,
      deviceId: device.id,
      userName: certificate.userName,
    },
  });
}

/** What a PC gets for its renewal: the certificate, and the root in case it is a new one. */
export async function renewedProvisioning(
  { issuer }: EnrolmentContext,
  certificate: DeviceCertificate,
  providerId: string,
): Promise<string> {
  return encodeProvisioning({
    providerId,
    store: certificate.store,
    rootCertificate: await issuer.rootOf(certificate),
    clientCertificate: derOf(certificate),
    first: undefined,
  });
}

function derOf({ certificate }: DeviceCertificate): Uint8Array {
  return new Uint8Array(Buffer.from(certificate, "base64"));
}
