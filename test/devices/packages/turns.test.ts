/** However large a file says that it is: between short pieces of work everything else has its turn. */
import { expect, test } from "bun:test";
import { inspectFile } from "../../../devices/packages/inspect-file.ts";
import { bytesSource, inTurns } from "../../../devices/packages/range-source.ts";
import { sampleTar } from "../../../gateway/demo/packages/sample-archives.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import { sampleMsi } from "../../../gateway/demo/packages/sample-msi.ts";
import { sampleZip } from "../../harness/sample-zip.ts";

const MANY = 5_000;
const numbers = Array.from({ length: MANY }, (_, n) => n);

/** How often something else could run meanwhile. */
async function turnsWhile(act: () => Promise<void>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const count = () => {
    if (isDone) return;
    turns += 1;
    setImmediate(count);
  };
  setImmediate(count);
  await act();
  isDone = true;
  return turns;
}

test.each<[string, string, () => Uint8Array | Promise<Uint8Array>, number]>([
  [
    "entries of a ZIP file",
    "zip",
    () => sampleZip(Object.fromEntries(numbers.slice(0, 1_001).map((n) => [`${n}`, ""]))),
    2,
  ],
  [
    "files in a tar archive",
    "tar",
    () => sampleTar(numbers.slice(0, 1_501).map((n) => [`${n}`, ""])),
    3,
  ],
  [
    "files in a cabinet",
    "cab",
    () => sampleCab({ folders: [numbers.map((n) => ({ path: `${n}`, content: "" }))] }),
    3,
  ],
  // The strings, the columns and three tables.
  ["tables of an MSI", "msi", () => sampleMsi({ files: [{ name: "a", bytes: 1 }] }), 6],
])("while many %s are read", async (_, kind, make, least) => {
  const source = bytesSource(await make());
  const turns = await turnsWhile(async () => {
    expect(await inspectFile(source)).toMatchObject({ kind });
  });
  expect(turns).toBeGreaterThanOrEqual(least);
});

// How many steps a manifest takes is in test/protocols/syncml/xml-steps.test.ts.
test("between the steps of a manifest", async () => {
  function* steps() {
    for (let step = 0; step < 10; step++) yield;
    return "read";
  }
  const turns = await turnsWhile(async () => {
    expect(await inTurns(steps())).toBe("read");
  });
  expect(turns).toBeGreaterThanOrEqual(10);
});
