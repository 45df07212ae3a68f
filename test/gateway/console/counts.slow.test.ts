import { expect, test } from "bun:test";
import { openConsole } from "../../harness/console-fixture.ts";
import { checkNumbers } from "./check-numbers.ts";
import { LIST_PAGES } from "./list-pages.ts";

test("a number is the length of the list that it leads to (hub)", async () => {
  await using console_ = await openConsole({ role: "hub", devices: 30 });
  const checked = new Map<string, number>();
  const device = `/devices/${console_.data.devices[0]?.id}`;
  for (const path of [...LIST_PAGES, device, "/sites"]) await checkNumbers(console_, path, checked);
  expect(checked.size).toBeGreaterThan(60);
});

test("a number stays true after rows have moved, were stopped or superseded", async () => {
  await using console_ = await openConsole({ devices: 30 });
  const { rows } = console_.data;
  for (const [index, row] of rows.entries()) {
    if (index % 7 === 0) await console_.change(row, { counted: false });
    if (index % 5 === 0) await console_.change(row, { current: false });
    if (index % 3 === 0) await console_.change(row, { status: "upgrade_failed" });
  }
  const checked = new Map<string, number>();
  for (const path of LIST_PAGES) await checkNumbers(console_, path, checked);
  expect(checked.size).toBeGreaterThan(60);
}, 20_000);

test("a number holds for ten thousand rows, which come in pages without gap or repetition", async () => {
  await using console_ = await openConsole({ devices: 4_500 });
  expect(console_.data.rows.length).toBeGreaterThan(10_000);
  const checked = new Map<string, number>();
  await checkNumbers(console_, "", checked);
  const ids = new Set<string>();
  let path: string | undefined = "/installations?limit=500&sort=deviceName";
  while (path !== undefined) {
    const html: string = await (await console_.get(path)).text();
    for (const [, id = ""] of html.matchAll(/<tr id="(row-[^"]+)"/g)) ids.add(id);
    path = /rel="next" href="([^"]+)"/.exec(html)?.[1]?.replaceAll("&amp;", "&");
  }
  expect(ids.size).toBe(console_.data.rows.length);
}, 30_000);
