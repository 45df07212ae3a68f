import { AppError } from "../../devices/model/errors.ts";
import type { Log } from "../../devices/ports/log.ts";
import { TAKEN_AGAIN } from "../../sync/hub/take-again.ts";
import type { QuarantinedFrame } from "../../sync/ports/hub-store.ts";
import { QuarantineStore } from "../db/stores/quarantine-store.ts";
import type { ValueStore } from "../db/stores/value-store.ts";

const TRIED_BY = "hub/quarantine-tried-by";
const PAGE_ROWS = 100;

export interface QuarantineAgainDeps {
  readonly database: ConstructorParameters<typeof QuarantineStore>[0];
  readonly values: ValueStore;
  readonly takeAgain: (frame: QuarantinedFrame) => Promise<void>;
  readonly log: Log;
}

/**
 * After an update the hub may be able to read what it set aside before: each frame is tried once by each
 * version, in the order in which they came. [PROTOCOL 3.10]
 */
export async function tryQuarantineAgain(
  { database, log, takeAgain, values }: QuarantineAgainDeps,
  version: string,
): Promise<void> {
  if (values.get(TRIED_BY) === version) return;
  const quarantine = new QuarantineStore(database);
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { next, rows } = quarantine.list({ limit: PAGE_ROWS, cursor });
    ids.push(
      ...rows.filter((one) => one.hasBytes && TAKEN_AGAIN.has(one.kind)).map(({ id }) => id),
    );
    cursor = next;
  } while (cursor !== undefined);
  for (const id of ids.reverse()) {
    const found = quarantine.find(id);
    if (!found) continue;
    try {
      await takeAgain(found);
    } catch (error) {
      // It stays where it is; its reason has been said.
      if (!(error instanceof AppError)) throw error;
      log.warn("quarantine-still-wrong", { site: found.site, seq: found.frameSeq });
    }
  }
  await values.put(TRIED_BY, version);
}
