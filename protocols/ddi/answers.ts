/** What clients of DDI are answered. [1.2, 1.3] */

export interface Link {
  readonly href: string;
}

export type Handling = "skip" | "attempt" | "forced";

/** How a job is to be done now. */
export interface JobTerms {
  readonly download: Handling;
  readonly update: Handling;
  /** Null: the job has no window. */
  readonly window: "available" | "unavailable" | null;
}

export interface JobArtifact {
  readonly filename: string;
  readonly size: number;
  readonly hashes: { readonly sha1: string; readonly md5: string; readonly sha256: string };
  /** Absolute, without `.MD5SUM`. */
  readonly url: string;
}

export interface JobChunk {
  readonly part: string;
  readonly version: string;
  readonly name: string;
  readonly artifacts: readonly JobArtifact[];
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
}

/** What a device has reported of a job, the newest first. */
export interface JobHistory {
  readonly status: string;
  readonly messages: readonly string[];
}

/** The terms of a job. */
export function termsOf(
  handling: "forced" | "soft" | "download-only",
  window: JobTerms["window"],
): JobTerms {
  if (handling === "download-only") return { download: "forced", update: "skip", window: null };
  const download = handling === "forced" ? "forced" : "attempt";
  return { download, update: window === "unavailable" ? "skip" : download, window };
}

/** A number that is another one when the terms are others, so that the link of a job changes with them. */
export function termsNumber({ download, update, window }: JobTerms): number {
  const words = ["skip", "attempt", "forced"] as const;
  const windows = [null, "available", "unavailable"] as const;
  return 1 + words.indexOf(download) + 3 * words.indexOf(update) + 9 * windows.indexOf(window);
}

/** The body of `deploymentBase`, `installedBase` and `confirmationBase`. */
export function jobAnswer(
  key: "deployment" | "confirmation",
  id: number,
  terms: JobTerms,
  chunks: readonly JobChunk[],
  history: JobHistory | null,
) {
  return {
    id: String(id),
    [key]: {
      download: terms.download,
      update: terms.update,
      ...(terms.window === null ? {} : { maintenanceWindow: terms.window }),
      chunks: chunks.map((chunk) => ({
        part: chunk.part,
        version: chunk.version,
        name: chunk.name,
        artifacts: chunk.artifacts.map(artifactAnswer),
        ...(chunk.metadata.length === 0 ? {} : { metadata: chunk.metadata }),
      })),
    },
    ...(history === null ? {} : { actionHistory: history }),
  };
}

/** Both kinds of link say the same: swupdate prefers `download`, some know only `download-http`. */
export function artifactAnswer({ filename, size, hashes, url }: JobArtifact) {
  const download = { href: url };
  const md5sum = { href: `${url}.MD5SUM` };
  return {
    filename,
    hashes,
    size,
    _links: { download, md5sum, "download-http": download, "md5sum-http": md5sum },
  };
}

export function cancelAnswer(id: number) {
  return { id: String(id), cancelAction: { stopId: String(id) } };
}

export function pollAnswer(sleep: string, links: Readonly<Record<string, Link | undefined>>) {
  const given = Object.entries(links).filter(([, link]) => link !== undefined);
  return {
    config: { polling: { sleep } },
    ...(given.length === 0 ? {} : { _links: Object.fromEntries(given) }),
  };
}
