import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeDocument } from "../../../protocols/syncml/decode-message.ts";
import { detectEncoding, parseDocument } from "../../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { maskSecrets } from "../../../protocols/syncml/mask-secrets.ts";
import { printAnnotated } from "../../../protocols/syncml/print-annotated.ts";
import { findMessage } from "../captured-message.ts";
import { CommandError, command, JSON_ARG } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import type { Terminal } from "../terminal.ts";

/** In bytes: a dump has up to five characters for each byte of a message. */
const INPUT_BYTES_MAX = 6 * DOCUMENT_LIMITS.bytesMax;

/** `outpost decode FILE`: what a captured message says. */
export const decodeCommand = command({
  about: "Print a captured SyncML message, XML or WBXML, as indented XML with names.",
  args: {
    file: {
      type: "positional",
      description:
        "The message: its bytes, a hex dump or base64 of them, or a saved HTTP message; - reads the standard input.",
    },
    "show-secrets": {
      type: "boolean",
      description: "Print credentials, nonces, tokens and signatures instead of masking them.",
    },
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const { form, bytes } = findMessage(await readInput(args.file, terminal));
    const encoding = detectEncoding(bytes);
    try {
      const complete = parseDocument(bytes, encoding);
      const root = args["show-secrets"] === true ? complete : maskSecrets(complete);
      if (args.json === true) {
        terminal.out(JSON.stringify({ encoding, bytes: bytes.length, ...decodeDocument(root) }));
      } else {
        terminal.out(printAnnotated(root).join("\n"));
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      throw new CommandError(`${error.rule}: ${error.message}.`);
    }
    const hidden = args["show-secrets"] === true ? "" : " Secrets are masked.";
    const from = form === "as it is" ? "" : `, from ${form}`;
    terminal.err(`${encoding.toUpperCase()}, ${bytes.length} bytes${from}.${hidden}`);
    return EXIT.ok;
  },
});

async function readInput(path: string | undefined, terminal: Terminal): Promise<Uint8Array> {
  if (path === undefined) throw new CommandError("Name a file, or - for input.", EXIT.usage);
  const stream = path === "-" ? terminal.input() : await openFile(path);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) {
      throw new CommandError(`${path} has more than ${INPUT_BYTES_MAX} bytes: no message has.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function openFile(path: string): Promise<ReadableStream<Uint8Array>> {
  const file = Bun.file(path);
  const about = await file.stat().catch(() => undefined);
  if (about === undefined) throw new CommandError(`${path} does not exist.`, EXIT.usage);
  if (about.isDirectory()) throw new CommandError(`${path} is a folder.`, EXIT.usage);
  return file.stream();
}
