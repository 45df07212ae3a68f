import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { type CommandGroup, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl, tokenOf } from "../options.ts";
import { tableText } from "../table.ts";

const Token = z.object({
  id: z.string(),
  name: z.string(),
  role: z.string(),
  scopes: z.array(z.string()),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  lastUsedAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
});
const Tokens = z.array(Token);
const IssuedToken = Token.extend({ token: z.string().nullable() });

/** `outpost token …`: API tokens of a running gateway. */
export const tokenCommands: CommandGroup = {
  about: "List, make and revoke API tokens of a running gateway.",
  commands: {
    list: command({
      about: "List API tokens.",
      args: { ...CONNECTION_ARGS, ...JSON_ARG },
      run: async (args, terminal) => {
        const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
        const tokens = await client.request("/api/v1/tokens", Tokens);
        if (args.json) terminal.out(JSON.stringify(tokens));
        else {
          const cells = tokens.map((row) => [
            row.id,
            row.name,
            row.role,
            row.scopes.join(" "),
            row.expiresAt,
            row.lastUsedAt,
            row.revokedAt,
          ]);
          const head = ["id", "name", "role", "scopes", "expires", "last used", "revoked"];
          for (const line of tableText(head, cells)) terminal.out(line);
        }
        return EXIT.ok;
      },
    }),
    create: command({
      about: "Make an API token; it is printed once.",
      args: {
        name: { type: "positional", description: "What it is for." },
        role: { type: "string", default: "viewer", description: "viewer, operator or admin." },
        scopes: {
          type: "string",
          valueHint: "A,B",
          description: "Only these; else all of the role.",
        },
        expires: { type: "string", valueHint: "TIME", description: "ISO time with its zone." },
        ...CONNECTION_ARGS,
        ...JSON_ARG,
      },
      run: async (args, terminal) => {
        const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
        const issued = await client.request("/api/v1/tokens", IssuedToken, {
          method: "POST",
          json: {
            name: args.name,
            role: args.role,
            scopes: args.scopes === undefined ? [] : args.scopes.split(","),
            expiresAt: args.expires ?? null,
          },
        });
        terminal.out(args.json ? JSON.stringify(issued) : (issued.token ?? ""));
        return EXIT.ok;
      },
    }),
    revoke: command({
      about: "Revoke an API token: it is refused from now on.",
      args: {
        id: { type: "positional", description: "Its id, from the list." },
        ...CONNECTION_ARGS,
      },
      run: async (args, terminal) => {
        const client = new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
        await client.send(`/api/v1/tokens/${encodeURIComponent(args.id ?? "")}`, {
          method: "DELETE",
        });
        terminal.err(`The token ${args.id} is revoked.`);
        return EXIT.ok;
      },
    }),
  },
};
