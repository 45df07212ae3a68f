import type { ModuleType, SetType } from "../../protocols/ddi/management/types.ts";
import type { DistributionId, Sha256 } from "./ids.ts";

/**
 * What tools of hawkBit's Management API make at a site before it is distributed: modules with their
 * artifacts, and sets of modules. A set becomes a package and a revision when it is assigned, and neither it
 * nor its modules change from then on. Numbers are given once at a site, over all of these.
 */
interface Made {
  readonly id: number;
  readonly createdAtMs: number;
  readonly createdBy: string;
  readonly modifiedAtMs: number;
  readonly modifiedBy: string;
}

interface Named extends Made {
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  /** A set of it was assigned. */
  readonly locked: boolean;
  /** Taken away, and kept for the sets and actions that name it. */
  readonly deleted: boolean;
}

export interface ModuleArtifact extends Made {
  readonly name: string;
  readonly sha256: Sha256;
  readonly bytes: number;
}

export interface SoftwareModule extends Named {
  readonly type: ModuleType;
  readonly vendor: string | null;
  readonly artifacts: readonly ModuleArtifact[];
}

export interface DistributionSet extends Named {
  readonly type: SetType;
  /** Numbers of modules. */
  readonly modules: readonly number[];
}

/** Which set a distribution stands for. */
export interface SetAssignment {
  readonly distribution: DistributionId;
  readonly set: number;
  readonly type: "forced" | "soft" | "downloadonly";
  readonly createdAtMs: number;
  readonly createdBy: string;
}

/** What a tool said of a target beside what a device is. */
export interface TargetNote {
  readonly description: string | null;
  /** The token that a tool brought or was given: it may be read again, as tools expect. */
  readonly token: string | null;
  readonly createdBy: string;
}

/** Modules, and sets, that are not taken away. */
export const MODULES_MAX = 2_000;
export const SETS_MAX = 2_000;
/** Artifacts of a module, as hawkBit has it. */
export const ARTIFACTS_MAX = 50;
