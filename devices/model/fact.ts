import type { Hlc } from "./hlc.ts";
import type { DeviceId, DistributionId, SiteId } from "./ids.ts";
import type { Actor, Operation, Status } from "./installation.ts";

/** Whose vocabulary `value` is in. `site` is the site's own decision. */
export const FACT_SOURCES = [
  "windows-csp", // EnterpriseAppManagement: Download/Status.
  "windows-msi", // EnterpriseDesktopAppManagement: MSI/…/Status.
  "windows-msix", // EnterpriseModernAppManagement: AppInstallation/…/Status.
  "apple",
  "android",
  "agent",
  "ddi",
  "mender",
  "site",
] as const;
export type FactSource = (typeof FACT_SOURCES)[number];

export const FACT_KINDS = [
  "report", // A device said something about one installation.
  "decision", // The site or an administrator moved a row: born, offered, retried, requested, stopped.
  "device", // Facts about a device changed: registered, enrolled, removed, compliance. `value` is JSON of the device.
  "inventory", // What a device says is installed. `value` is JSON.
] as const;
export type FactKind = (typeof FACT_KINDS)[number];

/**
 * One thing that happened, in the words of whoever said it, with what the site made of it at that
 * moment. Append-only and never edited: the history of an installation, the journal to the hub, and
 * what the current state can be rebuilt from.
 */
export interface Fact {
  readonly site: SiteId;
  /** The site's own incarnation (it changes when its disk was restored), and a dense number in it. */
  readonly siteIncarnation: number;
  readonly seq: number;
  readonly kind: FactKind;
  readonly device: DeviceId;
  readonly distribution: DistributionId | null;
  readonly atMs: number;
  readonly hlc: Hlc;
  readonly source: FactSource;
  /** `oma-dm`, `api`, `console`, `site`: by which door it came in. */
  readonly protocol: string;
  /** The native word: `6`, `Managed`, `born`, … or JSON for kinds `device` and `inventory`. */
  readonly value: string;
  readonly lastError: number | null;
  readonly text: string | null;
  readonly version: string | null;
  readonly operation: Operation | null;
  /** The order tuple the report had, null for device-level facts. */
  readonly incarnation: number;
  readonly attempt: number | null;
  readonly sequence: number | null;
  /** What the row became; null when the fact did not concern a row's status. */
  readonly status: Status | null;
  readonly state: string | null;
  readonly actor: Actor | null;
  readonly anomaly: boolean;
  /** `moved` the row, `repeated` what it said already, or `late`: kept in history only. [D1] */
  readonly effect: "moved" | "repeated" | "late" | "none";
  /** Who caused a decision: `device`, `site`, or an administrator's name. */
  readonly by: string;
}

/** A fact before the store has numbered it. */
export type NewFact = Omit<Fact, "site" | "siteIncarnation" | "seq">;
