import { describe, expect, test } from "bun:test";
import { cut, PROBLEM_CHARACTERS_MAX, ProtocolError } from "../../protocols/errors.ts";
import { decodeMessage } from "../../protocols/syncml/decode-message.ts";
import { DOCUMENT_LIMITS } from "../../protocols/syncml/limits.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";

/** Two UTF-16 units to a character. */
const LONG = "𝒳".repeat(100_000);

function problemOf(xml: string): ProtocolError {
  try {
    decodeMessage(parseXml(xml, { ...DOCUMENT_LIMITS, textMax: 300_000 }));
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
  throw new Error("nothing was wrong");
}

describe("what is said of a message that is wrong is short, however long the message", () => {
  const header = (messageId: string) =>
    `<SyncML><SyncHdr><SessionID>1</SessionID><MsgID>${messageId}</MsgID><Source><LocURI>a</LocURI></Source></SyncHdr><SyncBody/></SyncML>`;
  test.each([
    ["syncml-root", "its root", `<a${LONG}/>`, "not <SyncML>"],
    ["syncml-namespace", "its namespace", `<SyncML xmlns="${LONG}"/>`, "not SYNCML:SYNCML1.2"],
    ["syncml-message-id", "its MsgID", header(LONG), "is not a MsgID"],
    [
      "xml-encoding",
      "its encoding",
      `<?xml version="1.0" encoding="${"a".repeat(100_000)}"?><SyncML/>`,
      "only UTF-8",
    ],
    ["xml-malformed", "an element without an end", `<a${LONG}></b>`, "not well-formed"],
  ])("%s: %s", (rule, _, xml, words) => {
    const error = problemOf(xml);
    expect(error.rule).toBe(rule);
    expect(error.message).toContain(words);
    expect(error.message.length).toBeLessThanOrEqual(PROBLEM_CHARACTERS_MAX);
    expect(error.message.isWellFormed()).toBe(true);
  });

  test("a text is cut between characters only", () => {
    for (let most = 1; most < 10; most++) {
      const shown = cut(LONG, most);
      expect(shown.length).toBeLessThanOrEqual(most);
      expect(shown.isWellFormed()).toBe(true);
    }
    expect(cut("abc", 3)).toBe("abc");
  });
});
