import { describe, expect, test } from "bun:test";
import { clientAfter, NEW_CLIENT, questionsFor } from "../../../devices/service/dm-client.ts";
import { judgeAlert } from "../../../devices/service/judge-alert.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { openSession } from "../../protocols/oma-dm/device-messages.ts";

const OS = "10.0";

describe("clientAfter()", () => {
  const answers: readonly (readonly [string, SessionEvent, boolean])[] = [
    ["true", { kind: "results", tag: "client-large-objects", items: [{ data: " TRUE " }] }, true],
    ["false", { kind: "results", tag: "client-large-objects", items: [{ data: "false" }] }, false],
    ["nothing", { kind: "unanswered", tag: "client-large-objects" }, false],
    [
      "404",
      {
        kind: "status",
        tag: "client-large-objects",
        code: 404,
        itemCodes: {},
        answers: [],
        derived: false,
      },
      false,
    ],
    ["it in DevInfo", { kind: "dev-info", info: { lrgObj: "true", other: {} } }, true],
  ];
  test.each(answers)("a device that says %s about large objects", (_, event, expected) => {
    expect(clientAfter(NEW_CLIENT, [event], OS).largeObjects).toBe(expected);
  });

  test("remembers what a device lacks, until it has another system", () => {
    const lacks: SessionEvent = { kind: "lacks", feature: "Atomic" };
    const once = clientAfter(NEW_CLIENT, [lacks, lacks], OS);
    expect(once.lacks).toEqual(["Atomic"]);
    expect(clientAfter(once, [], OS).lacks).toEqual(["Atomic"]);
    expect(clientAfter(once, [], "10.1")).toEqual({ ...NEW_CLIENT, osVersion: "10.1" });
  });

  test("only a narrow device is asked, and only once", () => {
    const narrow = openSession({ maxMsgSize: 5000 });
    expect(questionsFor(NEW_CLIENT, narrow)).toHaveLength(1);
    expect(questionsFor(NEW_CLIENT, openSession())).toEqual([]);
    expect(questionsFor({ ...NEW_CLIENT, largeObjects: false }, narrow)).toEqual([]);
  });
});

describe("a device without StructData", () => {
  test("is asked for the list once; from then on its tree is walked at once", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("one");
    const state: PhoneState = {
      seen: [],
      installed: null,
      say: ({ name, items }) =>
        name === "Get" && items[0]?.uri.includes("?list") ? { code: 406 } : undefined,
    };
    const first = shapes(await raw.session(phone(state)));
    expect(first.filter((shape) => shape.includes("?list"))).toHaveLength(1);
    await core.advance(2 * 24 * 60 * 60_000);
    const later = shapes(await raw.session(phone(state)));
    expect(later.filter((shape) => shape.includes("Inventory"))).toEqual([
      "Get /EnterpriseApps/Inventory",
    ]);
  });
});

describe("judgeAlert()", () => {
  const judge = (code: number, type: string) =>
    judgeAlert({ code, correlator: null, item: { meta: { type } } });

  test.each([
    [1224, "com.microsoft/MDM/LoginStatus"],
    [1224, "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install"],
    [1226, "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseHostedAppInstall.result"],
    [1226, "com.microsoft:mdm.unenrollment.userrequest"],
  ])("takes %p %s", (code, type) => {
    expect(judge(code, type)).toBe(200);
  });

  test("says of what it does not know that it does not", () => {
    expect(judge(1224, "com.example.unknown")).toBe(406);
    expect(judge(1226, "com.example.unknown")).toBe(415);
    expect(judge(1226, "")).toBe(415);
  });
});
