import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import type { Sha256 } from "../../../devices/model/ids.ts";
import type { FilePlace, WantedMetric } from "../../../devices/model/metric.ts";
import { FileMetrics } from "../../../devices/packages/file-metrics.ts";
import { bytesSource } from "../../../devices/packages/range-source.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import { samplePe } from "../../harness/sample-pe.ts";

const ANY = { cpu: null, osMajor: null, osPlatform: null };
const DATA = Buffer.from("the data inside".repeat(5_000));
const CAB = sampleCab({
  folders: [
    [
      { path: "data.bin", content: DATA },
      { path: "bin\\app.exe", content: samplePe({ fileVersion: "4.5.6.7", codeBytes: 100_000 }) },
    ],
  ],
});
const CONTENTS: Readonly<Record<string, Uint8Array>> = {
  "hello.txt": Buffer.from("hello"),
  "app.exe": samplePe({ fileVersion: "2.0.0.0", productVersion: "9.8.0.0" }),
  "plain.exe": samplePe({ fileVersion: null }),
  "broken.exe": samplePe().slice(0, -40),
  "a.cab": CAB,
  "lzx.cab": sampleCab({ folders: [[{ path: "a", content: "a" }]], compression: "LZX" }),
};
const FILES = [...Object.keys(CONTENTS), "absent.bin"].map((name) => ({
  name,
  sha256: name as Sha256,
  bytes: CONTENTS[name]?.length ?? 1,
}));
let open = 0;
const maker = new FileMetrics(async ({ name }) => {
  const bytes = CONTENTS[name];
  if (bytes === undefined) return undefined;
  open += 1;
  return {
    source: bytesSource(bytes),
    md5: null,
    [Symbol.asyncDispose]: async () => {
      open -= 1;
    },
  };
});
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

function wanted(change: object): WantedMetric {
  const source = { file: "hello.txt", virtualFile: null, ...change };
  const { kind = "FileHash", ...rest } = change as Partial<WantedMetric>;
  const version = { field: "File", part: null, operator: "EQ" };
  const more = kind === "FileVersion" ? version : kind === "FileSize" ? { operator: "LT" } : {};
  const { file, virtualFile } = source;
  return {
    kind,
    ...more,
    ...rest,
    file: "\\App\\x",
    source: { file, virtualFile },
    targeting: ANY,
    virtualFile: undefined,
  } as unknown as WantedMetric;
}

describe("FileMetrics.compute()", () => {
  test.each([
    [{}, { hash: "5d41402abc4b2a76b9719d911017c592" }],
    [{ file: "a.cab" }, { hash: md5(CAB) }],
    [{ file: "a.cab", virtualFile: "DATA.BIN" }, { hash: md5(DATA) }],
    [{ kind: "FileSize" }, { size: 5, operator: "LT" }],
    [{ kind: "FileSize", file: "a.cab", virtualFile: "data.bin" }, { size: DATA.length }],
    [
      { kind: "FileVersion", file: "app.exe" },
      { value: "2.0.0.0", field: "File" },
    ],
    [{ kind: "FileVersion", file: "app.exe", field: "Product" }, { value: "9.8.0.0" }],
    [
      { kind: "FileVersion", file: "a.cab", virtualFile: "bin/app.exe", operator: "GE" },
      { value: "4.5.6.7", operator: "GE" },
    ],
  ])("%o is %o", async (change, expected) => {
    expect(await maker.compute(wanted(change), FILES)).toMatchObject(expected);
    expect(open).toBe(0);
  });

  test.each([
    [{ file: "C:\\typed\\by\\hand" }, "/source/file"],
    [{ file: "a.cab", virtualFile: "other.bin" }, "/source/virtualFile"],
    [{ file: "hello.txt", virtualFile: "other.bin" }, "/source/virtualFile"],
    [{ file: "lzx.cab", virtualFile: "a" }, "/source/virtualFile"],
    [{ kind: "FileVersion" }, "/kind"],
    [{ kind: "FileVersion", file: "plain.exe" }, "/kind"],
    [{ kind: "FileVersion", file: "broken.exe" }, "/source/file"],
  ])("%o is refused at %s", async (change, pointer) => {
    await expect(maker.compute(wanted(change), FILES)).rejects.toMatchObject({
      code: "unprocessable",
      fields: [{ pointer }],
    });
    expect(open).toBe(0);
  });

  test("a file that is not on hand is asked for later", async () => {
    await expect(maker.compute(wanted({ file: "absent.bin" }), FILES)).rejects.toMatchObject({
      code: "unavailable",
    });
  });
});

test("FileMetrics.generate(): versions of what has one, hashes of others [S-22]", async () => {
  const place = (file: string, path: string | null): FilePlace => ({ file, path, targeting: ANY });
  const places = [
    place("hello.txt", "\\App\\hello.txt"),
    place("app.exe", "\\App\\app.exe"),
    place("a.cab", null),
    place("plain.exe", "\\App\\plain.exe"),
    place("broken.exe", "\\App\\broken.exe"),
  ];
  const { metrics, notes } = await maker.generate(FILES, places);
  expect(metrics.map(({ kind, file }) => [kind, file])).toEqual([
    ["FileHash", "\\App\\hello.txt"],
    ["FileVersion", "\\App\\app.exe"],
    ["FileHash", "\\App\\plain.exe"],
    ["FileHash", "\\App\\broken.exe"],
  ]);
  expect(metrics[0]).toMatchObject({ hash: "5d41402abc4b2a76b9719d911017c592" });
  expect(metrics[1]).toMatchObject({ value: "2.0.0.0", operator: "EQ", field: "File" });
  expect(notes).toEqual([
    expect.stringContaining("a.cab is not on the device any more"),
    expect.stringContaining("The version of broken.exe cannot be read"),
  ]);
  await expect(maker.generate(FILES, [place("absent.bin", "\\x")])).rejects.toMatchObject({
    code: "unavailable",
  });
  expect(open).toBe(0);
});
