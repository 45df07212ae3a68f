import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { warmBootHook } from "../../../devices/agent/warm-boot.ts";

test.each([
  ["warmboot.exe", true],
  ["WarmBoot.EXE", true],
  ["warmboot", process.platform !== "win32"],
  ["warmboot.exe.bak", false],
  ["mywarmboot.exe", false],
])("%s beside the agent restarts the device: %p (A-039, Q17)", async (name, isHook) => {
  const folder = mkdtempSync(join(tmpdir(), "outpost-warmboot-"));
  try {
    writeFileSync(join(folder, "agent"), "");
    expect(await warmBootHook(folder)).toBeUndefined();
    writeFileSync(join(folder, name), "");
    expect(await warmBootHook(folder)).toBe(isHook ? join(folder, name) : undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("without a folder there is none", async () => {
  expect(await warmBootHook(join(tmpdir(), "outpost-no-such-folder"))).toBeUndefined();
});
