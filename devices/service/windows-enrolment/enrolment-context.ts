import type { FaultName } from "../../../protocols/mde2/faults.ts";
import type { WindowsEnrolmentSettings } from "../../model/windows-enrolment.ts";
import type { CertificateIssuer, DeviceCertificates } from "../../ports/certificates.ts";
import type { WindowsEnrolments } from "../../ports/windows-enrolments.ts";
import type { SiteContext } from "../site-context.ts";

/** What enrolling Windows PCs takes besides. */
export interface EnrolmentContext {
  readonly site: SiteContext;
  readonly issuer: CertificateIssuer;
  readonly certificates: DeviceCertificates;
  readonly enrolments: WindowsEnrolments;
  readonly settings: () => WindowsEnrolmentSettings;
  /** For people. */
  readonly siteName: () => string;
}

/** How a request of an enrolment ends. */
export type EnrolmentOutcome<Accepted> = ({ readonly kind: "accepted" } & Accepted) | Refused;

export interface Refused {
  readonly kind: "refused";
  readonly fault: FaultName;
  /** What the person in front of the PC is told. */
  readonly reason: string;
}

export function refused(fault: FaultName, reason: string): Refused {
  return { kind: "refused", fault, reason };
}

export const DAY_MS = 24 * 60 * 60_000;
