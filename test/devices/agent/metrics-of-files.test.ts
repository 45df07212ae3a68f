/** Metrics against files that are really there: every operator, field and part, and every way not to be there. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeviceRoot } from "../../../devices/agent/device-root.ts";
import { linuxMachine } from "../../../devices/agent/linux-machine.ts";
import { lookAt } from "../../../devices/agent/look.ts";
import { unmetMetrics } from "../../../devices/agent/metrics.ts";
import { OPERATORS, type Operator } from "../../../devices/model/metric.ts";
import type { PlanMetric } from "../../../protocols/agent/answers.ts";
import { HASTY_CLOCK } from "../../harness/agent-at-site.ts";
import { samplePe } from "../../harness/sample-pe.ts";

type Version = Extract<PlanMetric, { kind: "FileVersion" }>;

let outside: string;
const machine = linuxMachine(HASTY_CLOCK);
beforeAll(() => {
  outside = mkdtempSync(join(tmpdir(), "outpost-metrics-"));
  const folder = join(outside, "device");
  mkdirSync(join(folder, "My App", "folder.bin"), { recursive: true });
  mkdirSync(join(folder, "opt"));
  const put = (path: string, content: string | Uint8Array) =>
    writeFileSync(join(folder, path), content);
  for (const size of [0, 99, 100, 101]) put(`My App/${size}.bin`, "x".repeat(size));
  put("opt/100.bin", "x".repeat(100));
  put("My App/text.exe", "no program");
  put("My App/short.exe", "MZ");
  put("My App/plain.exe", samplePe({ fileVersion: null }));
  for (const fileVersion of ["2.8.9.9", "2.9.0.0", "2.10.0.0"]) {
    put(`My App/${fileVersion}.exe`, samplePe({ fileVersion, productVersion: "7.1.0.0" }));
  }
  writeFileSync(join(outside, "100.bin"), "x".repeat(100));
  symlinkSync(join(outside, "100.bin"), join(folder, "My App", "way-out.bin"));
  symlinkSync("100.bin", join(folder, "My App", "inside.bin"));
  symlinkSync("nowhere", join(folder, "My App", "to-nothing.bin"));
});
afterAll(() => rmSync(outside, { recursive: true, force: true }));

/** Why it does not hold; undefined: it does. */
async function against(metric: PlanMetric): Promise<string | undefined> {
  const look = lookAt(new DeviceRoot(join(outside, "device")), machine);
  return (await unmetMetrics([metric], look))[0]?.reason;
}

const isMet = async (metric: PlanMetric) => (await against(metric)) === undefined;
const common = { number: 1 } as const;
const size = (file: string, operator: Operator, bytes = 100): PlanMetric => ({
  ...common,
  ...{ kind: "FileSize", file, operator, size: bytes },
});
const hash = (file: string, content: string): PlanMetric => ({
  ...common,
  kind: "FileHash",
  file,
  hash: createHash("md5").update(content).digest("hex"),
});
const version = (file: string, operator: Operator, more: Partial<Version> = {}): PlanMetric => ({
  ...common,
  ...{ kind: "FileVersion", file, operator, field: "File", part: null, value: "2.9.0.0" },
  ...more,
});

/** Whether it holds for what is less, the same and more. */
const TABLE: Readonly<Record<Operator, readonly [boolean, boolean, boolean]>> = {
  EQ: [false, true, false],
  NE: [true, false, true],
  GT: [false, false, true],
  LT: [true, false, false],
  GE: [false, true, true],
  LE: [true, true, false],
};

describe("S-21: operators", () => {
  test.each(OPERATORS)("%s, for a size and for a version", async (operator) => {
    const held = { sizes: [] as boolean[], versions: [] as boolean[] };
    for (const bytes of [99, 100, 101]) {
      held.sizes.push(await isMet(size(`\\My App\\${bytes}.bin`, operator)));
    }
    for (const one of ["2.8.9.9", "2.9.0.0", "2.10.0.0"]) {
      held.versions.push(await isMet(version(`\\My App\\${one}.exe`, operator)));
    }
    expect(held).toEqual({ sizes: [...TABLE[operator]], versions: [...TABLE[operator]] });
  });

  const parts: readonly [NonNullable<Version["part"]>, Operator[]][] = [
    ["major", ["EQ", "GE", "LE"]],
    ["minor", ["NE", "GT", "GE"]],
    ["build", ["NE", "LT", "LE"]],
    ["revision", ["EQ", "GE", "LE"]],
  ];
  test.each(parts)("2.10.0.0 against the %s of 2.9.5.0: %p hold", async (part, expected) => {
    const holding: Operator[] = [];
    for (const operator of OPERATORS) {
      const metric = version("\\My App\\2.10.0.0.exe", operator, { part, value: "2.9.5.0" });
      if (await isMet(metric)) holding.push(operator);
    }
    expect(holding.sort()).toEqual([...expected].sort());
  });

  test.each([
    ["File", "2.9.0.0", null, true],
    ["Product", "2.9.0.0", null, false],
    ["Product", "7.1.0.0", null, true],
    ["Product", "7.1", null, true],
    ["Product", "7.9.9.9", "major", true],
    ["Product", "7", "major", true],
    ["File", "7", "major", false],
  ] as const)("the %s version is %s (%p): %p", async (field, value, part, expected) => {
    expect(await isMet(version("\\My App\\2.9.0.0.exe", "EQ", { field, value, part }))).toBe(
      expected,
    );
  });

  test("an empty file has a size and a hash", async () => {
    expect(await isMet(size("\\My App\\0.bin", "EQ", 0))).toBe(true);
    expect(await isMet(size("\\My App\\0.bin", "LT", 1))).toBe(true);
    expect(await isMet(hash("\\My App\\0.bin", ""))).toBe(true);
  });
});

describe("where a file is", () => {
  test.each([
    "\\My App\\100.bin",
    "\\MY APP\\100.BIN",
    "/My App/100.bin",
    "%PROGRAMFILES%\\100.bin",
    "\\My App\\inside.bin",
    "\\opt\\..\\My App\\100.bin",
  ])("%s is one", async (file) => {
    expect(await isMet(size(file, "EQ"))).toBe(true);
    expect(await isMet(hash(file, "x".repeat(100)))).toBe(true);
    expect(await isMet(hash(file, "x".repeat(101)))).toBe(false);
  });

  test.each([
    ["\\gone.bin", "not there"],
    ["\\My App\\folder.bin", "a folder"],
    ["\\My App\\to-nothing.bin", "a link to nothing"],
    ["\\My App\\way-out.bin", "a link that leads out"],
    ["\\..\\100.bin", "a way out"],
    ["%WINDOWS%\\100.bin", "a folder that this device does not have"],
    ["\\My App\\*.bin", "no name of a file"],
  ])("%s (%s) never is as it should be [Q11]", async (file) => {
    for (const operator of OPERATORS) {
      expect(await against(size(file, operator))).toBe(`${file} is not there`);
      expect(await against(version(file, operator))).toBe(`${file} is not there`);
    }
    expect(await against(hash(file, "x".repeat(100)))).toBe(`${file} is not there`);
  });

  test.each(["text.exe", "short.exe", "plain.exe"])(
    "%s has no version, whatever the operator",
    async (name) => {
      for (const operator of OPERATORS) {
        for (const field of ["File", "Product"] as const) {
          expect(await against(version(`\\My App\\${name}`, operator, { field }))).toBe(
            `\\My App\\${name} has no version`,
          );
        }
      }
    },
  );
});
