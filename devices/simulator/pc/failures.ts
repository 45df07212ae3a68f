import { FAILURES, failureOfHttpStatus } from "../download-status.ts";
import type { FetchOutcome } from "../fetch-content.ts";

/** Why something on a PC did not work, in Windows' own numbers. */
export interface PcFailure {
  /** Signed 32-bit, as the wire has it. */
  readonly lastError: number;
  readonly text: string;
}

function failure(hresult: number, text: string): PcFailure {
  return { lastError: hresult | 0, text };
}

/** What msiexec and the Deployment service end with, with a description of our own. */
export const PC_FAILURES = {
  wrongHash: failure(0x80091007, "The hash value is not correct."),
  noInstaller: failure(0x80070654, "This is no installer package."),
  timeout: failure(0x800705b4, "The installer ran longer than it may."),
  fatal: failure(0x80070643, "A fatal error during the installation."),
  otherInstall: failure(0x80070652, "Another installation is in progress."),
  policy: failure(0x80070659, "System policy forbids the installation."),
  otherProcessor: failure(0x80070661, "The package is for another processor."),
  otherVersion: failure(0x80070666, "Another version of the product is installed."),
  restart: failure(0x80070bc2, "A restart is needed to finish the installation."),
  noPackage: failure(0x80080203, "The package has no manifest, or one that cannot be read."),
  blockHash: failure(0x80080207, "The package does not match its block map."),
  dependency: failure(0x80073cf3, "A package that this one depends on is missing."),
  diskFull: failure(0x80073cf4, "There is not enough room on the disk."),
  registration: failure(0x80073cf6, "The package could not be registered."),
  prerequisite: failure(0x80073cfd, "This version of Windows is older than the package needs."),
  inUse: failure(0x80073d02, "The app is in use."),
  downgrade: failure(0x80073d06, "A higher version is installed already."),
  untrusted: failure(0x800b0109, "The root of the package's signature is not trusted."),
} as const satisfies Readonly<Record<string, PcFailure>>;

export type PcFailureName = keyof typeof PC_FAILURES;

/** What may go wrong by chance after a good download. */
export const MSI_CHANCES = [
  "fatal",
  "fatal",
  "otherInstall",
  "policy",
  "otherProcessor",
  "otherVersion",
] as const satisfies readonly PcFailureName[];
export const MSIX_CHANCES = [
  "registration",
  "inUse",
  "untrusted",
  "diskFull",
] as const satisfies readonly PcFailureName[];

/** The failure that stands for a download that did not come to its end. */
export function downloadFailure(
  outcome: Exclude<FetchOutcome, { readonly kind: "complete" }>,
): PcFailure {
  switch (outcome.kind) {
    case "refused":
      return failureOfHttpStatus(outcome.httpStatus);
    case "broken":
      return FAILURES.aborted;
    case "unreachable":
      return FAILURES.unreachable;
  }
}
