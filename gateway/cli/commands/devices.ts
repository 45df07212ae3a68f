import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { type CommandGroup, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { idOfDevice } from "../id-of-device.ts";
import { siteUrl, tokenOf } from "../options.ts";

const Device = z.object({ id: z.string(), name: z.string(), enrolment: z.string() });

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
      const id = await idOfDevice(client, args.device);
      const path = `/api/v1/devices/${id}/${verb}`;
      const device = await client.request(path, Device, { method: "POST" });
      terminal.out(args.json === true ? JSON.stringify(device) : done(device));
      return EXIT.ok;
    },
  });
}
