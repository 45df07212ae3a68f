import type { PlanMetric } from "../../protocols/agent/answers.ts";
import { compareVersions } from "../model/version.ts";

type Operator = Extract<PlanMetric, { operator: unknown }>["operator"];

/** What a device's file is like, asked only for what a metric compares. Undefined: there is no such file. */
export interface LookAt {
  /** Bytes. */
  size(file: string): Promise<number | undefined>;
  /** MD5, 32 hexadecimal digits in small letters. */
  hash(file: string): Promise<string | undefined>;
  /** Null: the file has no version. */
  version(file: string, field: "File" | "Product"): Promise<string | null | undefined>;
}

export interface Unmet {
  readonly metric: number;
  /** A sentence. */
  readonly reason: string;
}

/**
 * The metrics that do not hold: with none the device is as it should be. All have to hold; a missing file
 * never does, whatever the operator. [Q11, Q12]
 */
export async function unmetMetrics(
  metrics: readonly PlanMetric[],
  look: LookAt,
): Promise<readonly Unmet[]> {
  const unmet: Unmet[] = [];
  for (const metric of metrics) {
    const reason = await reasonAgainst(metric, look);
    if (reason !== undefined) unmet.push({ metric: metric.number, reason });
  }
  return unmet;
}

async function reasonAgainst(metric: PlanMetric, look: LookAt): Promise<string | undefined> {
  const { file } = metric;
  switch (metric.kind) {
    case "FileHash": {
      const hash = await look.hash(file);
      if (hash === undefined) return missing(file);
      const wanted = metric.hash.toLowerCase();
      return hash === wanted ? undefined : `${file} has MD5 ${hash}, wanted ${wanted}`;
    }
    case "FileSize": {
      const size = await look.size(file);
      if (size === undefined) return missing(file);
      return isSo(Math.sign(size - metric.size), metric.operator)
        ? undefined
        : `${file} has ${size} bytes, wanted ${metric.operator} ${metric.size}`;
    }
    case "FileVersion": {
      const version = await look.version(file, metric.field);
      if (version === undefined) return missing(file);
      if (version === null) return `${file} has no version`;
      const order = metric.part
        ? compareVersions(partOf(version, metric.part), wantedPart(metric.value, metric.part))
        : compareVersions(version, metric.value);
      return isSo(Math.sign(order), metric.operator)
        ? undefined
        : `${file} is version ${version}, wanted ${metric.operator} ${metric.value}`;
    }
  }
}

const missing = (file: string) => `${file} is not there`;

/** @param order of the device's value against the wanted one: -1, 0 or 1 */
function isSo(order: number, operator: Operator): boolean {
  switch (operator) {
    case "EQ":
      return order === 0;
    case "NE":
      return order !== 0;
    case "GT":
      return order > 0;
    case "LT":
      return order < 0;
    case "GE":
      return order >= 0;
    case "LE":
      return order <= 0;
  }
}

const PARTS = ["major", "minor", "build", "revision"] as const;
type Part = (typeof PARTS)[number];

/** Missing parts are 0. [Q24] */
function partOf(version: string, part: Part): string {
  return version.split(/[.,]\s*/)[PARTS.indexOf(part)]?.trim() || "0";
}

/** What is wanted may be a whole version or the one number alone. */
function wantedPart(value: string, part: Part): string {
  return /^\s*\d+\s*$/.test(value) ? value : partOf(value, part);
}
