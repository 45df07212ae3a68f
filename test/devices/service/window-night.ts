import type { PhoneState } from "../../harness/phone.ts";
import { phone } from "../../harness/phone.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import type { SiteCore } from "../../harness/site-core.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
/** Noon in Prague on a winter day: 22:00 there is 21:00Z. */
export const NOON = Date.parse("2026-11-21T11:00:00Z");
/** Local time of the first day; hours above 24 are the days after. */
export const at = (time: string) => {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return NOON + (hours - 12) * HOUR_MS + minutes * MINUTE_MS;
};

export async function poll(raw: RawDevice, state: PhoneState): Promise<string[]> {
  const commands = await raw.session(phone(state));
  return commands.map((command) => command.name).filter((name) => name === "Atomic");
}

export function newPhone(): PhoneState {
  return { seen: [], installed: null, download: null };
}

export async function moveTo(core: SiteCore, ms: number): Promise<void> {
  await core.advance(ms - core.nowMs);
}
