import type { RequiredProof, ServerProblem } from "../../devices/model/credential.ts";
import type { DeviceProtocol, Enrolment } from "../../devices/model/device.ts";
import type { Bucket, Operation, Reason } from "../../devices/model/installation.ts";
import type { RecordedSession, SessionOutcome } from "../../devices/model/recorded-session.ts";
import type { BlobView } from "../reports/report-reader.ts";

/** One bucket as it looks everywhere: never by colour alone. */
export interface BucketLook {
  readonly label: string;
  /** What it means, as a sentence. */
  readonly meaning: string;
  /** Name in the icon sheet. */
  readonly icon: string;
  /** The chart colour, a custom property of the stylesheet. */
  readonly color: string;
}

export const BUCKET_LOOKS: Readonly<Record<Bucket, BucketLook>> = {
  received: {
    label: "Received",
    meaning: "The app is on the device",
    icon: "check",
    color: "var(--received)",
  },
  pending: {
    label: "Pending",
    meaning: "Still to come; every row says why",
    icon: "clock",
    color: "var(--pending)",
  },
  failed: {
    label: "Failed",
    meaning: "It went wrong and can be retried",
    icon: "cross",
    color: "var(--failed)",
  },
  not_applicable: {
    label: "Not applicable",
    meaning: "The app is not for this device",
    icon: "dash",
    color: "var(--not-applicable)",
  },
  removed: {
    label: "Removed",
    meaning: "It was on the device and is gone",
    icon: "minus",
    color: "var(--removed)",
  },
};

/** How a device and this site speak, for people. */
export const PROTOCOL_WORDS: Readonly<Record<DeviceProtocol, string>> = {
  "oma-dm": "OMA DM",
  agent: "Outpost agent",
  ddi: "hawkBit DDI",
  mender: "Mender",
  ce: "Windows CE",
};

/** The weakest proof of a device's identity that is taken. */
export const PROOF_WORDS: Readonly<Record<RequiredProof, string>> = {
  any: "Anything it offers",
  "syncml:auth-basic": "Password (basic)",
  "syncml:auth-md5": "Digest (MD5)",
  "syncml:auth-MAC": "Every message signed (MAC)",
  certificate: "Client certificate, and nothing else",
};

export const SERVER_PROBLEM_WORDS: Readonly<Record<ServerProblem, string>> = {
  "none-set": "It asks for this server's password, and none is set",
  wrong: "It does not accept this server's password",
  "clear-text": "It asks for this server's password in clear text, which is never sent",
};

export const REASON_WORDS: Readonly<Record<Reason, string>> = {
  window: "Waits for the maintenance window",
  "no-window": "No maintenance window is set",
  instant: "Waits for the device's moment in the window",
  content: "Waits for the file to arrive at the site",
  compliance: "The device is out of compliance",
  enrolment: "The enterprise enrolment is not ready",
  contact: "Waits for the device to make contact",
  user: "Waits for the user of the device",
  "retry-backoff": "Will be tried again",
  "available-on-demand": "Offered on demand, nobody asked yet",
  superseded: "A newer distribution took its place",
  stopped: "The distribution was stopped",
};

export const OPERATION_WORDS: Readonly<Record<Operation, string>> = {
  install: "Install",
  update: "Update",
  repair: "Repair",
  uninstall: "Uninstall",
};

export const ENROLMENT_WORDS: Readonly<Record<Enrolment, string>> = {
  unknown: "Not read yet",
  enabled: "Enrolled",
  "install-disabled": "Enrolled, installing is switched off on the device",
  revoked: "Revoked: renew the enrolment token",
  invalid: "Invalid: renew the enrolment token",
  "unenrol-requested": "Will be unenrolled at its next contact",
  unenrolled: "Unenrolled",
};

export const BLOB_STATE_WORDS: Readonly<Record<BlobView["state"], string>> = {
  wanted: "Wanted",
  filling: "Arriving",
  complete: "On hand",
  quarantined: "Quarantined",
};

/** How sessions of devices end, as a badge. */
export const OUTCOME_LOOKS: Readonly<
  Record<
    SessionOutcome,
    { readonly kind: "good" | "warn" | "bad" | "plain"; readonly label: string }
  >
> = {
  running: { kind: "plain", label: "Running" },
  finished: { kind: "good", label: "Finished" },
  refused: { kind: "bad", label: "Refused" },
  aborted: { kind: "bad", label: "Aborted" },
  cut: { kind: "warn", label: "Broke off" },
  unreadable: { kind: "bad", label: "Unreadable" },
};

/** How a device showed who it is, as it said itself. */
export function schemeWords(scheme: RecordedSession["scheme"]): string {
  if (scheme === null) return "nothing";
  const words: Readonly<Record<string, string>> = {
    "syncml:auth-basic": "password (basic)",
    "syncml:auth-md5": "digest (MD5)",
    "syncml:auth-mac": "signature (MAC)",
    certificate: "client certificate",
  };
  return words[scheme.toLowerCase()] ?? scheme;
}

/** A note as a sentence of its own. */
export function asSentence(note: string): string {
  return `${note.charAt(0).toUpperCase()}${note.slice(1)}.`;
}

/** A site sees every contact; the hub hears of those that brought something new. */
export const CONTACT_WORDS = {
  site: { label: "Last contact", none: "never", badge: "Never in contact" },
  hub: { label: "Last report", none: "none yet", badge: "No report yet" },
} as const;
