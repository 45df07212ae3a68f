import { expect, test } from "bun:test";
import { openConsole } from "../../harness/console-fixture.ts";
import { checkNumbers } from "./check-numbers.ts";
import { LIST_PAGES } from "./list-pages.ts";

// Of a hub, after changes, and of ten thousand rows: in the slow form.
test("a number is the length of the list that it leads to", async () => {
  await using console_ = await openConsole({ devices: 30 });
  const checked = new Map<string, number>();
  const device = `/devices/${console_.data.devices[0]?.id}`;
  for (const path of [...LIST_PAGES, device]) await checkNumbers(console_, path, checked);
  expect(checked.size).toBeGreaterThan(60);
});
