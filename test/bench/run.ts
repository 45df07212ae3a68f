/**
 * `npm run bench -- NAME [--json]`: NAME is a figure such as `syncml.p99_ms`, or a group such as
 * `syncml`; without one, all are measured. Prints a table, or a JSON line per figure.
 */
import { tableText } from "../../gateway/cli/table.ts";
import { benchAgents } from "./agents.ts";
import { benchCodec } from "./codec.ts";
import type { BenchResult } from "./result.ts";
import { benchSyncml } from "./syncml.ts";

/** A group is measured together; each figure is found by its name. */
const GROUPS: Readonly<Record<string, () => Promise<BenchResult[]>>> = {
  agents: benchAgents,
  codec: benchCodec,
  syncml: benchSyncml,
};
/** Figures that another group measures on the way. */
const MEASURED_BY: Readonly<Record<string, string>> = { ddi: "agents", site: "syncml" };

async function main(words: readonly string[]): Promise<number> {
  const json = words.includes("--json");
  const name = words.find((word) => !word.startsWith("--"));
  const [prefix = ""] = (name ?? "").split(".");
  const group = MEASURED_BY[prefix] ?? prefix;
  if (name !== undefined && GROUPS[group] === undefined) {
    console.error(`There is no bench "${name}". Known: ${Object.keys(GROUPS).join(", ")}.`);
    return 2;
  }
  const groups = name === undefined ? Object.keys(GROUPS) : [group];
  const results: BenchResult[] = [];
  for (const one of groups) results.push(...((await GROUPS[one]?.()) ?? []));
  const wanted = results.filter(
    (figure) =>
      name === undefined ||
      name === group || // A whole group, with the figures that it measures on the way.
      figure.name === name ||
      figure.name.startsWith(`${name}.`),
  );
  if (wanted.length === 0) {
    console.error(`${name} was not measured. Known: ${results.map((one) => one.name).join(", ")}.`);
    return 1;
  }
  if (json) {
    for (const figure of wanted) console.log(JSON.stringify(figure));
  } else {
    const rows = wanted.map((figure) => [
      figure.name,
      figure.value,
      figure.unit,
      figure.aim,
      figure.peer,
      figure.peerValue,
      figure.ratio,
    ]);
    const head = ["figure", "value", "unit", "aim", "peer", "peer's value", "ratio"];
    for (const line of tableText(head, rows)) console.log(line);
  }
  return 0;
}

process.exitCode = await main(Bun.argv.slice(2));
