import type { CeStatusMessage } from "../../../protocols/wince/requests.ts";
import { workOf } from "../../install/explain.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import { hearReports } from "../contact/contact.ts";
import { reportWork } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import { CE, type CeContext } from "./ce-context.ts";
import { type PackagePart, packageIdOf } from "./package-id.ts";
import { POLICY_RETRY_MS } from "./poll.ts";
import { type CeProgress, progressIn, progressJob, progressOf } from "./progress.ts";
import { partsOf } from "./work-parts.ts";

/** Messages about attempts before these are not understood any more: a device tells what it did lately. */
export const FORMER_ATTEMPTS_KNOWN = 10;

const STARTING = "11030";
const DOWNLOADED = "11031";
const DOWNLOAD_FAILED = "11032";
const EXECUTED = "11035";

/**
 * A device tells how its packages go. Messages are taken in their order, each is a fact; what comes twice or
 * late is history. A message about no package of ours is refused by itself, the others are taken.
 *
 * @returns how many were refused
 * @throws AppError "unavailable" while policy is not known
 */
export async function hearStatus(
  context: CeContext,
  device: Device,
  messages: readonly CeStatusMessage[],
): Promise<number> {
  const { site } = context;
  // Of how many parts a package is says policy alone: the client keeps what it could not tell.
  if (!context.isPolicyKnown()) {
    throw new AppError("unavailable", "what the device was given is not known here yet", {
      retryAfterMs: POLICY_RETRY_MS,
    });
  }
  const jobs = await site.store.jobs(device.id);
  return hearReports(site, device.id, CE, (ledger) => {
    let progress = progressIn(ledger.device, jobs);
    const told = toldParts(ledger, progress);
    let refused = 0;
    for (const message of messages) {
      const about = told.get(message.packageId);
      const row = about && ledger.row(about.distribution);
      if (about === undefined || row === undefined) {
        refused++;
        const { packageId, messageId } = message;
        site.log.warn("ce-status-refused", { device: device.id, packageId, messageId });
        continue;
      }
      progress = hearMessage(context, ledger, row, about.part, message, progress);
    }
    return refused;
  });
}

interface About {
  readonly distribution: DistributionId;
  readonly part: PackagePart;
}

/** Every part that the device can tell of, by the name that it was given. */
function toldParts(
  { device, rows }: Ledger,
  progress: readonly CeProgress[],
): ReadonlyMap<string, About> {
  const told = new Map<string, About>();
  for (const row of rows) {
    const { distribution } = row;
    const oldest = Math.max(1, row.attempt - FORMER_ATTEMPTS_KNOWN);
    for (let attempt = row.attempt; attempt >= oldest; attempt--) {
      const reached = progressOf(progress, device, { distribution, attempt }).part;
      for (let part = 0; part <= reached; part++) {
        const one = { distribution, attempt, part };
        told.set(packageIdOf(device, one), { distribution, part: one });
      }
    }
  }
  return told;
}

function hearMessage(
  context: CeContext,
  ledger: Ledger,
  row: Installation,
  part: PackagePart,
  message: CeStatusMessage,
  progress: readonly CeProgress[],
): readonly CeProgress[] {
  const { site } = context;
  const at = progressOf(progress, ledger.device, part);
  const verdict = judge(context, ledger, row, part, at, message.messageId);
  const isLate = part.attempt === row.attempt && verdict.kind === "late";
  reportWork(site, ledger, {
    distribution: part.distribution,
    source: "agent",
    protocol: CE,
    value: verdict.value,
    text: wordsOf(message, part),
    attempt: part.attempt,
    // Behind all that the row has been through: history only.
    ...(isLate ? { sequence: 0 } : {}),
  });
  if (part.attempt !== row.attempt || isLate) return progress;
  // It has begun what was withdrawn meanwhile: it is in hand again.
  if (row.offeredAtMs === null) ledger.note(row.distribution, { offeredAtMs: site.now() });
  if (verdict.kind !== "next-part") return progress;
  const next = { ...at, part: part.part + 1 };
  ledger.setJob(progressJob(ledger.device, next, site.now()));
  return [
    next,
    ...progress.filter(
      (one) => one.distribution !== part.distribution || one.attempt !== part.attempt,
    ),
  ];
}

interface Verdict {
  readonly kind: "under-way" | "next-part" | "end" | "late";
  /** In the words of agents. */
  readonly value: string;
}

/** What a message means for the package as a whole. Any number that is not known is a failure. */
function judge(
  { site }: CeContext,
  ledger: Ledger,
  row: Installation,
  part: PackagePart,
  at: CeProgress,
  messageId: string,
): Verdict {
  const isUninstall = row.operation === "uninstall";
  const working = isUninstall ? "uninstalling" : "installing";
  const isOver = !isOpenFor(row) || part.part < at.part;
  const policy = site.policy.read();
  const distribution = policy.distributionsById.get(row.distribution);
  const revision = policy.revisions.get(row.revision);
  const app = policy.packages.get(row.package);
  const reading =
    distribution && revision && app
      ? partsOf(workOf(distribution, revision, app, "agent", row), ledger.device, at.facts)
      : undefined;
  const parts = reading && "parts" in reading ? reading.parts : [];
  const current = parts[part.part];
  const isLast = part.part + 1 >= parts.length;
  const done = isUninstall ? "uninstalled" : "succeeded";
  const failed =
    messageId === DOWNLOAD_FAILED
      ? "download-failed"
      : isUninstall
        ? "uninstall-failed"
        : "action-failed";

  if (messageId === STARTING) return { kind: isOver ? "late" : "under-way", value: working };
  // Where nothing is run afterwards, what is fetched is done.
  const isFetchOnly = current?.kind === "file" && current.command === "";
  if (messageId === DOWNLOADED && !isFetchOnly) {
    return { kind: isOver ? "late" : "under-way", value: working };
  }
  const isSuccess = messageId === EXECUTED || messageId === DOWNLOADED;
  const kind = isOver ? "late" : isLast ? "end" : "next-part";
  const critical = current?.critical ?? "continue only on success";
  if (isSuccess) {
    // A guard that succeeds ends the package, and well. [Q13]
    const ends = isLast || critical === "continue only on error";
    return { kind: ends && kind !== "late" ? "end" : kind, value: ends ? done : working };
  }
  const goesOn =
    critical !== "continue only on success" &&
    !(messageId === DOWNLOAD_FAILED && current?.kind === "file" && current.command !== "");
  if (!goesOn) return { kind: isOver ? "late" : "end", value: failed };
  const ended = critical === "continue" ? (isUninstall ? done : "succeeded-with-warning") : done;
  return { kind, value: isLast ? ended : working };
}

function isOpenFor(row: Installation): boolean {
  if (row.operation === "uninstall")
    return row.status !== "removed_after_installation" && row.status !== "failed";
  return ["pending_install", "installing", "pending_update", "updating"].includes(row.status);
}

/** The device's own number, and what it says beside it, kept for ever. */
function wordsOf(message: CeStatusMessage, { part }: PackagePart): string {
  const { messageId, timestamp, parameters } = message;
  const said = parameters.map(({ name, value }) => (name === "" ? value : `${name}: ${value}`));
  const where = part === 0 ? "" : `, part ${part + 1}`;
  const when = timestamp === null ? "" : `, by its clock ${timestamp}`;
  return [`message ${messageId}${where}${when}`, ...said].join("; ");
}
