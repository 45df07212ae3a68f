import { describe, expect, test } from "bun:test";
import {
  POLLING_CHARACTERS_MAX,
  POLLING_RULES_MAX,
  parsePollingTime,
  sleepSeconds,
  sleepText,
} from "../../../protocols/ddi/polling-time.ts";

describe("the polling time", () => {
  test("is an interval, chance, and rules for some devices", () => {
    expect(parsePollingTime("00:05:00")).toEqual({
      usual: { seconds: 300, deviationPercent: 0 },
      rules: [],
    });
    const text = "01:00:00~10%, group:kiosk,till model:X -> 00:01:00~ 20% , name:a* -> 00:00:30";
    expect(parsePollingTime(text)).toEqual({
      usual: { seconds: 3600, deviationPercent: 10 },
      rules: [
        { filter: "group:kiosk,till model:X", interval: { seconds: 60, deviationPercent: 20 } },
        { filter: "name:a*", interval: { seconds: 30, deviationPercent: 0 } },
      ],
    });
  });

  test.each([
    "",
    "5 minutes",
    "00:00:29",
    "24:00:00",
    "00:60:00",
    "00:05:00~101%",
    "00:05:00,",
    "00:05:00, name:a",
    "00:05:00,-> 00:01:00",
    "00:05:00, name:a -> 00:00:01",
    `00:05:00${", name:a -> 00:01:00".repeat(POLLING_RULES_MAX + 1)}`,
    `00:05:00, ${"a".repeat(POLLING_CHARACTERS_MAX)} -> 00:01:00`,
  ])("is refused: %p", (text) => {
    expect(() => parsePollingTime(text)).toThrow("the polling time");
  });

  test("chance moves it both ways, within its bounds", () => {
    const interval = { seconds: 300, deviationPercent: 10 };
    expect(sleepSeconds(interval, 0, null)).toBe(270);
    expect(sleepSeconds(interval, 0.5, null)).toBe(300);
    expect(sleepSeconds({ seconds: 30, deviationPercent: 50 }, 0, null)).toBe(30);
    expect(sleepSeconds({ seconds: 86_399, deviationPercent: 50 }, 0.99, null)).toBe(86_399);
  });

  test("before something comes up it is a third of what is left", () => {
    const interval = { seconds: 3600, deviationPercent: 0 };
    expect(sleepSeconds(interval, 0.5, 30 * 60_000)).toBe(600);
    expect(sleepSeconds(interval, 0.5, 10 * 3_600_000)).toBe(3600);
    expect(sleepSeconds(interval, 0.5, 1_000)).toBe(30);
    expect(sleepText(3661)).toBe("01:01:01");
  });
});
