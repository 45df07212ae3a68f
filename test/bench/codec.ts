/**
 * Reading messages: ours in both encodings, and other parsers on the same bytes. Times are of the CPU and
 * taken turn by turn, so that a busy machine is as unfair to all.
 *
 * Sketch of what to expect: saxes looks at each character, about 20 ns; a check-in of 3.4 KB takes 30 to 60 µs.
 * WBXML has no names to compare and two thirds of the bytes: an element and its string cost 50 to 100 ns.
 */
import { heapStats } from "bun:jsc";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { SaxesParser } from "saxes";
import { Random } from "../../devices/simulator/random.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type Encoding, parseDocument } from "../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../protocols/syncml/limits.ts";
import { parseWbxml } from "../../protocols/syncml/parse-wbxml.ts";
import { parseAnyXml, parseXml } from "../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import { cpuMs } from "../harness/cpu-time.ts";
import { hostileDocuments } from "../protocols/syncml/hostile.ts";
import { loadSeeds, mutate } from "../protocols/syncml/mutations.ts";
import { codecMessages, inventory } from "./codec-messages.ts";
import { type BenchResult, compared, result } from "./result.ts";
import { median } from "./statistics.ts";

const ROUNDS = 25;
const WARM_ROUNDS = 5;
const TURN_MS = 40;
const LARGE_APPS = 1_150;
const LARGE_RUNS = 5;
const MUTATED = 20_000;
const SEED = 1;

type Contestant =
  | "wbxml"
  | "xml"
  | "complete"
  | "saxes"
  | "fast-xml-parser"
  | "print_xml"
  | "print_wbxml";

export async function benchCodec(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const sums = new Map<Contestant, number>();
  for (const [name, root] of Object.entries(codecMessages())) {
    const times = race(contestants(printWbxml(root), Buffer.from(printXml(root))));
    const us = (contestant: Contestant) => (times.get(contestant) ?? 0) * 1000;
    for (const [contestant, ms] of times) sums.set(contestant, (sums.get(contestant) ?? 0) + ms);
    results.push(
      compared(`codec.${name}_wbxml_us`, us("wbxml"), "µs", "our XML", us("xml")),
      compared(`codec.${name}_xml_us`, us("xml"), "µs", "saxes alone", us("saxes")),
      compared(`codec.${name}_unusual_xml_us`, us("complete"), "µs", "saxes alone", us("saxes")),
      compared(
        `codec.${name}_xml_vs_fxp_us`,
        us("xml"),
        "µs",
        "fast-xml-parser",
        us("fast-xml-parser"),
      ),
      compared(`codec.${name}_print_wbxml_us`, us("print_wbxml"), "µs", "our XML", us("print_xml")),
    );
  }
  const sum = (contestant: Contestant) => sums.get(contestant) ?? Number.NaN;
  return [
    result("codec.wbxml_over_xml", sum("xml") / sum("wbxml"), "1", { aim: ">= 3" }),
    result("codec.wbxml_over_saxes", sum("saxes") / sum("wbxml"), "1"),
    result("codec.xml_over_saxes", sum("xml") / sum("saxes"), "1", { aim: "<= 1.5" }),
    result("codec.unusual_xml_over_saxes", sum("complete") / sum("saxes"), "1", { aim: "<= 1.5" }),
    ...results,
    ...(await measureLarge()),
    ...(await measureWorst()),
  ];
}

/** What each has to do: from bytes to a tree, saxes and the printers aside. */
function contestants(wbxml: Uint8Array, xml: Uint8Array): ReadonlyMap<Contestant, () => unknown> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const fast = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    parseTagValue: false,
    trimValues: false,
  });
  const root = parseWbxml(wbxml);
  return new Map<Contestant, () => unknown>([
    ["wbxml", () => parseWbxml(wbxml)],
    ["xml", () => parseXml(xml)],
    ["complete", () => parseAnyXml(decoder.decode(xml), DOCUMENT_LIMITS)],
    [
      "saxes",
      () => new SaxesParser({ xmlns: true, position: false }).write(decoder.decode(xml)).close(),
    ],
    ["fast-xml-parser", () => fast.parse(decoder.decode(xml))],
    ["print_xml", () => Buffer.from(printXml(root))],
    ["print_wbxml", () => printWbxml(root)],
  ]);
}

