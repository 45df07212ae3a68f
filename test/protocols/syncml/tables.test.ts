import { describe, expect, test } from "bun:test";
import { ALERT, ALERTS, isSessionStart } from "../../../protocols/syncml/alerts.ts";
import { CODE_PAGES } from "../../../protocols/syncml/code-pages.ts";
import { COMMANDS, isCommandName } from "../../../protocols/syncml/commands.ts";
import { COMMANDS_MAX, decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import {
  describeStatus,
  isSuccess,
  STATUSES,
  statusKind,
} from "../../../protocols/syncml/statuses.ts";

describe("tables", () => {
  test("no two elements of a page share a WBXML token, and every command has one", () => {
    for (const page of CODE_PAGES) {
      const tokens = Object.values(page);
      expect(new Set(tokens).size).toBe(tokens.length);
      expect(tokens.every((token) => token >= 0x05 && token <= 0x3f)).toBe(true);
    }
    for (const name of Object.keys(COMMANDS)) expect(CODE_PAGES[0][name]).toBeDefined();
  });

  test("every command of the table is decoded as itself, any other element as Unknown", () => {
    for (const name of [...Object.keys(COMMANDS), "Put", "toString", "__proto__"]) {
      const xml = `<SyncML><SyncHdr><SessionID>1</SessionID><MsgID>1</MsgID><Source><LocURI>d</LocURI></Source></SyncHdr><SyncBody><${name}><CmdID>1</CmdID></${name}></SyncBody></SyncML>`;
      const decoded: string | undefined = decodeMessage(parseXml(xml)).commands[0]?.name;
      expect(decoded).toBe(isCommandName(name) ? name : "Unknown");
    }
  });

  test("commands of one message are counted, members included", () => {
    const message = (count: number) =>
      `<SyncML><SyncHdr><SessionID>1</SessionID><MsgID>1</MsgID><Source><LocURI>d</LocURI></Source></SyncHdr><SyncBody><Sequence>${"<Get/>".repeat(count - 1)}</Sequence></SyncBody></SyncML>`;
    expect(decodeMessage(parseXml(message(COMMANDS_MAX))).commands).toHaveLength(1);
    expect(() => decodeMessage(parseXml(message(COMMANDS_MAX + 1)))).toThrow("too many commands");
  });

  test.each([
    [101, "open"],
    [199, "open"],
    [200, "done"],
    [202, "done"],
    [217, "done"],
    [215, "not-run"],
    [216, "not-run"],
    [304, "not-run"],
    [401, "credentials"],
    [418, "failed"],
    [499, "failed"],
    [516, "failed"],
    [0, "failed"],
  ] as const)("status %p is %p", (code, kind) => {
    expect(statusKind(code)).toBe(kind);
    expect(isSuccess(code)).toBe(kind === "done");
  });

  test("people see a name where there is one", () => {
    expect(describeStatus(418)).toBe("418 Already exists");
    expect(describeStatus(299)).toBe("299");
    expect(Object.values(STATUSES).every(({ name }) => name !== "")).toBe(true);
  });

  test("every alert code has a row, two of them start a session", () => {
    for (const code of Object.values(ALERT)) expect(ALERTS[code]).toBeDefined();
    expect(Object.values(ALERT).filter(isSessionStart)).toEqual([1200, 1201]);
  });
});
