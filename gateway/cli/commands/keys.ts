import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { CommandError, type CommandGroup, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl, tokenOf } from "../options.ts";
import type { Terminal } from "../terminal.ts";

const Keys = z.object({
  hubKeys: z.object({
    fingerprint: z.string(),
    since: z.string().nullable(),
    next: z.object({ fingerprint: z.string(), made: z.string() }).nullable(),
    problem: z.string().nullable(),
  }),
  deviceLinks: z.object({
    since: z.string().nullable(),
    former: z.array(z.object({ until: z.string() })),
  }),
});

/** `outpost keys …`: a running site's own keys. */
export const keyCommands: CommandGroup = {
  about: "Show and change the keys of a running site.",
  commands: {
    show: command({
      about: "Show fingerprints and times of a site's keys.",
      args: { ...CONNECTION_ARGS, ...JSON_ARG },
      run: async (args, terminal) => {
        const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
        show(await client.request("/api/v1/keys", Keys), args.json === true, terminal);
        return EXIT.ok;
      },
    }),
    rotate: command({
      about: "Make new keys in the place of a site's present ones; it works on, also offline.",
      args: {
        what: {
          type: "string",
          valueHint: "A,B",
          description: "hub-keys, device-links; both unless given.",
        },
        "former-links-hours": {
          type: "string",
          valueHint: "HOURS",
          description: "How long links of the former key stay good at most: 0 to 168.",
        },
        ...CONNECTION_ARGS,
        ...JSON_ARG,
      },
      run: async (args, terminal) => {
        const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
        const hours = args["former-links-hours"];
        if (hours !== undefined && !/^\d{1,3}$/.test(hours)) {
          throw new CommandError(`--former-links-hours takes hours, not ${hours}.`, EXIT.usage);
        }
        const keys = await client.request("/api/v1/keys/rotate", Keys, {
          method: "POST",
          json: {
            ...(args.what !== undefined && { what: args.what.split(",") }),
            ...(hours !== undefined && { formerLinksHours: Number(hours) }),
          },
        });
        show(keys, args.json === true, terminal);
        terminal.err("Backups from before hold the former keys: make a new one.");
        return EXIT.ok;
      },
    }),
  },
};

function show(keys: z.infer<typeof Keys>, asJson: boolean, terminal: Terminal): void {
  if (asJson) {
    terminal.out(JSON.stringify(keys));
    return;
  }
  const { deviceLinks, hubKeys } = keys;
  terminal.out(`hub-keys      ${hubKeys.fingerprint}, since ${hubKeys.since ?? "the first start"}`);
  if (hubKeys.next) {
    terminal.out(
      `              new: ${hubKeys.next.fingerprint}, made ${hubKeys.next.made}; it holds once the hub knows it`,
    );
  }
  if (hubKeys.problem) terminal.out(`              the last new keys: ${hubKeys.problem}`);
  terminal.out(`device-links  since ${deviceLinks.since ?? "the first start"}`);
  for (const { until } of deviceLinks.former) {
    terminal.out(
      `              links of a former key are good until they expire, at most ${until}`,
    );
  }
}
