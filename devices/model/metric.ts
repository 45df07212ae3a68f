import type { Targeting } from "./package.ts";

/** `device value <operator> value` true means that the device has what it should have. [A-096, Q11] */
export const OPERATORS = ["EQ", "NE", "GT", "LT", "GE", "LE"] as const;
export type Operator = (typeof OPERATORS)[number];

/** Of which version of a file. */
export const VERSION_FIELDS = ["File", "Product"] as const;
export type VersionField = (typeof VERSION_FIELDS)[number];

/** One number of a version; null: all four. [Q24] */
export const VERSION_PARTS = ["major", "minor", "build", "revision"] as const;
export type VersionPart = (typeof VERSION_PARTS)[number];

/** The file that the value was derived from: one of the revision's, or a file inside one that is a CAB. */
export interface MetricSource {
  /** The name of one of the revision's files. */
  readonly file: string;
  /** The path of the file inside the CAB; null: the file itself. */
  readonly virtualFile: string | null;
}

interface MetricSettings {
  /** Name and path on the device; tokens are substituted. */
  readonly file: string;
  readonly source: MetricSource;
  readonly targeting: Targeting;
}

export interface FileHashMetric extends MetricSettings {
  readonly kind: "FileHash";
  /** MD5 of the whole file, 32 hexadecimal digits in small letters. Computed, never given. [A-099, A-106, Q20] */
  readonly hash: string;
}

export interface FileVersionMetric extends MetricSettings {
  readonly kind: "FileVersion";
  readonly field: VersionField;
  readonly part: VersionPart | null;
  readonly operator: Operator;
  /** Computed, never given. [A-114, Q20] */
  readonly value: string;
}

export interface FileSizeMetric extends MetricSettings {
  readonly kind: "FileSize";
  readonly operator: Operator;
  /** Bytes. Computed, never given. [A-124, Q20] */
  readonly size: number;
}

/**
 * What has to be so on a device, or the actions run. All that target a device are ANDed; without any
 * the actions run once. A file that is missing never is as it should be. [A-093..A-095, Q11, Q12]
 */
export type Metric = FileHashMetric | FileVersionMetric | FileSizeMetric;
export type MetricKind = Metric["kind"];

/** A metric before its value is computed: what people may say of it. [Q20] */
export type WantedMetric =
  | Omit<FileHashMetric, "hash">
  | Omit<FileVersionMetric, "value">
  | Omit<FileSizeMetric, "size">;

/** A metric of a revision. Its number is its name in addresses and reports; one that was removed gives its number away. */
export type NumberedMetric = Metric & { readonly number: number };

/** Where one of a revision's files is on a device when the actions are done. */
export interface FilePlace {
  /** Its name. */
  readonly file: string;
  /** Null: it is gone, such as a CAB that was installed. [Q19] */
  readonly path: string | null;
  /** Of the actions that put it there. */
  readonly targeting: Targeting;
}

export const METRIC_KINDS = [
  "FileHash",
  "FileVersion",
  "FileSize",
] as const satisfies readonly MetricKind[];

export const METRICS_MAX = 200;
