import { expect, test } from "bun:test";
import { RETRY } from "../../../devices/agent/retry.ts";
import { backOffMs } from "../../../devices/model/back-off.ts";

test("[1.4] twice as long with each failure, up to a bound, with chance in the second half", () => {
  const waits = [1, 2, 3, 4].map((failures) => backOffMs(RETRY, failures, 1));
  expect(waits).toEqual([1000, 2000, 4000, 8000]);
  expect([0, 0.5, 1].map((chance) => backOffMs(RETRY, 2, chance))).toEqual([1000, 1500, 2000]);
  for (const failures of [10, 50, 5_000]) {
    expect(backOffMs(RETRY, failures, 1)).toBe(300_000);
    expect(backOffMs(RETRY, failures, 0)).toBe(150_000);
  }
});
