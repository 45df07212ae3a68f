import {
  type JobTerms,
  jobAnswer,
  type Link,
  pollAnswer,
  termsNumber,
  termsOf,
} from "../../../protocols/ddi/answers.ts";
import {
  type PollingInterval,
  parsePollingTime,
  sleepSeconds,
  sleepText,
} from "../../../protocols/ddi/polling-time.ts";
import { DEVICE_FIELDS, parseFilter } from "../../filter/filter.ts";
import { deviceRecord } from "../../filter/groups.ts";
import { matches } from "../../filter/match.ts";
import { ASKED, DENIED } from "../../install/progress.ts";
import type { DeviceJob } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import type { Policy } from "../../model/policy.ts";
import { contact, type Offers } from "../contact/contact.ts";
import { forDevice } from "../for-device.ts";
import { groupsAt } from "../replan.ts";
import { wantsConfigData } from "./attributes.ts";
import { type CurrentJob, currentJobs, type WantedJob } from "./current-jobs.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { type ArtifactUrl, chunksOf, historyOf } from "./job-body.ts";
import { keepJob, stateOf } from "./job-state.ts";

/** The device's own address: `…/{tenant}/controller/v1/{controllerId}`. */
export type DeviceBase = string;

/** A device asks what there is. */
export async function poll(context: DdiContext, client: DdiClient, base: DeviceBase) {
  const { site } = context;
  const { id } = client.device;
  const seen = await contact(site, id, { protocol: "ddi" }, async (offers) => {
    const known = await knownOf(context, id);
    const [first] = currentJobs(context, client, offers, known);
    if (first) take(context, offers, first);
    const installed = lastInstalled(context, known.jobs);
    return {
      first,
      installed,
      sleep: sleepOf(context, offers),
      isAsked: wantsConfigData(known.attributes, installed?.atMs ?? null),
    };
  });
  const { first, installed } = seen;
  // A new job has its number now.
  const number = first && numberOf(await site.store.jobs(id), first);
  return pollAnswer(seen.sleep, {
    ...(first && number !== undefined ? linkOf(first, number, base) : {}),
    installedBase: installed && { href: `${base}/installedBase/${installed.job.id}` },
    configData: seen.isAsked ? { href: `${base}/configData` } : undefined,
  });
}

export function linkOf(
  current: CurrentJob,
  number: number,
  base: DeviceBase,
): Readonly<Record<string, Link>> {
  if (current.kind === "cancel")
    return { cancelAction: { href: `${base}/cancelAction/${number}` } };
  const { kind, terms } = current;
  const href = `${base}/${kind}Base/${number}?c=${termsNumber(terms)}`;
  return { [`${kind}Base`]: { href } };
}

/** The device was told of it: from now on it may report on it. */
export function take({ site }: DdiContext, offers: Offers, current: CurrentJob): void {
  const nowMs = site.now();
  if (current.kind === "cancel") {
    const { row, job, state } = current;
    if (job === undefined) keepJob(offers.ledger, row, job, state, nowMs);
    return;
  }
  const { work, job, state } = current;
  if (current.released) offers.offered(work);
  if (current.kind === "confirmation") noteAsked(offers.ledger, work);
  else noteUnasked(offers.ledger, work);
  const named = { distribution: work.distribution.id, attempt: work.attempt };
  keepJob(offers.ledger, named, job, state, nowMs);
}

/** For whoever looks at the row: many a client does not know the question at all. */
function noteAsked(ledger: Offers["ledger"], { distribution: { id } }: WantedJob["work"]): void {
  const row = ledger.row(id);
  const isNews = row?.nativeValue === null || row?.nativeValue === DENIED;
  if (isNews) ledger.note(id, { source: "ddi", nativeValue: ASKED });
}

/** The device gave its consent for all that comes. */
function noteUnasked(ledger: Offers["ledger"], { distribution: { id } }: WantedJob["work"]): void {
  const word = ledger.row(id)?.nativeValue;
  if (word === ASKED || word === DENIED) ledger.note(id, { nativeValue: null });
}

/** A device comes for a job. @throws AppError "not-found" where it has none to see under this number */
export async function readJob(
  context: DdiContext,
  client: DdiClient,
  kind: WantedJob["kind"],
  number: number,
  urlOf: ArtifactUrl,
  historyCount: number,
) {
  const { site } = context;
  const { device } = client;
  const wanted = await contact(site, device.id, { protocol: "ddi" }, async (offers) => {
    const known = await knownOf(context, device.id);
    const current = currentJobs(context, client, offers, known);
    const found = current.find(
      (one): one is WantedJob => one.kind === kind && one.job?.id === number,
    );
    if (!found?.job) throw new AppError("not-found", `the device has no job ${number} to do`);
    take(context, offers, found);
    if (kind === "deployment") tell(context, offers, found);
    return { ...found, job: found.job };
  });
  const key = kind === "deployment" ? "deployment" : "confirmation";
  const chunks = await chunksOf(context, wanted.work.revision, number, urlOf);
  const history = await historyOf(context, device, wanted.job, historyCount);
  return jobAnswer(key, number, wanted.terms, chunks, history);
}

