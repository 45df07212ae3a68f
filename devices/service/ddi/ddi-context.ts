import type { Device } from "../../model/device.ts";
import type { Fact } from "../../model/fact.ts";
import type { DistributionId, Sha256 } from "../../model/ids.ts";
import type { SiteContext } from "../site-context.ts";
import type { DdiSettings } from "./ddi-settings.ts";

/** What the use-cases of DDI work with, beside those of every protocol. */
export interface DdiContext {
  readonly site: SiteContext;
  readonly settings: () => DdiSettings;
  /** Of a file on hand; AppError "unavailable" of another. */
  readonly digests: (sha256: Sha256) => Promise<FileDigests>;
  /** What happened to a row, in any order. */
  readonly history: (device: Device, distribution: DistributionId) => Promise<readonly Fact[]>;
}

/** Hexadecimal, in small letters. */
export interface FileDigests {
  readonly sha1: string;
  readonly md5: string;
}

/** Who is asking. */
export interface DdiClient {
  readonly device: Device;
  readonly userAgent: string;
}
