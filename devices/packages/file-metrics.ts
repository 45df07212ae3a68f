import { ProtocolError } from "../../protocols/errors.ts";
import { noFile } from "../install/agent-install-checks.ts";
import { AppError, fieldError } from "../model/errors.ts";
import type { FilePlace, Metric, MetricSource, WantedMetric } from "../model/metric.ts";
import type { PackageFile } from "../model/package.ts";
import type { MadeMetrics, MetricMaker } from "../ports/metric-maker.ts";
import { CabMembers } from "./cab-member.ts";
import { piecesOf, type RangeSource } from "./range-source.ts";
import { readCab } from "./read-cab.ts";
import { readPe } from "./read-pe.ts";

/** One of the revision's files, opened. */
export interface OpenedFile extends AsyncDisposable {
  readonly source: RangeSource;
  /** Of the whole, where it is known already. */
  readonly md5: string | null;
}

/** Opens a file; undefined while it is not on hand. */
export type OpenFile = (file: PackageFile) => Promise<OpenedFile | undefined>;

/** Makes metrics by reading the files, in pieces. A file inside a CAB is unpacked while it is read. */
export class FileMetrics implements MetricMaker {
  readonly #open: OpenFile;

  constructor(open: OpenFile) {
    this.#open = open;
  }

  async compute(wanted: WantedMetric, files: readonly PackageFile[]): Promise<Metric> {
    const file = files.find(({ name }) => name === wanted.source.file);
    if (!file) throw fieldError("/source/file", noFile(wanted.source.file, files));
    await using whole = await this.#need(file);
    return await blaming(wanted.source, async () =>
      computed(wanted, await virtualOf(whole, wanted.source)),
    );
  }

  async generate(
    files: readonly PackageFile[],
    places: readonly FilePlace[],
  ): Promise<MadeMetrics> {
    const metrics: Metric[] = [];
    const notes: string[] = [];
    for (const { file: name, path, targeting } of places) {
      const file = files.find((one) => one.name === name);
      if (file === undefined) continue;
      if (path === null) {
        notes.push(
          `${name} is not on the device any more when the actions are done: add a metric of what it ` +
            "installs, such as a file inside the CAB (virtual file), at its place on the device.",
        );
        continue;
      }
      await using whole = await this.#need(file);
      const source: MetricSource = { file: name, virtualFile: null };
      try {
        metrics.push(await usual({ file: path, source, targeting }, whole));
      } catch (error) {
        // Of a file that is not what its name says there is still a hash to compare.
        if (!(error instanceof ProtocolError)) throw error;
        notes.push(
          `The version of ${name} cannot be read, so its hash is compared: ${error.message}`,
        );
        const hash = await md5Of(whole);
        metrics.push({ kind: "FileHash", file: path, source, targeting, hash });
      }
    }
    return { metrics, notes };
  }

  async #need(file: PackageFile): Promise<OpenedFile> {
    const opened = await this.#open(file);
    if (opened !== undefined) return opened;
    throw new AppError("unavailable", `${file.name} is not on hand here yet`, {
      retryAfterMs: NOT_ON_HAND_RETRY_MS,
    });
  }
}

const NOT_ON_HAND_RETRY_MS = 60_000;

/** What a metric is made of: a file, or one that is unpacked while it is read. */
type Measured = Pick<OpenedFile, "source" | "md5">;

async function virtualOf(whole: OpenedFile, wanted: MetricSource): Promise<Measured> {
  if (wanted.virtualFile === null) return whole;
  const members = new CabMembers(whole.source, await readCab(whole.source));
  const member = members.find(wanted.virtualFile);
  if (member !== undefined) return { source: members.open(member), md5: null };
  throw fieldError(
    "/source/virtualFile",
    `there is no ${wanted.virtualFile} in ${wanted.file}; its files: ${members.someNames()}`,
  );
}

async function computed(wanted: WantedMetric, measured: Measured): Promise<Metric> {
  switch (wanted.kind) {
    case "FileHash":
      return { ...wanted, hash: await md5Of(measured) };
    case "FileSize":
      return { ...wanted, size: measured.source.length };
    case "FileVersion": {
      const version = (await readPe(measured.source))?.version;
      const value = wanted.field === "File" ? version?.fileVersion : version?.productVersion;
      if (value) return { ...wanted, value };
      throw fieldError(
        "/kind",
        `${nameOf(wanted.source)} has no ${wanted.field} version: compare its hash or its size`,
      );
    }
  }
}

/** The version of a file that has one, the hash of others. [A-108, Q23] */
async function usual(
  settings: Pick<Metric, "file" | "source" | "targeting">,
  measured: Measured,
): Promise<Metric> {
  const value = (await readPe(measured.source))?.version?.fileVersion;
  return value
    ? { kind: "FileVersion", field: "File", part: null, operator: "EQ", value, ...settings }
    : { kind: "FileHash", hash: await md5Of(measured), ...settings };
}

/** The standard MD5 of the whole, in small letters. */
async function md5Of({ source, md5 }: Measured): Promise<string> {
  if (md5 !== null) return md5;
  const hash = new Bun.CryptoHasher("md5");
  for await (const piece of piecesOf(source)) hash.update(piece);
  return hash.digest("hex");
}

/** A file that cannot be read is a mistake in what names it. */
async function blaming<Value>(source: MetricSource, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const field = source.virtualFile === null ? "file" : "virtualFile";
    throw fieldError(`/source/${field}`, `${nameOf(source)} cannot be read: ${error.message}`);
  }
}

function nameOf({ file, virtualFile }: MetricSource): string {
  return virtualFile === null ? file : `${virtualFile} in ${file}`;
}
