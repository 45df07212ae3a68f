import type { SiteId } from "../../../devices/model/ids.ts";
import {
  FORMER_INSTANCES_MAX,
  type FormerInstance,
  type SiteRecord,
} from "../../../sync/ports/hub-store.ts";
import type { sites } from "../schema/link.ts";

type SiteRow = typeof sites.$inferSelect;

export function siteRecordFrom(row: SiteRow): SiteRecord {
  const { acknowledgedSeq, formerInstances, id, ...rest } = row;
  return {
    ...rest,
    id: id as SiteId,
    acknowledgedFrame: acknowledgedSeq,
    formerInstances: JSON.parse(formerInstances) as FormerInstance[],
  };
}

export function siteRowFrom(record: SiteRecord): SiteRow {
  const { acknowledgedFrame, formerInstances, ...rest } = record;
  return {
    ...rest,
    acknowledgedSeq: acknowledgedFrame,
    formerInstances: JSON.stringify(formerInstances.slice(0, FORMER_INSTANCES_MAX)),
  };
}
