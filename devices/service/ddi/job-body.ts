import {
  artifactAnswer,
  type JobArtifact,
  type JobChunk,
  type JobHistory,
} from "../../../protocols/ddi/answers.ts";
import type { DeviceJob } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { Fact } from "../../model/fact.ts";
import { CHUNKS_MAX, type DdiChunk, type PackageFile, type Revision } from "../../model/package.ts";
import type { DdiContext } from "./ddi-context.ts";
import { type JobState, stateOf } from "./job-state.ts";

/** Messages of a job that are shown at most, as hawkBit has it. */
export const MESSAGES_MAX = 100;

/** The address of a module's artifact, without its ending for the checksum. */
export type ArtifactUrl = (module: number, file: string) => string;

/** What a device calls a module by: a number that says whose job and which of its modules it is. */
export function moduleNumber(job: number, index: number): number {
  return job * CHUNKS_MAX + index;
}

export async function chunksOf(
  context: DdiContext,
  { ddi }: Revision,
  job: number,
  urlOf: ArtifactUrl,
): Promise<readonly JobChunk[]> {
  const chunks = ddi?.chunks ?? [];
  return Promise.all(
    chunks.map(async (chunk, index) => ({
      part: chunk.part,
      version: chunk.version,
      name: chunk.name,
      metadata: chunk.metadata,
      artifacts: await artifactsOf(context, chunk, moduleNumber(job, index), urlOf),
    })),
  );
}

function artifactsOf(
  { digests }: DdiContext,
  { files }: DdiChunk,
  module: number,
  urlOf: ArtifactUrl,
): Promise<JobArtifact[]> {
  return Promise.all(
    files.map(async ({ name, bytes, sha256 }) => ({
      filename: name,
      size: bytes,
      hashes: { ...(await digests(sha256)), sha256 },
      url: urlOf(module, name),
    })),
  );
}

/** The module of a job that the device has in hand. @throws AppError "not-found" */
export async function moduleOf(
  { site }: DdiContext,
  device: Device,
  module: number,
): Promise<DdiChunk> {
  const id = Math.floor(module / CHUNKS_MAX);
  const job = (await site.store.jobs(device.id)).find((one) => one.id === id);
  const view = await site.store.view(device.id);
  const row = view?.installations.find((one) => one.distribution === job?.distribution);
  const isActive =
    job?.protocol === "ddi" &&
    row?.counted === true &&
    row.attempt === job.attempt &&
    row.incarnation === device.incarnation &&
    stateOf(job).ended === null;
  const revision = isActive ? site.policy.read().revisions.get(row.revision) : undefined;
  const chunk = revision?.ddi?.chunks[module % CHUNKS_MAX];
  if (!chunk) throw new AppError("not-found", `the device has no job with a module ${module}`);
  return chunk;
}

/** @throws AppError "not-found" */
export function fileOf({ files }: DdiChunk, name: string): PackageFile {
  const file = files.find((one) => one.name === name);
  if (!file) throw new AppError("not-found", `the module has no artifact ${name}`);
  return file;
}

/** The artifacts of a module, as they are listed. */
export async function listArtifacts(
  context: DdiContext,
  device: Device,
  module: number,
  urlOf: ArtifactUrl,
) {
  const chunk = await moduleOf(context, device, module);
  return (await artifactsOf(context, chunk, module, urlOf)).map(artifactAnswer);
}

/**
 * What the device said of a job, the newest first.
 *
 * @param count 0: nothing; negative: as much as there is
 */
export async function historyOf(
  context: DdiContext,
  device: Device,
  job: DeviceJob,
  count: number,
): Promise<JobHistory | null> {
  if (count === 0) return null;
  const facts = await context.history(device, job.distribution);
  const said = facts.filter((fact) => isOfJob(fact, job)).sort((a, b) => b.seq - a.seq);
  const max = count < 0 ? MESSAGES_MAX : Math.min(count, MESSAGES_MAX);
  const messages = said.flatMap(({ text }) => text?.split("\n").reverse() ?? []).slice(0, max);
  return { status: actionStatus(stateOf(job), said[0]?.value ?? ""), messages };
}

export function isOfJob(fact: Fact, job: DeviceJob): boolean {
  return fact.kind === "report" && fact.source === "ddi" && fact.attempt === job.attempt;
}

const ENDED = {
  installed: "FINISHED",
  failed: "ERROR",
  canceled: "CANCELED",
  downloaded: "DOWNLOADED",
  skipped: "ERROR",
} as const;

/** hawkBit's word for where an action stands. */
export function actionStatus({ ended, told }: JobState, lastWord: string): string {
  if (ended !== null) return ENDED[ended.outcome];
  const [execution = ""] = lastWord.split("/");
  if (execution === "download") return "DOWNLOAD";
  if (execution === "downloaded") return "DOWNLOADED";
  if (execution === "rejected") return "WARNING";
  if (execution === "" && told !== null) return "RETRIEVED";
  return "RUNNING";
}
