import { describe, expect, test } from "bun:test";
import { groupsOf, parseGroupFilter } from "../../../devices/filter/groups.ts";
import type { DeviceGroup } from "../../../devices/model/distribution.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { GroupName } from "../../../devices/model/ids.ts";
import { aDevice } from "../a-device.ts";

const device = aDevice({ name: "Till 1", stableId: "urn:imei:490154", osMajor: 10, shared: true });

describe("groupsOf()", () => {
  test.each([
    ["its id", device.id],
    ["its name, ignoring case", "TILL 1"],
    ["its stable id", "urn:imei:490154"],
  ])("a list names a device by %s", (_, name) => {
    expect(groupsOf(device, [list("kiosks", "other", name)])).toEqual(["kiosks" as GroupName]);
  });

  test("a list that does not name it leaves it out", () => {
    expect(groupsOf(device, [list("kiosks", "Till 2"), list("none")])).toEqual([]);
  });

  test("a filter is over the device's fields; groups keep their order", () => {
    const groups = [
      filter("shared", "shared:true osMajor>=10"),
      filter("removed", "removed:true"),
      list("tills", "till 1"),
      filter("everybody", ""),
    ];
    expect(groupsOf(device, groups)).toEqual(["shared", "tills", "everybody"] as GroupName[]);
  });

  test("a filter that cannot be read holds nobody, and stops nobody", () => {
    const groups = [
      filter("broken", "colour:red"),
      filter("circle", "group:circle"),
      filter("all", ""),
    ];
    expect(groupsOf(device, groups)).toEqual(["all" as GroupName]);
    expect(groupsOf(device, groups)).toEqual(["all" as GroupName]);
  });
});

describe("parseGroupFilter()", () => {
  test("refuses a group's filter that asks for groups", () => {
    expect(() => parseGroupFilter("name:a* -group:kiosks")).toThrow(AppError);
    expect(parseGroupFilter("name:a*")).toHaveLength(1);
  });
});

function list(name: string, ...devices: string[]): DeviceGroup {
  return { name: name as GroupName, description: "", members: { kind: "list", devices } };
}

function filter(name: string, text: string): DeviceGroup {
  return { name: name as GroupName, description: "", members: { kind: "filter", filter: text } };
}
