import { describe, expect, test } from "bun:test";
import { loadScripts } from "./scripts.ts";

const { countResults, sortTests } = await loadScripts();

const JUNIT = `<testsuites name="bun test" tests="4" failures="1" skipped="1">
  <testsuite name="test/a.test.ts" file="test/a.test.ts">
    <testcase name="ok" classname="x &amp; &lt;y&gt;" time="0" file="test/a.test.ts" line="2" />
    <testcase name="far [skipped: needs &quot;tc&quot;]" classname="" file="test/a.test.ts">
      <skipped />
    </testcase>
    <testcase name="bad" classname="" file="test/a.test.ts" line="3">
      <failure type="AssertionError" message="1 &gt; 2">text</failure>
    </testcase>
    <testcase name="also ok" classname="" file="test/a.test.ts" line="9" />
  </testsuite>
</testsuites>`;

describe("countResults()", () => {
  test("counts each kind and names what was skipped and what broke", () => {
    expect(countResults(JUNIT, 1, "run")).toEqual({
      passed: 2,
      failed: 1,
      skipped: 1,
      reasons: ['test/a.test.ts > far [skipped: needs "tc"]'],
      broken: ["test/a.test.ts > bad"],
    });
  });

  test("counts a run that died without a report as one failure", () => {
    expect(countResults("", 134, "test/b.slow.test.ts")).toMatchObject({
      passed: 0,
      failed: 1,
      broken: ["test/b.slow.test.ts ended with exit code 134 outside of any test"],
    });
  });

  test("counts a run of passing tests that still ended badly as one failure", () => {
    const passing = JUNIT.replace(/<failure.*<\/failure>/, "");
    expect(countResults(passing, 1, "run")).toMatchObject({ passed: 3, failed: 1 });
  });
});

describe("sortTests()", () => {
  const paths = ["test/a.test.ts", "test/b.slow.test.ts", "test/c.long.test.ts"];

  test.each([
    ["fast", ["test/a.test.ts"], []],
    ["all", ["test/a.test.ts"], ["test/b.slow.test.ts"]],
    ["long", [], ["test/c.long.test.ts"]],
  ] as const)("%s", (mode, together, alone) => {
    expect(sortTests(paths, mode)).toMatchObject({ together, alone });
  });
});
