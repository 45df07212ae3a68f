import { describe, expect, test } from "bun:test";
import { hasStatus } from "../../../devices/install/matrix.ts";
import { allowedFrom, illegalPairs, isLegal } from "../../../devices/install/transition.ts";
import { PLATFORMS, type Platform } from "../../../devices/model/device.ts";
import { STATUSES, type Status } from "../../../devices/model/installation.ts";

const PRESENT: readonly Status[] = ["installed", "pending_update", "updating", "upgrade_failed"];
const FROM = ["START", ...STATUSES] as const;
const statusesOf = (platform: Platform) => STATUSES.filter((status) => hasStatus(platform, status));

describe("the transition table", () => {
  test("iOS and Windows, as a human reviewed it", () => {
    expect(tableOf("iOS")).toMatchInlineSnapshot(`
      "START → installed, not_relevant, pending_install
      pending_install → failed, installed, installing, not_relevant
      not_relevant → installed, pending_install
      installing → failed, installed, not_relevant, pending_install
      installed → failed, installing, pending_update, removed_after_installation, updating, upgrade_failed
      removed_after_installation → failed, installed, installing, pending_install
      pending_update → failed, installed, removed_after_installation, updating, upgrade_failed
      updating → failed, installed, pending_update, removed_after_installation, upgrade_failed
      failed → installed, installing, not_relevant, pending_install, pending_update, removed_after_installation, updating
      upgrade_failed → installed, pending_update, removed_after_installation, updating"
    `);
    expect(tableOf("Windows")).toBe(tableOf("iOS"));
  });

  test("Android, as a human reviewed it", () => {
    expect(tableOf("Android")).toMatchInlineSnapshot(`
      "START → installed, pending_install
      pending_install → failed, installed, installing
      installing → failed, installed, pending_install, pending_update, removed_after_installation
      installed → failed, installing, pending_update, removed_after_installation
      removed_after_installation → failed, installed, installing, pending_install
      pending_update → failed, installed, installing, removed_after_installation
      failed → installed, installing, pending_install, pending_update, removed_after_installation"
    `);
  });

  test("ST-1 a status may follow itself, where the platform has it", () => {
    for (const platform of PLATFORMS) {
      for (const status of STATUSES) {
        expect(isLegal(platform, status, status)).toBe(hasStatus(platform, status));
      }
    }
  });

  test("ST-2 presence comes through Installed, or from a failure that is tried again", () => {
    for (const platform of PLATFORMS) {
      for (const to of ["pending_update", "updating", "upgrade_failed"] as const) {
        const from = statusesOf(platform).filter((one) => one !== to && isLegal(platform, one, to));
        const absent = from.filter((one) => !PRESENT.includes(one));
        // Android has no Updating: there an update runs as Installing, and may go back to wait.
        const known = platform === "Android" ? ["installing", "failed"] : ["failed"];
        expect(absent.filter((one) => !known.includes(one))).toEqual([]);
      }
    }
  });

  test("ST-3 nothing is removed that was never present", () => {
    for (const platform of PLATFORMS) {
      expect(isLegal(platform, "pending_install", "removed_after_installation")).toBe(false);
      expect(isLegal(platform, "not_relevant", "removed_after_installation")).toBe(false);
      expect(isLegal(platform, "START", "removed_after_installation")).toBe(false);
    }
  });

  test("ST-4 Not Relevant is evaluated again before any work", () => {
    expect(allowedFrom("Windows", "not_relevant")).toEqual(["installed", "pending_install"]);
  });

  test("ST-5 steps are skipped forward, never invented backward", () => {
    for (const platform of PLATFORMS) {
      expect(isLegal(platform, "pending_install", "installed")).toBe(true);
      expect(isLegal(platform, "pending_update", "installed")).toBe(true);
      expect(isLegal(platform, "installed", "pending_install")).toBe(false);
      expect(isLegal(platform, "pending_update", "pending_install")).toBe(false);
    }
  });

  test("ST-6 a new epoch begins as waiting, as present, or as not for the device", () => {
    expect(PLATFORMS.map((platform) => allowedFrom(platform, "START"))).toEqual([
      ["installed", "not_relevant", "pending_install"],
      ["installed", "not_relevant", "pending_install"],
      ["installed", "pending_install"],
    ]);
  });

  test("ST-7 on Android three statuses lead nowhere and are never reached", () => {
    for (const status of ["not_relevant", "updating", "upgrade_failed"] as const) {
      expect(allowedFrom("Android", status)).toEqual([]);
      expect(FROM.filter((from) => isLegal("Android", from, status))).toEqual([]);
    }
    const update: Status[] = ["installed", "pending_update", "installing", "installed"];
    expect(isPath("Android", update)).toBe(true);
    expect(isPath("Android", [...update.slice(0, 3), "failed", "pending_update"])).toBe(true);
  });

  test("ST-8 it refuses 31 pairs on iOS and Windows, 5 on Android", () => {
    expect(PLATFORMS.map((platform) => illegalPairs(platform).length)).toEqual([31, 31, 5]);
  });

  test("ST-9 the answer to a refused change is what is allowed, itself left out", () => {
    for (const platform of PLATFORMS) {
      for (const from of FROM) {
        const allowed = allowedFrom(platform, from);
        expect(allowed.every((to) => to !== from && isLegal(platform, from, to))).toBe(true);
        const legal = STATUSES.filter((to) => to !== from && isLegal(platform, from, to));
        expect(new Set(allowed)).toEqual(new Set(legal));
      }
    }
  });

  test("every status is reached from START and can be left again", () => {
    for (const platform of PLATFORMS) {
      const reached = new Set<Status>(allowedFrom(platform, "START"));
      for (const status of reached) for (const to of allowedFrom(platform, status)) reached.add(to);
      expect(reached).toEqual(new Set(statusesOf(platform)));
      expect(statusesOf(platform).filter((one) => allowedFrom(platform, one).length === 0)).toEqual(
        [],
      );
    }
  });
});

function isPath(platform: Platform, steps: readonly Status[]): boolean {
  return steps.slice(1).every((to, index) => {
    const from = steps[index];
    return from !== undefined && isLegal(platform, from, to);
  });
}

function tableOf(platform: Platform): string {
  return FROM.filter((from) => from === "START" || hasStatus(platform, from))
    .map((from) => `${from} → ${[...allowedFrom(platform, from)].sort().join(", ")}`)
    .join("\n");
}
