import { z } from "zod";
import { fieldIs, printFilter } from "../../devices/filter/filter.ts";
import type { ApiClient } from "../client/api-client.ts";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";

const Devices = z.object({ rows: z.array(z.object({ id: z.string(), name: z.string() })) });
const ID = /^[0-9a-f]{32}$/;

/**
 * The id of a device, by its id or its name. Names are not unique: of several devices of one name none is taken.
 *
 * @throws CommandError
 */
export async function idOfDevice(client: ApiClient, text: string): Promise<string> {
  if (ID.test(text)) return text;
  const query = new URLSearchParams({ filter: printFilter([fieldIs("name", text)]), limit: "500" });
  const { rows } = await client.request(`/api/v1/devices?${query}`, Devices);
  const named = rows.filter(({ name }) => name === text);
  const [only] = named;
  if (only !== undefined && named.length === 1) return only.id;
  throw new CommandError(
    named.length === 0
      ? `No device is called ${text}.`
      : `${named.length} devices are called ${text}: name one by its id.`,
    EXIT.usage,
  );
}
