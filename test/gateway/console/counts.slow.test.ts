import { expect, test } from "bun:test";
import { openConsole } from "../../harness/console-fixture.ts";
import { checkNumbers } from "./check-numbers.ts";

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
