import type { DeviceId } from "../model/ids.ts";

/** That a device enrolled by a code, and with what: for answering the same request once more. */
export interface WindowsEnrolment {
  /** SHA-256 of the one-time code, hexadecimal. */
  readonly codeHash: string;
  readonly device: DeviceId;
  /** Of the certificate that it was issued. */
  readonly serial: string;
  /** Base64: the passwords were derived from it. Null once they cannot be asked for again. */
  readonly seed: string | null;
  readonly enrolledAtMs: number;
}

export interface WindowsEnrolments {
  find(codeHash: string): Promise<WindowsEnrolment | undefined>;
  /** Forgets the seeds of enrolments before this time. Repeating it is a no-op. */
  forgetSeeds(beforeMs: number): Promise<void>;
}
