import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { CommandError, type CommandGroup, command, JSON_ARG } from "../command.ts";
import { CONNECTION_ARGS } from "../connection-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl, tokenOf } from "../options.ts";
import type { Terminal } from "../terminal.ts";

const Imported = z.object({
  id: z.string(),
  revisions: z.array(z.object({ version: z.string() })),
});
const Stored = z.object({ sha256: z.string() });
const Named = z.object({ sha256: z.string(), name: z.string().optional() });

/** `outpost package …`: packages as files. */
export const packageCommands: CommandGroup = {
  about: "Take a package with its revisions out of a gateway, or into one.",
  commands: {
    export: command({
      about: "Write a package as one JSON file. Contents are named by SHA-256 and not in it.",
      args: {
        package: { type: "positional", required: true, description: "The package's id." },
        revision: { type: "string", valueHint: "ID", description: "This revision alone." },
        output: { type: "string", valueHint: "FILE", description: "Else to standard output." },
        ...CONNECTION_ARGS,
      },
      run: async (args, terminal) => {
        const client = await clientOf(args, terminal);
        const query = args.revision ? `?${new URLSearchParams({ revision: args.revision })}` : "";
        const path = `/api/v1/packages/${encodeURIComponent(args.package)}/export${query}`;
        const text = JSON.stringify(await client.request(path, z.unknown()), null, 2);
        if (!args.output) terminal.out(text);
        else await Bun.write(args.output, `${text}\n`);
        return EXIT.ok;
      },
    }),
    import: command({
      about: "Make a package of such a file: all of it or nothing. What is there already stays.",
      args: {
        file: { type: "positional", required: true, description: "The JSON file." },
        files: {
          type: "string",
          valueHint: "FOLDER",
          description: "Contents that the file names are looked for here and uploaded first.",
        },
        ...CONNECTION_ARGS,
        ...JSON_ARG,
      },
      run: async (args, terminal) => {
        const client = await clientOf(args, terminal);
        const json = await readJson(args.file);
        if (args.files) await uploadNamed(client, json, args.files, terminal);
        const path = "/api/v1/packages/import";
        const made = await client.request(path, Imported, { method: "POST", json });
        const versions = made.revisions.map(({ version }) => version).join(", ");
        terminal.out(
          args.json === true
            ? JSON.stringify(made)
            : `${made.id} has the versions ${versions || "(none)"}.`,
        );
        return EXIT.ok;
      },
    }),
    schema: command({
      about: "Print the form of such a file, as a JSON Schema.",
      args: {},
      run: async (_, terminal) => {
        const { packageFileJsonSchema } = await import("../../http/package-file.ts");
        terminal.out(JSON.stringify(packageFileJsonSchema(), null, 2));
        return EXIT.ok;
      },
    }),
  },
};

async function clientOf(
  args: { readonly url: string; readonly token?: string | undefined },
  terminal: Terminal,
): Promise<ApiClient> {
  return new ApiClient(siteUrl(args.url), await tokenOf(args.token, terminal));
}

async function readJson(path: string): Promise<unknown> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`There is no file ${path}.`, EXIT.usage);
  try {
    return await file.json();
  } catch {
    throw new CommandError(`${path} is no JSON.`, EXIT.usage);
  }
}

/** Only what the file names is sent, whatever it is called in the folder. */
async function uploadNamed(
  client: ApiClient,
  json: unknown,
  folder: string,
  terminal: Terminal,
): Promise<void> {
  const named = namedFiles(json);
  for (const entry of await readFolder(folder)) {
    const file = Bun.file(join(folder, entry));
    const name = named.get(await digestOf(file));
    if (name === undefined) continue;
    const query = new URLSearchParams({ name: name || entry });
    await client.request(`/api/v1/files?${query}`, Stored, {
      method: "POST",
      bytes: file,
      headers: { "content-type": "application/octet-stream" },
    });
    terminal.err(`Uploaded ${entry}.`);
  }
}

/** By SHA-256, what the file calls it; empty where it does not say. */
function namedFiles(json: unknown): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  const look = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const file = Named.safeParse(value);
    if (file.success) named.set(file.data.sha256, file.data.name ?? "");
    for (const part of Object.values(value)) look(part);
  };
  look(json);
  return named;
}

async function readFolder(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  } catch (cause) {
    throw new CommandError(`${folder} cannot be read: ${String(cause)}`, EXIT.usage);
  }
}

async function digestOf(file: Blob): Promise<string> {
  const hash = new Bun.CryptoHasher("sha256");
  for await (const chunk of file.stream()) hash.update(chunk);
  return hash.digest("hex");
}
