import type { z } from "@hono/zod-openapi";
import { whyItStays } from "../../../devices/install/relevance.ts";
import { AppError, type FieldError } from "../../../devices/model/errors.ts";
import {
  parseDeviceId,
  parseGroupName,
  parsePackageId,
  parseRevisionId,
} from "../../../devices/model/ids.ts";
import type { Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { compareVersions } from "../../../devices/model/version.ts";
import { checkSchedule } from "../../../devices/windows/schedule.ts";
import type { PolicyChange } from "../../../sync/ports/policy-author.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import type { NewDistributionSchema } from "../schemas/policy.ts";
import { revisionsOf } from "./packages.ts";

type Given = Omit<z.output<typeof NewDistributionSchema>, "id">;

export interface DistributionFields extends Given {
  readonly revision: string;
}

/**
 * Checks a new distribution against what is known.
 *
 * @returns it with its revision filled in (the newest of the package unless given)
 * @throws AppError "unprocessable" naming every wrong field
 */
export async function checkDistribution(
  given: Given,
  policy: Policy,
  deps: {
    readonly reports: ReportReader;
    readonly isSite: (site: string) => Promise<boolean>;
  },
): Promise<{ readonly fields: DistributionFields; readonly revision: Revision }> {
  const wrong: FieldError[] = [];
  const revision = findRevision(given, policy, wrong);
  if (revision && !isInstallable(revision)) {
    wrong.push({ pointer: "/revision", message: "it has no file to install" });
  }
  const cannotGo = revision && given.operation === "uninstall" ? whyItStays(revision) : undefined;
  if (cannotGo !== undefined) wrong.push({ pointer: "/operation", message: cannotGo });
  if (given.operation === "uninstall" && given.updateOnly) {
    wrong.push({ pointer: "/updateOnly", message: "an uninstall updates nothing" });
  }
  if (given.operation === "uninstall" && given.allowDowngrade) {
    wrong.push({ pointer: "/allowDowngrade", message: "an uninstall lowers no version" });
  }
  if (given.operation === "uninstall" && given.question !== null) {
    wrong.push({ pointer: "/question", message: "an uninstall asks nobody" });
  }
  if (given.question !== null && revision?.channel === "reported") {
    wrong.push({ pointer: "/question", message: "what another system installs is not asked here" });
  }
  wrong.push(...scheduleProblems(given));
  wrong.push(...(await targetProblems(given.target, policy, deps.reports)));
  for (const [index, site] of given.sites.entries()) {
    if (await deps.isSite(site)) continue;
    wrong.push({ pointer: `/sites/${index}`, message: `this gateway knows no site ${site}` });
  }
  if (!revision || wrong.length > 0) {
    const detail = wrong.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
    throw new AppError("unprocessable", detail, { fields: wrong });
  }
  return { fields: { ...given, revision: revision.id }, revision };
}

/**
 * The record of a checked distribution. A schedule that it has not got is left out, so that a gateway of before
 * there was such a thing takes it.
 */
export function distributionChange(
  id: string,
  { schedule, ...fields }: DistributionFields,
): PolicyChange {
  return { kind: "distribution", id, body: { id, ...fields, ...(schedule && { schedule }) } };
}

function isInstallable({ channel, file, source, agent, ddi }: Revision): boolean {
  if (channel === "reported") return true;
  return file !== null || source !== null || agent !== null || ddi !== null;
}

/** What only PCs take. No source says that Windows shows a question of its server. [syncml 5] */
const PC_CHANNELS: ReadonlySet<Revision["channel"]> = new Set([
  "EnterpriseDesktopAppManagement",
  "EnterpriseModernAppManagement",
] as const);

/** What whoever makes it should know before the night. */
export function notesOn(fields: DistributionFields, revision: Revision, policy: Policy): string[] {
  const notes: string[] = [];
  const former = policy.distributions.find(
    (one) => one.package === revision.package && one.stoppedAtMs === null,
  );
  const formerVersion = former && policy.revisions.get(former.revision)?.version;
  const isLower =
    formerVersion !== undefined && compareVersions(revision.version, formerVersion) < 0;
  if (isLower && fields.operation === "install" && !fields.allowDowngrade) {
    notes.push(
      `${formerVersion} was distributed before: devices that have it keep it, unless allowDowngrade is set`,
    );
  }
  if (former) notes.push(`it supersedes the distribution ${former.id} where both are for a device`);
  if (fields.mode === "automatic" && !policy.windows.some(({ enabled }) => enabled)) {
    notes.push("there is no maintenance window, so nothing will be installed automatically");
  }
  const { enterpriseId, enrollmentToken } = policy.enterprise;
  if (revision.channel === "EnterpriseAppManagement" && !(enterpriseId && enrollmentToken)) {
    const missing = enterpriseId ? "enrolment token" : "enterprise id";
    notes.push(`no ${missing} is set: devices that are not enrolled yet wait until it is`);
  }
  if (fields.question !== null && PC_CHANNELS.has(revision.channel)) {
    notes.push(
      "Windows is not known to ask its user: on PCs that cannot, it fails; distribute it without a question",
    );
  }
  return notes;
}

function scheduleProblems({ schedule, mode }: Given): readonly FieldError[] {
  if (schedule === null) return [];
  if (mode === "automatic") {
    const message = "Automatic work keeps to maintenance windows: make it on-demand";
    return [{ pointer: "/schedule", message }];
  }
  try {
    checkSchedule(schedule);
    return [];
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.fields.map(({ pointer, message }) => ({
      pointer: `/schedule${pointer}`,
      message,
    }));
  }
}

function findRevision(given: Given, policy: Policy, wrong: FieldError[]): Revision | undefined {
  const name = parsePackageId(given.package);
  if (!name || !policy.packages.has(name)) {
    wrong.push({ pointer: "/package", message: `there is no package ${given.package}` });
    return undefined;
  }
  if (given.revision === undefined) {
    const newest = revisionsOf(policy, name).at(-1);
    if (!newest) wrong.push({ pointer: "/revision", message: "the package has no revision yet" });
    return newest;
  }
  const id = parseRevisionId(given.revision);
  const revision = id && policy.revisions.get(id);
  if (revision?.package === name) return revision;
  wrong.push({
    pointer: "/revision",
    message: `the package ${name} has no revision ${given.revision}`,
  });
  return undefined;
}

async function targetProblems(
  target: Given["target"],
  policy: Policy,
  reports: ReportReader,
): Promise<readonly FieldError[]> {
  if (target.kind === "group") {
    const name = parseGroupName(target.group);
    if (name && policy.groups.has(name)) return [];
    return [{ pointer: "/target/group", message: `there is no group ${target.group}` }];
  }
  if (target.kind === "device") {
    const isHere = await isDevice(target.device, reports);
    return isHere ? [] : [noDevice("/target/device", target.device)];
  }
  if (target.kind === "devices") {
    const wrong: FieldError[] = [];
    for (const [index, id] of target.devices.entries()) {
      if (await isDevice(id, reports)) continue;
      wrong.push(noDevice(`/target/devices/${index}`, id));
    }
    return wrong;
  }
  return [];
}

async function isDevice(text: string, reports: ReportReader): Promise<boolean> {
  const id = parseDeviceId(text);
  const device = id && (await reports.device(id));
  return device?.removedAtMs === null;
}

function noDevice(pointer: string, id: string): FieldError {
  return { pointer, message: `there is no device ${id}` };
}
