import { expect, test } from "bun:test";
import { cutText } from "../../../devices/model/cut-text.ts";

test.each([
  ["", 3, ""],
  ["abc", 3, "abc"],
  ["abcd", 3, "abc"],
  ["ab\u{1F4F1}", 4, "ab\u{1F4F1}"],
  ["ab\u{1F4F1}c", 3, "ab"],
  ["ab\u{1F4F1}c", 4, "ab\u{1F4F1}"],
])("%p cut to %d characters is %p", (text, max, expected) => {
  expect(cutText(text, max)).toBe(expected);
});
