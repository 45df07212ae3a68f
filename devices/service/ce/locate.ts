import type { Element } from "../../../protocols/syncml/element.ts";
import { locationResponse } from "../../../protocols/wince/answers.ts";
import { scriptBytes } from "../../../protocols/wince/script.ts";
import type { CePart } from "../../install/ce-parts.ts";
import type { Work } from "../../install/plan-types.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { parseSha256 } from "../../model/ids.ts";
import type { PackageFile } from "../../model/package.ts";
import { sha256Hex } from "../../model/sha256.ts";
import { contact } from "../contact/contact.ts";
import { CE, type CeContext, SCRIPT_PATH } from "./ce-context.ts";
import { fetchedAs } from "./instructions.ts";
import { packageIdOf } from "./package-id.ts";
import { progressIn, progressOf } from "./progress.ts";
import { fileOf, partsOf } from "./work-parts.ts";

/**
 * Where a device gets what a package is: from this site. Only of work that it was instructed to do.
 *
 * @throws AppError "not-found" for a package that it has not in hand
 */
export async function answerLocation(
  context: CeContext,
  device: Device,
  wanted: string,
  baseUrl: string,
): Promise<Element> {
  const found = await partInHand(context, device, (id) => id === wanted);
  if (found === undefined) {
    throw new AppError("not-found", `the device has no package ${wanted} to fetch`);
  }
  const { id, work, part, untilMs } = found;
  const { name } = fetchedAs(id, part);
  const file = part.kind === "file" ? fileOf(work, part) : scriptFile(part, name);
  if (file === undefined) throw new AppError("not-found", `the package ${wanted} has no file`);
  const url = context.urls.urlFor({ ...file, name }, device.id, untilMs, baseUrl);
  const own = part.kind === "file" ? url : url.replace("/content/", `${SCRIPT_PATH}/`);
  return locationResponse(wanted, [own]);
}

/**
 * The script that has this hash, of what the device has in hand: it is made anew from the actions.
 *
 * @throws AppError "not-found" when there is none any more
 */
export async function findScript(
  context: CeContext,
  device: Device,
  sha256: string,
): Promise<Uint8Array> {
  const found = await partInHand(
    context,
    device,
    (_, part) => part.kind === "script" && sha256Hex(scriptBytes(part.text)) === sha256,
  );
  if (found?.part.kind === "script") return scriptBytes(found.part.text);
  throw new AppError("not-found", "the device has no such script to fetch");
}

interface PartInHand {
  readonly id: string;
  readonly work: Work;
  readonly part: CePart;
  /** When the window ends in which it is released. */
  readonly untilMs: number;
}

async function partInHand(
  { site }: CeContext,
  device: Device,
  isWanted: (id: string, part: CePart) => boolean,
): Promise<PartInHand | undefined> {
  const jobs = await site.store.jobs(device.id);
  return contact(site, device.id, { protocol: CE }, ({ ledger, inHand }) => {
    const progress = progressIn(ledger.device, jobs);
    for (const work of inHand) {
      const { id: distribution } = work.distribution;
      const at = progressOf(progress, ledger.device, { distribution, attempt: work.attempt });
      const reading = partsOf(work, ledger.device, at.facts);
      const part = "parts" in reading ? reading.parts[at.part] : undefined;
      const id = packageIdOf(ledger.device, at);
      if (part === undefined || !isWanted(id, part)) continue;
      return { id, work, part, untilMs: ledger.row(distribution)?.releasedUntilMs ?? site.now() };
    }
    return undefined;
  });
}

function scriptFile(part: CePart, name: string): PackageFile | undefined {
  if (part.kind !== "script") return undefined;
  const bytes = scriptBytes(part.text);
  const sha256 = parseSha256(sha256Hex(bytes));
  return sha256 && { sha256, name, bytes: bytes.length };
}
