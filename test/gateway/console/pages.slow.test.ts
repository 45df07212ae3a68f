import { test } from "bun:test";
import { expectSoundPages } from "./crawl.ts";

const CASES = [
  { role: "site", devices: 40, as: "viewer" },
  { role: "hub", devices: 40, as: "admin" },
] as const;

for (const options of CASES) {
  const name = `${options.role}, ${options.devices} devices, ${options.as}`;
  test(`every link leads somewhere, and every page is well made (${name})`, async () => {
    await expectSoundPages(options);
  });
}
