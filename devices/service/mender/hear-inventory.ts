import { ATTRIBUTES_MAX, type DeviceAttribute } from "../../model/agent-device.ts";
import { cutText } from "../../model/cut-text.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { WORDS_CHARACTERS_MAX } from "../../model/limits.ts";
import { contact, type ToldFacts } from "../contact/contact.ts";
import type { SiteContext } from "../site-context.ts";
import { hearArtifact } from "./artifact-on-device.ts";

/** What a device says when it asks for work; an inventory that leaves it out does not take it back. */
const KEPT: ReadonlySet<string> = new Set(["device_type", "artifact_name"]);

/**
 * A device says what it is: all of it, or what has changed.
 *
 * @throws AppError "unprocessable" when that were more attributes than are kept of one device
 */
export function hearInventory(
  context: SiteContext,
  { id }: Device,
  told: ReadonlyMap<string, string>,
  extent: "all" | "changes",
): Promise<void> {
  const merge = mergedAttributes(told, context.now());
  const attributes = (former: readonly DeviceAttribute[]) =>
    extent === "changes" ? merge(former) : replaced(former, told, merge);
  const said = { protocol: "mender" as const, facts: factsIn(told), attributes };
  return contact(context, id, said, ({ ledger }) => {
    hearArtifact(context, ledger, told.get("artifact_name") ?? "");
  });
}

/** The former attributes with what is told now; the same list when nothing is new. */
export function mergedAttributes(
  told: ReadonlyMap<string, string>,
  nowMs: number,
): (former: readonly DeviceAttribute[]) => readonly DeviceAttribute[] {
  return (former) => {
    const all = new Map(former.map((one) => [one.name, one]));
    let isNew = false;
    for (const [name, whole] of told) {
      const value = cutText(whole, WORDS_CHARACTERS_MAX);
      if (all.get(name)?.value === value) continue;
      isNew = true;
      all.set(name, { name, value, atMs: nowMs });
    }
    if (all.size > ATTRIBUTES_MAX) {
      throw new AppError("unprocessable", `a device has at most ${ATTRIBUTES_MAX} attributes`);
    }
    return isNew ? [...all.values()] : former;
  };
}

function replaced(
  former: readonly DeviceAttribute[],
  told: ReadonlyMap<string, string>,
  merge: ReturnType<typeof mergedAttributes>,
): readonly DeviceAttribute[] {
  const kept = former.filter(({ name }) => told.has(name) || KEPT.has(name));
  return merge(kept.length === former.length ? former : kept);
}

function factsIn(told: ReadonlyMap<string, string>): ToldFacts {
  const deviceType = told.get("device_type");
  const cpu = told.get("cpu_model");
  // Such as `Debian GNU/Linux 12 (bookworm)`.
  const osVersion = /\d+(\.\d+)*/.exec(told.get("os") ?? "")?.[0];
  const osMajor = Number.parseInt(osVersion ?? "", 10);
  return {
    ...(deviceType ? { model: deviceType } : {}),
    ...(cpu ? { cpu } : {}),
    ...(osVersion === undefined ? {} : { osVersion }),
    ...(Number.isSafeInteger(osMajor) ? { osMajor } : {}),
  };
}
