import { describe, expect, test } from "bun:test";
import { openConsole } from "../../harness/console-fixture.ts";
import { checkNumbers } from "./check-numbers.ts";

const PAGES = [
  "",
  "/installations",
  "/installations?filter=platform%3Awindows%20bucket%3Afailed",
  "/apps",
  "/apps/point-of-sale",
  "/distributions",
  "/distributions/d-point-of-sale",
  "/devices",
  "/groups",
];

describe("a number", () => {
  for (const role of ["site", "hub"] as const) {
    test(`is the length of the list that it leads to (${role})`, async () => {
      await using console_ = await openConsole({ role, devices: 30 });
      const device = `/devices/${console_.data.devices[0]?.id}`;
      const pages = [...PAGES, device, ...(role === "hub" ? ["/sites"] : [])];
      const checked = new Map<string, number>();
      for (const path of pages) await checkNumbers(console_, path, checked);
      expect(checked.size).toBeGreaterThan(60);
    }, 20_000);
  }

  test("stays true after rows have moved, were stopped or superseded", async () => {
    await using console_ = await openConsole({ devices: 30 });
    const { rows } = console_.data;
    for (const [index, row] of rows.entries()) {
      if (index % 7 === 0) await console_.change(row, { counted: false });
      if (index % 5 === 0) await console_.change(row, { current: false });
      if (index % 3 === 0) await console_.change(row, { status: "upgrade_failed" });
    }
    const checked = new Map<string, number>();
    for (const path of PAGES) await checkNumbers(console_, path, checked);
    expect(checked.size).toBeGreaterThan(60);
  }, 20_000);
});
