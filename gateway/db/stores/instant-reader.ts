import { and, asc, eq, gte, lt } from "drizzle-orm";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { OutpostDatabase } from "../database.ts";
import { devices, instants } from "../schema/devices.ts";

/** A device's instant, with the name people know the device by. */
export interface NamedInstant {
  readonly device: DeviceId;
  readonly deviceName: string;
  readonly startMs: number;
  readonly instantMs: number;
  readonly evaluatedAtMs: number | null;
}

/** Instants drawn so far for occurrences that start within [fromMs, toMs], by their time. */
export async function readInstants(
  { db }: Pick<OutpostDatabase, "db">,
  fromMs: number,
  toMs: number,
): Promise<NamedInstant[]> {
  const rows = db
    .select({
      device: instants.device,
      deviceName: devices.name,
      startMs: instants.startMs,
      instantMs: instants.instantMs,
      evaluatedAtMs: instants.evaluatedAtMs,
    })
    .from(instants)
    .innerJoin(devices, eq(devices.id, instants.device))
    .where(and(gte(instants.startMs, fromMs), lt(instants.startMs, toMs + 1)))
    .orderBy(asc(instants.instantMs))
    .all();
  return rows.map((row) => ({ ...row, device: row.device as DeviceId }));
}
