import { expect } from "bun:test";
import type { ConsoleFixture } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

/** Follows every number of a page once. */
export async function checkNumbers(
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
