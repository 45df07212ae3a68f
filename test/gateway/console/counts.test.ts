import { describe, expect, test } from "bun:test";
import { type ConsoleFixture, openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

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

  test("holds for ten thousand rows, which come in pages without gap or repetition", async () => {
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
});

/** Follows every number of a page once. */
async function checkNumbers(
  console_: ConsoleFixture,
  path: string,
  checked: Map<string, number>,
): Promise<void> {
  const page = await readPage(await console_.get(path));
  expect([path, page.status]).toEqual([path, 200]);
  const numbers = page.links.filter(({ count, href }) => count !== undefined && isList(href));
  for (const { href, count } of numbers) {
    if (checked.has(href)) {
      expect({ path, href, count: Number(count) }).toEqual({
        path,
        href,
        count: Number(checked.get(href)),
      });
      continue;
    }
    const list = await readPage(await console_.get(href.slice(console_.base.length)));
    expect({ path, href, count: list.total ?? 0 }).toEqual({ path, href, count: Number(count) });
    checked.set(href, list.total ?? 0);
  }
}

function isList(href: string): boolean {
  return /\/(installations|devices)(\?|$)/.test(href);
}
