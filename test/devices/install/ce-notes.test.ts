import { describe, expect, test } from "bun:test";
import { ceNotes } from "../../../devices/install/ce-notes.ts";
import type { Device } from "../../../devices/model/device.ts";
import type { PackageId } from "../../../devices/model/ids.ts";
import { type Action, CRITICAL_DEFAULT } from "../../../devices/model/install-action.ts";
import type { NumberedMetric } from "../../../devices/model/metric.ts";
import type { AgentInstall, Package, Revision } from "../../../devices/model/package.ts";
import { deviceNamed } from "../../contracts/site-rows.ts";

const ANY = { cpu: null, osMajor: null, osPlatform: null };
const APP = { id: "pos" as PackageId, name: "POS", platform: "Windows" } as Package;
const step = (action: object) =>
  ({ critical: CRITICAL_DEFAULT, targeting: ANY, ...action }) as Action;
const RUN = step({ kind: "Run", command: "\\a.exe", timeout: -1 });
const TERMINATE = step({ kind: "Terminate", modules: "a.exe" });
const METRIC = { kind: "FileSize", number: 1, file: "\\a.exe", targeting: ANY } as NumberedMetric;

function version(install: Partial<AgentInstall>): Revision {
  return {
    version: "1.0",
    channel: "agent",
    minimumOsVersion: null,
    targeting: ANY,
    licence: "none",
    storeApp: false,
    agent: { files: [], actions: [RUN], uninstall: [], metrics: [], ...install },
  } as unknown as Revision;
}
const ce = (name: string, more: Partial<Device> = {}) =>
  deviceNamed(name, { protocol: "ce", platform: "Windows", cpu: "ARM", ...more });

describe("ceNotes()", () => {
  test("says nothing where no client of Windows CE is met, or all is within what it can do", () => {
    const hard = version({ actions: [TERMINATE], metrics: [METRIC] });
    expect(ceNotes(APP, hard, [])).toEqual([]);
    expect(ceNotes(APP, hard, [deviceNamed("pc", { protocol: "agent" })])).toEqual([]);
    expect(ceNotes(APP, hard, [ce("gone", { removedAtMs: 1 })])).toEqual([]);
    expect(ceNotes(APP, version({}), [ce("a")])).toEqual([]);
    expect(ceNotes(APP, { ...hard, agent: null }, [ce("a")])).toEqual([]);
  });

  test("says on how many devices metrics count for nothing", () => {
    const [note, ...more] = ceNotes(APP, version({ metrics: [METRIC] }), [ce("a"), ce("b")]);
    expect(note).toStartWith("on 2 devices with Windows CE metrics are not evaluated");
    expect(more).toEqual([]);
  });

  test("names the step that the client cannot carry out", () => {
    const notes = ceNotes(APP, version({ actions: [RUN, TERMINATE] }), [ce("a")]);
    expect(notes).toEqual([
      "on 1 device with Windows CE it is Not Relevant: Terminate: the client has no command that ends a program",
    ]);
  });

  test("a step for other devices, and a version for other devices, are no obstacle", () => {
    const elsewhere = { ...TERMINATE, targeting: { ...ANY, cpu: "x64" } };
    expect(ceNotes(APP, version({ actions: [RUN, elsewhere] }), [ce("a")])).toEqual([]);
    const other = { ...version({ actions: [TERMINATE] }), targeting: { ...ANY, cpu: "x64" } };
    expect(ceNotes(APP, other, [ce("a")])).toEqual([]);
  });

  test("says where it cannot be taken off again", () => {
    expect(ceNotes(APP, version({ uninstall: [TERMINATE] }), [ce("a")])).toEqual([
      "on 1 device with Windows CE it cannot be taken off again",
    ]);
  });
});
