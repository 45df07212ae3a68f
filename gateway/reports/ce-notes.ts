import { type Filter, fieldIs } from "../../devices/filter/filter.ts";
import { ceNotes } from "../../devices/install/ce-notes.ts";
import type { Package, Revision } from "../../devices/model/package.ts";
import { PAGE_ROWS_MAX, type ReportReader } from "./report-reader.ts";

/** As somebody wants it, not yet checked. */
type Meant =
  | { readonly kind: "all" }
  | { readonly kind: "group"; readonly group: string }
  | { readonly kind: "device"; readonly device: string }
  | { readonly kind: "devices"; readonly devices: readonly string[] };

/**
 * What `ceNotes` has to say of a version and the devices that are known here.
 *
 * @param target undefined: wherever it may go
 */
export async function ceNotesHere(
  reports: Pick<ReportReader, "devices" | "countDevices">,
  app: Package | undefined,
  revision: Revision,
  target?: Meant,
): Promise<readonly string[]> {
  if (!app || !revision.agent) return [];
  const filter: Filter = [
    fieldIs("protocol", "ce"),
    fieldIs("removed", "false"),
    ...(target?.kind === "group" ? [fieldIs("group", target.group)] : []),
    ...(target?.kind === "device" ? [fieldIs("id", target.device)] : []),
  ];
  const total = await reports.countDevices(filter);
  if (total === 0) return [];
  const { rows } = await reports.devices({ filter, limit: PAGE_ROWS_MAX });
  const meant =
    target?.kind === "devices"
      ? rows.filter(({ id }) => target.devices.some((one) => one === id))
      : rows;
  const notes = ceNotes(app, revision, meant);
  if (total <= PAGE_ROWS_MAX || notes.length === 0) return notes;
  return [
    ...notes,
    `of ${total} devices with Windows CE the first ${PAGE_ROWS_MAX} were looked at`,
  ];
}
