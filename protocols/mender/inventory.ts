import { z } from "zod";
import { readAs } from "../agent/read-message.ts";

/** Bytes of an inventory. */
export const INVENTORY_BYTES_MAX = 512 * 1024;
/** What a device may say in one inventory. */
export const INVENTORY_MAX = 1_000;

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const Inventory = z
  .array(
    z.object({
      name: z.string().min(1).max(256),
      value: z.union([scalar, z.array(scalar)]).nullish(),
    }),
  )
  .max(INVENTORY_MAX);

/**
 * What a device says of itself by name. Several values of one name stand in one text; of a name that
 * comes twice the last one counts.
 *
 * @throws ProtocolError `mender-inventory`
 */
export function readInventory(body: Uint8Array): ReadonlyMap<string, string> {
  return new Map(
    readAs("mender-inventory", Inventory, body).map(({ name, value }) => [
      name,
      Array.isArray(value) ? value.map(String).join(", ") : String(value ?? ""),
    ]),
  );
}
