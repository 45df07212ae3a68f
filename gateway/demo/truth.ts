import type { FleetDevice } from "../../devices/simulator/fleet.ts";
import type { Installation } from "../client/rows.ts";
import { KIOSK_APP } from "./families.ts";
import { Kiosk } from "./kiosk.ts";

/**
 * Where rows say otherwise than the devices themselves, asked behind the gateways' backs: who has an app has a
 * row that says so, and nobody else has.
 */
export async function untruths(
  rows: readonly Installation[],
  devices: readonly FleetDevice[],
): Promise<string[]> {
  const rowsOf = Map.groupBy(rows, ({ deviceName }) => deviceName);
  const found: string[] = [];
  for (const device of devices) {
    const { name } = device.plan;
    const own = rowsOf.get(name) ?? [];
    const isSaid = own.some(({ status }) => status === "installed");
    if (own.length === 0) found.push(`${name} has no row`);
    else if ((await hasApp(device)) !== isSaid) {
      const words = own.map(({ statusLabel }) => statusLabel).join(", ");
      found.push(`${name} ${isSaid ? "does not have the app" : "has the app"}: ${words}`);
    }
  }
  return found;
}

async function hasApp(device: FleetDevice): Promise<boolean> {
  if (!(device instanceof Kiosk)) return device.progress().includes("installed");
  return (
    (await device.textOf("index.html")) === KIOSK_APP.page &&
    (await device.textOf("settings.json")) === KIOSK_APP.settings &&
    (await device.textOf("set-up.txt")) === KIOSK_APP.setUp
  );
}
