import { z } from "zod";
import { fieldIs, printFilter } from "../../../devices/filter/filter.ts";
import { ApiClient } from "../../client/api-client.ts";
import { CommandError, type CommandGroup, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl, tokenOf } from "../options.ts";

const Device = z.object({ id: z.string(), name: z.string(), enrolment: z.string() });
const Devices = z.object({ rows: z.array(Device) });
const ID = /^[0-9a-f]{32}$/;

/** `outpost devices …`: what is done to single devices of a running site. */
export const deviceCommands: CommandGroup = {
  about: "Take devices of a running site out of management, and back.",
  commands: {
    unenrol: change(
      "unenrol",
      "End a device's enrolment at its next contact: its apps but MSI packages go with it.",
      ({ name }) => `${name} will be unenrolled at its next contact.`,
    ),
    enrol: change(
      "enrol",
      "Let a device that was unenrolled be managed again, if it still has its account.",
      ({ name }) => `${name} will be enrolled at its next contact.`,
    ),
  },
};

function change(
  verb: "unenrol" | "enrol",
  about: string,
  done: (device: z.infer<typeof Device>) => string,
) {
  return command({
    about,
    args: {
      device: { type: "positional", required: true, description: "The device's id, or its name." },
      ...CONNECTION_ARGS,
      ...JSON_ARG,
    },
    run: async (args, terminal) => {
      const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
      const id = await idOf(client, args.device);
      const path = `/api/v1/devices/${id}/${verb}`;
      const device = await client.request(path, Device, { method: "POST" });
      terminal.out(args.json === true ? JSON.stringify(device) : done(device));
      return EXIT.ok;
    },
  });
}

/** Names are not unique: of several devices of one name none is taken. */
async function idOf(client: ApiClient, text: string): Promise<string> {
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
