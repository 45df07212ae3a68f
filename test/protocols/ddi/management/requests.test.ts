import { describe, expect, test } from "bun:test";
import {
  CONTROLLER_ID_MAX,
  DESCRIPTION_MAX,
  NAME_MAX,
  REQUEST_ITEMS_MAX,
  readAssignments,
  readConfig,
  readModules,
  readSets,
  readTargets,
  SECURITY_TOKEN_MAX,
  SECURITY_TOKEN_MIN,
  SET_MODULES_MAX,
  VERSION_MAX,
  WINDOW_CHARACTERS_MAX,
} from "../../../../protocols/ddi/management/requests.ts";
import { ProtocolError } from "../../../../protocols/errors.ts";

type Read = (body: Uint8Array) => unknown;

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The rule that is broken, and where. */
function refusalOf(read: Read, value: unknown): string | undefined {
  try {
    read(bytes(value));
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `${error.rule} ${error.message.split(":")[0]}`;
  }
}

const x = (count: number) => "x".repeat(count);
const target = { controllerId: "kiosk-7" };
const module = { name: "image", version: "1.0", type: "os" };
const set = { name: "release", version: "1.0", type: "os", modules: [{ id: 1 }] };
const window = { schedule: "0 0 22 ? * *", duration: "01:00:00", timezone: "+00:00" };

describe("what tools send", () => {
  test("is filled up with what hawkBit takes for granted", () => {
    expect(readTargets(bytes([target]))).toEqual([
      { ...target, name: null, description: null, securityToken: null },
    ]);
    expect(readModules(bytes([{ ...module, encrypted: false }]))).toMatchObject([
      { ...module, description: null, vendor: null },
    ]);
    expect(readSets(bytes([{ name: " a ", version: "1" }]))).toMatchObject([
      { name: "a", type: "os_app", modules: [] },
    ]);
    expect(readAssignments(bytes([{ id: "kiosk-7", forcetime: 0, type: null }]))).toMatchObject([
      { type: "forced", maintenanceWindow: null, confirmationRequired: false },
    ]);
    expect(readConfig(bytes({ value: true }))).toBe(true);
  });

  test("is taken up to its limits, and refused beyond them", () => {
    const limits: readonly (readonly [Read, (count: number) => unknown, number])[] = [
      [readTargets, (count) => Array(count).fill(target), REQUEST_ITEMS_MAX],
      [readTargets, (count) => [{ controllerId: x(count) }], CONTROLLER_ID_MAX],
      [readTargets, (count) => [{ ...target, name: x(count) }], NAME_MAX],
      [readTargets, (count) => [{ ...target, description: x(count) }], DESCRIPTION_MAX],
      [readTargets, (count) => [{ ...target, securityToken: x(count) }], SECURITY_TOKEN_MAX],
      [readModules, (count) => [{ ...module, name: x(count) }], NAME_MAX],
      [readModules, (count) => [{ ...module, version: x(count) }], VERSION_MAX],
      [readModules, (count) => [{ ...module, vendor: x(count) }], NAME_MAX],
      [readSets, (count) => [{ ...set, modules: Array(count).fill({ id: 1 }) }], SET_MODULES_MAX],
      [
        readAssignments,
        (count) => [{ id: "a", maintenanceWindow: { ...window, schedule: x(count) } }],
        WINDOW_CHARACTERS_MAX,
      ],
    ];
    for (const [read, made, max] of limits) {
      expect(refusalOf(read, made(max))).toBeUndefined();
      expect(refusalOf(read, made(max + 1))).toStartWith("management-");
    }
    const token = (count: number) => [{ ...target, securityToken: x(count) }];
    expect(refusalOf(readTargets, token(SECURITY_TOKEN_MIN))).toBeUndefined();
    expect(refusalOf(readTargets, token(SECURITY_TOKEN_MIN - 1))).toBe(
      "management-targets /0/securityToken",
    );
  });

  test("is refused where a site would not do what it says", () => {
    const refused: readonly (readonly [Read, unknown, string])[] = [
      [readTargets, [{ ...target, requestAttributes: true }], "management-targets /0"],
      [readTargets, [{ controllerId: "a b" }], "management-targets /0/controllerId"],
      [readModules, [{ ...module, encrypted: true }], "management-softwaremodules /0/encrypted"],
      [readModules, [{ ...module, type: "toString" }], "management-softwaremodules /0/type"],
      [
        readSets,
        [{ ...set, requiredMigrationStep: true }],
        "management-distributionsets /0/requiredMigrationStep",
      ],
      [
        readSets,
        [{ ...set, modules: [{ id: 0.5 }] }],
        "management-distributionsets /0/modules/0/id",
      ],
      [readAssignments, [{ id: "a", type: "timeforced" }], "management-assignedtargets /0/type"],
      [readAssignments, [{ id: "a", weight: 1 }], "management-assignedtargets /0"],
      [readAssignments, [], "management-assignedtargets /"],
      [readConfig, { value: ["a"] }, "management-config /value"],
      [readConfig, {}, "management-config /value"],
    ];
    for (const [read, value, rule] of refused) expect(refusalOf(read, value)).toBe(rule);
    expect(() => readTargets(new Uint8Array([0xff]))).toThrow("no JSON");
    expect(() => readTargets(new TextEncoder().encode("[{"))).toThrow("no JSON");
  });
});
