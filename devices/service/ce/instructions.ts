import type { Element } from "../../../protocols/syncml/element.ts";
import {
  instructionsResponse,
  type PackageInstructions,
} from "../../../protocols/wince/answers.ts";
import { scriptBytes } from "../../../protocols/wince/script.ts";
import { type CePart, inFolder } from "../../install/ce-parts.ts";
import type { Work } from "../../install/plan-types.ts";
import type { Device } from "../../model/device.ts";
import { contact, type Offers } from "../contact/contact.ts";
import { reportWork } from "../contact/report-work.ts";
import type { Ledger } from "../ledger.ts";
import { CE, type CeContext } from "./ce-context.ts";
import { packageIdOf } from "./package-id.ts";
import { type CeProgress, progressIn, progressJob, progressOf } from "./progress.ts";
import { fileOf, partsOf } from "./work-parts.ts";

/** Into which folder a script is fetched. */
const SCRIPT_FOLDER = "\\Temp";

/**
 * Instructions for the packages that a device asks for, as far as it may have them now. From here on the
 * work is offered: what is told to the device has to be durable first.
 */
export async function answerInstructions(
  context: CeContext,
  device: Device,
  wanted: readonly string[],
): Promise<Element> {
  const { site } = context;
  const jobs = await site.store.jobs(device.id);
  return contact(site, device.id, { protocol: CE }, (offers) => {
    const { ledger } = offers;
    const progress = progressIn(ledger.device, jobs);
    const told = [...offers.newWork, ...offers.inHand].flatMap((work): PackageInstructions[] => {
      const at = progressOf(progress, ledger.device, {
        distribution: work.distribution.id,
        attempt: work.attempt,
      });
      const id = packageIdOf(ledger.device, at);
      if (!wanted.includes(id)) return [];
      const part = partFor(context, offers, work, at);
      if (part === undefined) return [];
      ledger.setJob(progressJob(ledger.device, at, site.now()));
      offers.offered(work);
      return [describe(ledger, work, at, id, part, site.now())];
    });
    const unknown = wanted.filter((id) => !told.some((one) => one.id === id));
    if (unknown.length > 0) {
      site.log.info("ce-instructions-withheld", { device: device.id, packages: unknown.length });
    }
    return instructionsResponse(told);
  });
}

/** What the client cannot carry out fails with the reason: waiting would not change it. */
function partFor(
  { site }: CeContext,
  offers: Offers,
  work: Work,
  at: CeProgress,
): CePart | undefined {
  const { ledger } = offers;
  const reading = partsOf(work, ledger.device, at.facts);
  const part = "parts" in reading ? reading.parts[at.part] : undefined;
  if (part !== undefined && (part.kind === "script" || fileOf(work, part))) return part;
  const problem =
    "problem" in reading ? reading.problem : "a Download names a file that the revision has not";
  offers.offered(work);
  reportWork(site, ledger, {
    distribution: work.distribution.id,
    source: "agent",
    protocol: CE,
    value: "relevance-refused",
    text: `not sent: ${problem}`,
    attempt: work.attempt,
  });
  return undefined;
}

function describe(
  ledger: Ledger,
  work: Work,
  at: CeProgress,
  id: string,
  part: CePart,
  nowMs: number,
): PackageInstructions {
  const { package: app, revision, distribution } = work;
  const row = ledger.row(distribution.id);
  const { folder, name } = fetchedAs(id, part);
  const path = inFolder(folder, name);
  return {
    id,
    name: plain(app.name),
    shortDescription: plain(`${app.name} ${revision.version}`),
    longDescription: plain(app.description),
    bytes: part.kind === "file" ? (fileOf(work, part)?.bytes ?? 0) : scriptBytes(part.text).length,
    startMs: at.part === 0 ? startOf(ledger, row?.requestedAtMs ?? null, nowMs) : nowMs,
    localDestination: folder,
    commandLine: part.kind === "file" ? part.command : path,
  };
}

/** How the file of a part is called on the device. */
export function fetchedAs(id: string, part: CePart): { folder: string; name: string } {
  return part.kind === "file"
    ? { folder: part.folder, name: part.name }
    : { folder: SCRIPT_FOLDER, name: `${id}.dms` };
}

/** The device's own instant in the window that runs; when it was asked for; else now. [Q27] */
function startOf(ledger: Ledger, requestedAtMs: number | null, nowMs: number): number {
  if (requestedAtMs !== null) return requestedAtMs;
  const running = ledger.instants.find(
    ({ startMs, endMs, evaluatedAtMs }) =>
      startMs <= nowMs && nowMs < endMs && evaluatedAtMs !== null,
  );
  return running?.instantMs ?? nowMs;
}

/** XML cannot carry every character that an administrator can paste. */
function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return text.toWellFormed().replace(/[\u0000-\u001f\ufffe\uffff]+/g, " ");
}
