import type {
  DistributionSet,
  SetAssignment,
  SoftwareModule,
  TargetNote,
} from "../model/ddi-catalogue.ts";
import type { DistributionId } from "../model/ids.ts";

/** What is made through hawkBit's Management API. Writes are durable when they resolve. */
export interface DdiCatalogueStore {
  /** `count` numbers that were never given before, ascending: 1 to 2^31 - 1. */
  numbers(count: number): Promise<readonly number[]>;
  /** In order of number, those that were taken away too; empty at first. */
  modules(): readonly SoftwareModule[];
  module(id: number): SoftwareModule | undefined;
  sets(): readonly DistributionSet[];
  set(id: number): DistributionSet | undefined;
  assignment(distribution: DistributionId): SetAssignment | undefined;
  /** By the name that the device has in DDI. */
  note(controllerId: string): TargetNote | undefined;
  /** All or nothing; the same again is no change. Null forgets. */
  write(changes: CatalogueChanges): Promise<void>;
}

export interface CatalogueChanges {
  readonly modules?: readonly SoftwareModule[];
  readonly sets?: readonly DistributionSet[];
  readonly assignments?: readonly SetAssignment[];
  readonly notes?: readonly (readonly [controllerId: string, note: TargetNote | null])[];
  /** Numbers of modules and sets that nothing names any more. */
  readonly forget?: {
    readonly modules?: readonly number[];
    readonly sets?: readonly number[];
  };
}
