import { describe, expect, test } from "bun:test";
import {
  readUserAlert,
  timedOut,
  type UserPrompt,
  userAlert,
} from "../../../protocols/oma-dm/user-alert.ts";
import type { AlertCommand } from "../../../protocols/syncml/message.ts";

const ask = (prompt: Partial<UserPrompt>): UserPrompt => ({
  kind: "confirm",
  text: "Install Contoso Till 2.0 now?",
  choices: [],
  options: {},
  ...prompt,
});
const asAlert = (prompt: UserPrompt): AlertCommand => {
  const { code, items } = userAlert("t", prompt);
  return { name: "Alert", cmdId: "2", code, items };
};

describe("an alert to the user", () => {
  test.each([
    ["display", 1100],
    ["confirm", 1101],
    ["input", 1102],
    ["choose-one", 1103],
    ["choose-many", 1104],
  ] as const)("%s is %p and is read as it was meant", (kind, code) => {
    const prompt = ask({
      kind,
      choices: kind.startsWith("choose") ? ["Now", "Tonight & later"] : [],
      options: {
        minSeconds: 10,
        maxSeconds: 30,
        defaultResponse: "1&2=3",
        maxLength: 20,
        input: "phone",
        hidden: false,
      },
    });
    expect(userAlert("t", prompt).code).toBe(code);
    expect(readUserAlert(asAlert(prompt))).toEqual(prompt);
  });

  test("without hints begins with an empty item", () => {
    expect(userAlert("t", ask({})).items).toEqual([{}, { data: "Install Contoso Till 2.0 now?" }]);
  });

  test("as the specification prints it", () => {
    const items = ["MINDT=10", "Select service", "CNN", "Mobilbank"].map((data) => ({ data }));
    expect(readUserAlert({ name: "Alert", cmdId: "2", code: 1103, items })).toMatchObject({
      kind: "choose-one",
      text: "Select service",
      choices: ["CNN", "Mobilbank"],
      options: { minSeconds: 10 },
    });
  });

  test("passes over hints that make no sense", () => {
    const items = [{ data: "MINDT=soon&MAXDT=-1&IT=Z&ET=&DR" }, { data: "Hello" }];
    const { minSeconds, maxSeconds, input, hidden } =
      readUserAlert({ name: "Alert", cmdId: "2", code: 1100, items })?.options ?? {};
    expect([minSeconds, maxSeconds, input, hidden]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  test.each([1201, 1224, 1300])("%p is none", (code) => {
    const items = [{}, { data: "text" }];
    expect(readUserAlert({ name: "Alert", cmdId: "2", code, items })).toBeUndefined();
  });
});

describe("nobody answers in time", () => {
  test.each([
    ["display", undefined, 200, []],
    ["confirm", undefined, 408, []],
    ["confirm", "1", 200, []],
    ["confirm", "0", 304, []],
    ["input", "till 4", 200, ["till 4"]],
    ["choose-one", "2", 200, ["2"]],
    ["choose-many", "1-3", 200, ["1", "3"]],
  ] as const)("%s with default %p gives %p", (kind, defaultResponse, code, answers) => {
    expect(timedOut(ask({ kind, options: { defaultResponse } }))).toEqual({
      code,
      answers: [...answers],
    });
  });
});
