import { describe, expect, test } from "bun:test";
import { PROFILES, type Quirk } from "../../../devices/simulator/profiles.ts";
import { weakenElement, weakenMessage, weakenXml } from "../../../devices/simulator/weaken.ts";
import { weakenWbxml } from "../../../devices/simulator/weaken-wbxml.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message, StatusCommand } from "../../../protocols/syncml/message.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";

const status = (cmdId: string, cmdRef: string, cmd: string): StatusCommand => ({
  name: "Status",
  cmdId,
  msgRef: "1",
  cmdRef,
  cmd,
  targetRefs: [],
  sourceRefs: [],
  code: 200,
  items: [],
});

const MESSAGE: Message = {
  header: {
    verDtd: "1.2",
    verProto: "DM/1.2",
    sessionId: "1",
    messageId: 2,
    target: { uri: "http://site/syncml" },
    source: { uri: "urn:1", name: "user" },
  },
  commands: [
    status("1", "0", "SyncHdr"),
    status("2", "2", "Atomic"),
    status("3", "3", "Add"),
    status("4", "4", "Get"),
    {
      name: "Results",
      cmdId: "5",
      msgRef: "1",
      cmdRef: "4",
      items: [{ source: "./a", meta: { format: "int" }, data: 'say "1"' }],
    },
  ],
  final: true,
};

const refs = (message: Message) =>
  message.commands.map((command) => (command.name === "Status" ? command.cmd : command.name));

describe("weakenMessage()", () => {
  test.each<[Quirk, string[]]>([
    ["silent-atomic", ["SyncHdr", "Add", "Get", "Results"]],
    ["statuses-reversed", ["SyncHdr", "Get", "Add", "Atomic", "Results"]],
  ])("%s", (quirk, expected) => {
    expect(refs(weakenMessage(MESSAGE, [quirk]))).toEqual(expected);
  });

  test("no-header-cmd-ref", () => {
    const [header, atomic] = weakenMessage(MESSAGE, ["no-header-cmd-ref"]).commands;
    expect(header).not.toHaveProperty("cmdRef");
    expect(atomic).toHaveProperty("cmdRef", "2");
  });

  test("repeats-cmd-id", () => {
    const ids = weakenMessage(MESSAGE, ["repeats-cmd-id"]).commands.map(({ cmdId }) => cmdId);
    expect(new Set(ids).size).toBeLessThan(ids.length);
  });
});

describe("weakenElement() and weakenXml()", () => {
  const xml = (quirk: Quirk) =>
    weakenXml(printXml(weakenElement(encodeMessage(MESSAGE), [quirk])), [quirk]);

  test("data-first", () => {
    expect(xml("data-first")).toContain("<Status><Data>200</Data><CmdID>");
  });

  test("capital-format", () => {
    expect(xml("capital-format")).toContain(">Int</Format>");
  });

  test("single-quotes leaves the text alone", () => {
    expect(xml("single-quotes")).toContain("xmlns='SYNCML:SYNCML1.2'");
    expect(decodeMessage(parseXml(xml("single-quotes"))).commands[4]).toMatchObject({
      items: [{ data: 'say "1"' }],
    });
  });

  test("whatever the quirks, it is still a message that can be read", () => {
    for (const { quirks } of Object.values(PROFILES)) {
      const element = weakenElement(encodeMessage(weakenMessage(MESSAGE, quirks)), quirks);
      const read = decodeMessage(parseXml(weakenXml(printXml(element), quirks)));
      expect(read.header.messageId).toBe(2);
      expect(decodeMessage(parseWbxml(weakenWbxml(printWbxml(element), quirks)))).toEqual(read);
    }
  });
});

describe("weakenWbxml()", () => {
  const plain = printWbxml(encodeMessage(MESSAGE));
  const text = (quirks: readonly Quirk[]) =>
    Buffer.from(weakenWbxml(plain, quirks)).toString("latin1");

  test("without quirks leaves the message as it is", () => {
    expect(weakenWbxml(plain, [])).toEqual(Uint8Array.from(plain));
  });

  test.each<[Quirk, string]>([
    ["string-table", "\x02\xa4\x01\x6a\x04200\0\x6d"],
    ["text-in-blocks", "\x4f\xc3\x03200\x01"],
    ["nokia-xmlns", "\x02\xa4\x01\x6a\0\xed\x04\0\x03SYNCML:SYNCML1.2\0\x01\x6c"],
  ])("%s shows in the bytes and changes nothing", (quirk, bytes) => {
    expect(text([])).not.toContain(bytes);
    expect(text([quirk])).toContain(bytes);
    expect(parseWbxml(weakenWbxml(plain, [quirk]))).toEqual(encodeMessage(MESSAGE));
  });
});