/** A device comes for the order to drop a job. @throws AppError "not-found" where there is none */
export function readCancel(context: DdiContext, client: DdiClient, number: number): Promise<void> {
  const { site } = context;
  const { id } = client.device;
  return contact(site, id, { protocol: "ddi" }, async (offers) => {
    const known = await knownOf(context, id);
    const isAsked = currentJobs(context, client, offers, known).some(
      ({ kind, job }) => kind === "cancel" && job?.id === number,
    );
    if (!isAsked) throw new AppError("not-found", `the job ${number} is not to be dropped`);
  });
}

/** What it was told last decides what its word for the end means. */
function tell(
  { site }: DdiContext,
  { ledger }: Offers,
  { work, job, state, terms }: WantedJob,
): void {
  const named = { distribution: work.distribution.id, attempt: work.attempt };
  const told = { ...state, told: terms.update, toldClosed: terms.window === "unavailable" };
  keepJob(ledger, named, job, told, site.now());
}

/** The job that a device finished last, or any that it finished. @throws AppError "not-found" */
export async function readInstalled(
  context: DdiContext,
  { device }: DdiClient,
  number: number,
  urlOf: ArtifactUrl,
  historyCount: number,
) {
  const { site } = context;
  const job = (await site.store.jobs(device.id)).find((one) => one.id === number);
  const isInstalled = stateOf(job).ended?.outcome === "installed";
  const revision = job && isInstalled ? revisionOf(context, job) : undefined;
  if (!job || !revision?.ddi) {
    throw new AppError("not-found", `the device has not finished a job ${number}`);
  }
  const terms: JobTerms = termsOf(revision.ddi.handling, null);
  const chunks = await chunksOf(context, revision, number, urlOf);
  return jobAnswer(
    "deployment",
    number,
    terms,
    chunks,
    await historyOf(context, device, job, historyCount),
  );
}

function lastInstalled(
  context: DdiContext,
  jobs: readonly DeviceJob[],
): { readonly job: DeviceJob; readonly atMs: number } | undefined {
  return jobs
    .flatMap((job) => {
      const { ended } = stateOf(job);
      const isTold = job.protocol === "ddi" && ended?.outcome === "installed";
      return isTold && revisionOf(context, job)?.ddi ? [{ job, atMs: ended.atMs }] : [];
    })
    .sort((a, b) => b.atMs - a.atMs || b.job.id - a.job.id)[0];
}

function revisionOf({ site }: DdiContext, { distribution }: DeviceJob) {
  const policy = site.policy.read();
  const found = policy.distributionsById.get(distribution);
  return found && policy.revisions.get(found.revision);
}

export function numberOf(jobs: readonly DeviceJob[], current: CurrentJob): number | undefined {
  const [distribution, attempt] =
    current.kind === "cancel"
      ? [current.row.distribution, current.row.attempt]
      : [current.work.distribution.id, current.work.attempt];
  return jobs.find(
    (job) => job.protocol === "ddi" && job.distribution === distribution && job.attempt === attempt,
  )?.id;
}

export async function knownOf({ site }: DdiContext, device: DeviceId) {
  const [jobs, attributes] = await Promise.all([
    site.store.jobs(device),
    site.store.attributes(device),
  ]);
  return { jobs, attributes };
}

function sleepOf(context: DdiContext, { ledger, nextContactMs }: Offers): string {
  const { site } = context;
  const interval = pollingIntervalOf(context, forDevice(site, ledger).policy.read(), ledger.device);
  const untilMs = nextContactMs === null ? null : nextContactMs - site.now();
  return sleepText(sleepSeconds(interval, site.random(), untilMs));
}

/** How often a device polls, by the setting's first rule that fits it. */
export function pollingIntervalOf(
  { settings }: DdiContext,
  policy: Policy,
  device: Device,
): PollingInterval {
  const { usual, rules } = parsePollingTime(settings().pollingTime);
  const record = { ...deviceRecord(device), group: groupsAt(policy, device) };
  const rule = rules.find(({ filter }) =>
    matches(parseFilter(filter, DEVICE_FIELDS), record, DEVICE_FIELDS),
  );
  return rule?.interval ?? usual;
}