/** Milliseconds of each for one time: the median of many turns. */
function race(all: ReadonlyMap<Contestant, () => unknown>): ReadonlyMap<Contestant, number> {
  const times = new Map<Contestant, number[]>([...all.keys()].map((name) => [name, []]));
  const counts = new Map<Contestant, number>();
  for (let round = 0; round < ROUNDS + WARM_ROUNDS; round++) {
    for (const [name, act] of all) {
      const count = counts.get(name) ?? 1;
      const ms = cpuMs(() => {
        for (let turn = 0; turn < count; turn++) act();
      });
      counts.set(name, Math.max(1, Math.round((count * TURN_MS) / Math.max(ms, 1))));
      if (round >= WARM_ROUNDS) times.get(name)?.push(ms / count);
    }
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

/** One large file from WBXML to XML; libwbxml's tool has to start and to read it besides. */
async function measureLarge(): Promise<BenchResult[]> {
  const wbxml = printWbxml(inventory(LARGE_APPS));
  const path = join(tmpdir(), `outpost-bench-${process.pid}.wbxml`);
  await Bun.write(path, wbxml);
  try {
    const runs = Array.from({ length: LARGE_RUNS });
    const ours = median(runs.map(() => cpuMs(() => printXml(parseWbxml(wbxml)))));
    const size = result("codec.large_bytes", wbxml.length, "bytes");
    const tool = Bun.which("wbxml2xml");
    if (tool === null) return [size, result("codec.large_to_xml_ms", ours, "ms")];
    const theirs = runs.map(() => {
      const { resourceUsage } = Bun.spawnSync([tool, "-k", "-m", "0", "-o", "/dev/null", path]);
      return Number(resourceUsage.cpuTime.total) / 1000;
    });
    return [size, compared("codec.large_to_xml_ms", ours, "ms", "wbxml2xml", median(theirs))];
  } finally {
    await Bun.file(path).delete();
  }
}

/** The dearest documents: made so, and damaged by chance. */
async function measureWorst(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const encoding of ["wbxml", "xml"] as const) {
    const hostile = hostileDocuments().filter((one) => one.encoding === encoding);
    const worst = Math.max(...hostile.map(({ bytes }) => quickest(bytes, encoding)));
    const memory = Math.max(...hostile.map(({ bytes }) => memoryPerByte(bytes, encoding)));
    const seeds = (await loadSeeds()).filter((one) => one.encoding === encoding);
    const mutated = worstMutated(seeds, encoding);
    const aims = encoding === "wbxml" ? ["< 20", "<= 64", "< 20"] : [null, null, null];
    results.push(
      result(`codec.${encoding}_hostile_worst_ms`, worst, "ms", { aim: aims[0] ?? null }),
      result(`codec.${encoding}_memory_per_byte`, memory, "bytes", { aim: aims[1] ?? null }),
      result(`codec.${encoding}_mutated_worst_ms`, mutated, "ms", { aim: aims[2] ?? null }),
    );
  }
  return results;
}

function quickest(bytes: Uint8Array, encoding: Encoding): number {
  return Math.min(...Array.from({ length: 5 }, () => cpuMs(() => tryParse(bytes, encoding))));
}

function memoryPerByte(bytes: Uint8Array, encoding: Encoding): number {
  Bun.gc(true);
  const before = heapStats().heapSize;
  const root = tryParse(bytes, encoding);
  Bun.gc(true);
  const used = heapStats().heapSize - before;
  return root === undefined ? 0 : used / bytes.length;
}

function worstMutated(
  seeds: readonly { readonly bytes: Uint8Array }[],
  encoding: Encoding,
): number {
  const random = new Random(SEED);
  const kinds = ["flip", "cut", "copy", "piece"] as const;
  let worst = 0;
  for (let run = 0; run < MUTATED; run++) {
    let bytes = seeds[random.between(0, seeds.length - 1)]?.bytes ?? new Uint8Array();
    for (let edit = random.between(1, 4); edit > 0; edit--) {
      const at = random.between(0, 2 ** 31);
      bytes = mutate(bytes, [at, random.between(0, 2 ** 31), random.pick(kinds)], encoding);
    }
    const ms = cpuMs(() => tryParse(bytes, encoding));
    if (ms > worst) worst = Math.max(worst, quickest(bytes, encoding));
  }
  return worst;
}

function tryParse(bytes: Uint8Array, encoding: Encoding): unknown {
  try {
    return parseDocument(bytes, encoding);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
