/** Download/Status: CONFIRM, QUEUED, DOWNLOADING, DOWNLOADED, INSTALLING, INSTALLED, FAILED, DOWNLOAD_FAILED. */
export type DownloadStatus = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** A way in which a download or an installation ends badly, as a real device reports it. */
export interface Failure {
  readonly status: 6 | 7;
  /** Signed 32-bit, as the wire has it. */
  readonly lastError: number;
  readonly text: string;
}

function failure(status: 6 | 7, hresult: number, text: string): Failure {
  return { status, lastError: hresult | 0, text };
}

/** HRESULTs that such devices really send, with a description of our own. */
export const FAILURES = {
  userRefused: failure(6, 0x80073cf8, "The user cancelled the installation."),
  downgrade: failure(6, 0x80073d06, "A higher version is installed already."),
  policy: failure(6, 0x80073cff, "The application enrolment does not allow installations."),
  badFormat: failure(6, 0x8007000b, "The file is not an app package."),
  decryption: failure(6, 0x80090005, "The package could not be decrypted."),
  checksum: failure(6, 0x80080207, "The package does not match its digest."),
  launch: failure(6, 0x800700c1, "The installer could not be started."),
  install: failure(6, 0x80073cf9, "The installation failed."),
  prerequisite: failure(6, 0x80073cfd, "A prerequisite of the package is not met."),
  untrusted: failure(6, 0x800b0109, "The root of the package's signature is not trusted."),
  diskFull: failure(6, 0x80073cf4, "There is not enough room on the device."),
  notFound: failure(7, 0x80190194, "The server has no such file."),
  forbidden: failure(7, 0x80190193, "The server refused the download."),
  serverError: failure(7, 0x801901f4, "The server failed."),
  nameNotResolved: failure(7, 0x80072ee7, "The server's name could not be resolved."),
  unreachable: failure(7, 0x80072efd, "The server could not be reached."),
  aborted: failure(7, 0x80072efe, "The connection was broken too often."),
} as const satisfies Readonly<Record<string, Failure>>;

export type FailureName = keyof typeof FAILURES;

/** What may go wrong by chance after a good download. */
export const CHANCE_FAILURES = [
  "install",
  "install",
  "decryption",
  "checksum",
  "launch",
  "prerequisite",
  "untrusted",
  "diskFull",
] as const satisfies readonly FailureName[];

/** The failure that stands for an HTTP status that is no success. */
export function failureOfHttpStatus(status: number): Failure {
  if (status === 404 || status === 410) return FAILURES.notFound;
  if (status === 401 || status === 403) return FAILURES.forbidden;
  return { ...FAILURES.serverError, lastError: (0x80190000 + status) | 0 };
}
