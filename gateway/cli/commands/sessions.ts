import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { CommandError, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { idOfDevice } from "../id-of-device.ts";
import { siteUrl, tokenOf } from "../options.ts";
import { bytesText, tableText } from "../table.ts";

const Session = z.looseObject({
  id: z.string(),
  startedAt: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  encoding: z.string(),
  scheme: z.string().nullable(),
  messages: z.number(),
  bytesIn: z.number(),
  bytesOut: z.number(),
});
const Sessions = z.object({ rows: z.array(Session), total: z.number() });

/** `outpost sessions DEVICE`: what a device said lately, and with --show what was said in one session. */
export const sessionsCommand = command({
  about: "List a device's recorded sessions, or print one of them, decoded, without secrets.",
  args: {
    device: { type: "positional", required: true, description: "The device's id or its name." },
    show: {
      type: "string",
      valueHint: "SESSION",
      description: "Print this session message by message; latest: the last one.",
    },
    limit: { type: "string", default: "20", description: "How many are listed." },
    ...CONNECTION_ARGS,
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
    const device = await idOfDevice(client, args.device);
    const query = new URLSearchParams({ limit: args.show === undefined ? args.limit : "1" });
    const path = `/api/v1/devices/${device}/sessions?${query}`;
    if (args.show !== undefined) {
      const id =
        args.show === "latest" ? (await client.request(path, Sessions)).rows[0]?.id : args.show;
      if (id === undefined) throw new CommandError("No session of this device is kept.");
      await print(client, id, args.json === true, (text) => terminal.out(text));
      return EXIT.ok;
    }
    const { rows, total } = await client.request(path, Sessions);
    if (args.json) {
      terminal.out(JSON.stringify(rows));
      return EXIT.ok;
    }
    const head = [
      "session",
      "began",
      "ended",
      "encoding",
      "showed",
      "messages",
      "in",
      "out",
      "why",
    ];
    const cells = rows.map((row) => [
      row.id,
      row.startedAt,
      row.outcome,
      row.encoding,
      row.scheme,
      row.messages,
      bytesText(row.bytesIn),
      bytesText(row.bytesOut),
      row.reason,
    ]);
    for (const line of tableText(head, cells)) terminal.out(line);
    if (total > rows.length) terminal.err(`${rows.length} of ${total} sessions.`);
    return EXIT.ok;
  },
});

async function print(
  client: ApiClient,
  id: string,
  asJson: boolean,
  out: (text: string) => void,
): Promise<void> {
  const path = `/api/v1/device-sessions/${encodeURIComponent(id)}`;
  if (!asJson) {
    out((await (await client.send(`${path}/transcript`)).text()).trimEnd());
    return;
  }
  const session = await client.request(path, Session);
  const messages: unknown[] = [];
  let cursor: string | null = "0";
  while (cursor !== null) {
    const page: z.infer<typeof Messages> = await client.request(
      `${path}/messages?whole=true&cursor=${cursor}`,
      Messages,
    );
    messages.push(...page.rows);
    cursor = page.next;
  }
  out(JSON.stringify({ ...session, messages }));
}

const Messages = z.object({ rows: z.array(z.unknown()), next: z.string().nullable() });
