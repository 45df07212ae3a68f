import { expect } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random } from "../../../devices/simulator/random.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { randomDocument, variedXml } from "./random-document.ts";

/** Why Debian's WBXML tools cannot be asked here; undefined when they can. */
export function missingForLibwbxml(): string | undefined {
  const isThere = ["xml2wbxml", "wbxml2xml"].every((tool) => Bun.which(tool) !== null);
  return isThere ? undefined : "needs xml2wbxml and wbxml2xml: apt-get install libwbxml2-utils";
}

/**
 * Documents by chance, from `seed` on: what libwbxml makes of their XML is read by us as the same
 * tree, and what we print is read by libwbxml as the same tree.
 */
export async function expectAgreement(seed: number, count: number): Promise<void> {
  const seeds = Array.from({ length: count }, (_, n) => seed + n);
  const documents = seeds.map((one) => randomDocument(new Random(one)));
  const xml = documents.map((document, n) => variedXml(document, new Random(seed + n)));
  const [wbxml, back] = [await toWbxml(xml), await toXml(documents.map(printWbxml))];
  for (const [n, document] of documents.entries()) {
    expect([seed + n, parseWbxml(wbxml[n] ?? NOTHING)]).toEqual([seed + n, document]);
    expect([seed + n, parsePeerXml(back[n] ?? NOTHING)]).toEqual([seed + n, document]);
  }
}

const NOTHING = new Uint8Array();

/** Our gate takes no document type declaration; libwbxml always writes one. */
export function parsePeerXml(xml: Uint8Array): Element {
  return parseXml(new TextDecoder().decode(xml).replace(/<!DOCTYPE[^>]*>/, ""));
}

/** What the tool made of a document; undefined when it refused it. */
export type Converted = Uint8Array | undefined;

/** WBXML from XML, by libwbxml, in the order given. */
export function toWbxml(documents: readonly string[]): Promise<Converted[]> {
  // Blanks are kept; every other one without a string table.
  return convert(documents, "xml2wbxml -k $(test $((n % 2)) = 0 || echo -n)");
}

/** XML from WBXML, by libwbxml, in the order given. */
export function toXml(documents: readonly Uint8Array[]): Promise<Converted[]> {
  return convert(documents, "wbxml2xml -k -m 0");
}

/** One shell for all documents: starting processes from here takes longer than converting. */
async function convert(
  documents: readonly (string | Uint8Array)[],
  tool: string,
): Promise<Converted[]> {
  const folder = await mkdtemp(join(tmpdir(), "libwbxml-"));
  try {
    await Promise.all(["in", "out"].map((name) => mkdir(join(folder, name))));
    await Promise.all(
      documents.map((document, n) => Bun.write(join(folder, "in", String(n)), document)),
    );
    const script = `n=0; while [ $n -lt ${documents.length} ]; do ${tool} -o out/$n in/$n; n=$((n + 1)); done`;
    const shell = Bun.spawn(["sh", "-c", script], {
      cwd: folder,
      stdout: "ignore",
      stderr: "ignore",
    });
    await shell.exited;
    return await Promise.all(
      documents.map(async (_, n) => {
        const file = Bun.file(join(folder, "out", String(n)));
        return (await file.exists()) ? file.bytes() : undefined;
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
