/**
 * The append-only directories of a status document: what its entries count in. [PROTOCOL 4.3]
 *
 *   ["d", n, distribution, package, revision, target version]
 *   ["m", n, device id as 16 bytes]
 *   ["p", n, distribution's n, device's n]
 *   ["v", n, version]
 *
 * Every line carries its own number (from 0, dense), so that a part of the document can be read
 * without the rest of it.
 */
import {
  type DeviceId,
  type DistributionId,
  type PackageId,
  parseDeviceId,
  parseDistributionId,
  parsePackageId,
  parseRevisionId,
  type RevisionId,
} from "../../devices/model/ids.ts";
import { NAME_CHARACTERS_MAX } from "../../devices/model/limits.ts";

export const DIRECTORY_NAMES = {
  d: "distributions",
  m: "devices",
  p: "pairs",
  v: "versions",
} as const;

export type DirectoryTag = keyof typeof DIRECTORY_NAMES;

export interface DistributionLine {
  readonly distribution: DistributionId;
  readonly package: PackageId;
  readonly revision: RevisionId;
  readonly targetVersion: string;
}

export interface PairLine {
  readonly distribution: number;
  readonly device: number;
}

export type DirectoryLine =
  | { readonly tag: "d"; readonly index: number; readonly value: DistributionLine }
  | { readonly tag: "m"; readonly index: number; readonly value: DeviceId }
  | { readonly tag: "p"; readonly index: number; readonly value: PairLine }
  | { readonly tag: "v"; readonly index: number; readonly value: string };

const DEVICE_BYTES = 16;

/** What is known of the directories at some moment; arrays are indexed by the lines' numbers. */
export interface Directories {
  readonly distributions: DistributionLine[];
  readonly devices: DeviceId[];
  readonly pairs: PairLine[];
  readonly versions: string[];
}

export function emptyDirectories(): Directories {
  return { distributions: [], devices: [], pairs: [], versions: [] };
}

export function packLine(line: DirectoryLine): readonly unknown[] {
  switch (line.tag) {
    case "d": {
      const { distribution, package: app, revision, targetVersion } = line.value;
      return ["d", line.index, distribution, app, revision, targetVersion];
    }
    case "m":
      return ["m", line.index, new Uint8Array(Buffer.from(line.value, "hex"))];
    case "p":
      return ["p", line.index, line.value.distribution, line.value.device];
    case "v":
      return ["v", line.index, line.value];
  }
}

/** Undefined when the value has not the shape of a directory line. */
export function parseLine(value: readonly unknown[]): DirectoryLine | undefined {
  const [tag, index, ...rest] = value;
  if (!isIndex(index)) return undefined;
  switch (tag) {
    case "d": {
      const line = parseDistributionLine(rest);
      return line && { tag, index, value: line };
    }
    case "m": {
      const [bytes, ...more] = rest;
      if (!(bytes instanceof Uint8Array) || bytes.length !== DEVICE_BYTES || more.length > 0) {
        return undefined;
      }
      const device = parseDeviceId(Buffer.from(bytes).toString("hex"));
      return device && { tag, index, value: device };
    }
    case "p": {
      const [distribution, device, ...more] = rest;
      if (!isIndex(distribution) || !isIndex(device) || more.length > 0) return undefined;
      return { tag, index, value: { distribution, device } };
    }
    case "v": {
      const [version, ...more] = rest;
      if (!isVersion(version) || more.length > 0) return undefined;
      return { tag, index, value: version };
    }
    default:
      return undefined;
  }
}

/**
 * Takes lines into the directories. They may come in any order, but must be dense afterwards, and a
 * number that is taken must mean the same.
 *
 * @returns a sentence about the first line that does not fit; undefined when all do
 */
export function addLines(
  directories: Directories,
  lines: readonly DirectoryLine[],
): string | undefined {
  const ascending = [...lines].sort((a, b) => a.index - b.index);
  for (const line of ascending) {
    const problem = addLine(directories, line);
    if (problem !== undefined) return problem;
  }
  const dangling = lines.some(
    (line) =>
      line.tag === "p" &&
      (!directories.distributions[line.value.distribution] ||
        !directories.devices[line.value.device]),
  );
  return dangling
    ? "a pair names a distribution or device that is not in its directory"
    : undefined;
}

function addLine(directories: Directories, line: DirectoryLine): string | undefined {
  switch (line.tag) {
    case "d":
      return place(directories.distributions, line.index, line.value);
    case "m":
      return place(directories.devices, line.index, line.value);
    case "p":
      return place(directories.pairs, line.index, line.value);
    case "v":
      return place(directories.versions, line.index, line.value);
  }
}

function place<T>(list: T[], index: number, value: T): string | undefined {
  if (index === list.length) {
    list.push(value);
    return undefined;
  }
  const known = list[index];
  if (known === undefined) return `directory line ${index} comes before line ${list.length}`;
  return Bun.deepEquals(known, value) ? undefined : `directory line ${index} was changed`;
}

function parseDistributionLine(rest: readonly unknown[]): DistributionLine | undefined {
  const [distributionText, packageText, revisionText, targetVersion, ...more] = rest;
  if (
    typeof distributionText !== "string" ||
    typeof packageText !== "string" ||
    typeof revisionText !== "string" ||
    !isVersion(targetVersion) ||
    more.length > 0
  ) {
    return undefined;
  }
  const distribution = parseDistributionId(distributionText);
  const app = parsePackageId(packageText);
  const revision = parseRevisionId(revisionText);
  if (!distribution || !app || !revision) return undefined;
  return { distribution, package: app, revision, targetVersion };
}

function isIndex(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isVersion(value: unknown): value is string {
  return typeof value === "string" && value.length <= NAME_CHARACTERS_MAX;
}
