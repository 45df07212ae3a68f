import { describe, expect, test } from "bun:test";
import { findMessage } from "../../../gateway/cli/captured-message.ts";
import { COMMANDS } from "../../../gateway/cli/commands.ts";
import { EXIT } from "../../../gateway/cli/exit-codes.ts";
import { runCli } from "../../../gateway/cli/run.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const VALID = new URL("../../fixtures/syncml/valid/", import.meta.url).pathname;
const INVALID = new URL("../../fixtures/syncml/invalid/", import.meta.url).pathname;

async function decode(words: readonly string[], input: string | Uint8Array = "") {
  const { terminal, lines } = fakeTerminal({
    input: () => new Blob([Uint8Array.from(Buffer.from(input))]).stream(),
  });
  const code = await runCli(COMMANDS, ["decode", ...words], terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

const fixture = (name: string) => Bun.file(VALID + name).bytes();

describe("outpost decode", () => {
  test.each(["xml", "wbxml"])("prints a message in %s", async (encoding) => {
    const { code, out, err } = await decode([`${VALID}package-1-with-md5.${encoding}`]);
    expect(code).toBe(EXIT.ok);
    expect(out).toContain("  <SyncHdr> <!-- message 1 of session 2A -->");
    expect(out).toContain("    <Alert> <!-- 1201 Client-initiated -->");
    expect(out).toContain("        <Data><![CDATA[Contoso & Söhne]]></Data>");
    expect(err).toStartWith(`${encoding.toUpperCase()}, `);
  });

  test("masks credentials unless it is told to show them", async () => {
    const secret = "Zz6EivR3yeaaENcRN6lpAQ==";
    const masked = await decode([`${VALID}package-1-with-md5.wbxml`]);
    expect(masked.out).not.toContain(secret);
    expect(masked.err).toContain("Secrets are masked.");
    const asJson = await decode([`${VALID}package-1-with-md5.wbxml`, "--json"]);
    expect(asJson.out).not.toContain(secret);
    const shown = await decode([`${VALID}package-1-with-md5.wbxml`, "--show-secrets"]);
    expect(shown.out).toContain(secret);
    expect(shown.err).not.toContain("masked");
  });

  test("prints JSON for programs", async () => {
    const file = `${VALID}atomic-with-members.wbxml`;
    const { out } = await decode([file, "--json", "--show-secrets"]);
    const expected = await Bun.file(`${VALID}atomic-with-members.json`).json();
    expect(JSON.parse(out)).toEqual({ encoding: "wbxml", bytes: 179, ...expected });
  });

  test("reads the standard input", async () => {
    const { code, out } = await decode(["-"], await fixture("challenge.wbxml"));
    expect(code).toBe(EXIT.ok);
    expect(out).toContain("401 Invalid credentials");
  });

  test.each([
    ["wbxml-too-deep.wbxml", "wbxml-too-deep: nested deeper than 32 elements (at byte 39)."],
    ["crossed-tags.xml", "xml-malformed: not well-formed XML: "],
  ])("says which rule %s breaks", async (name, words) => {
    const { code, out, err } = await decode([INVALID + name]);
    expect([code, out]).toEqual([EXIT.failed, ""]);
    expect(err).toContain(words);
  });

  test.each<[readonly string[], string | Uint8Array, number, string]>([
    [["/no/such/file"], "", EXIT.usage, "does not exist"],
    [["/"], "", EXIT.usage, "is a folder"],
    [[], "", EXIT.usage, "FILE"],
    [["-", "more"], "", EXIT.usage, "one word too many"],
    [["-"], "", EXIT.failed, "it is empty"],
    [["-"], "hello", EXIT.failed, 'it begins with "hello"'],
    [["-"], "6869", EXIT.failed, "no hex dump"],
    [["-"], new Uint8Array(7 * DOCUMENT_LIMITS.bytesMax), EXIT.failed, "no message has"],
    [["-"], `<a>${" ".repeat(DOCUMENT_LIMITS.bytesMax)}</a>`, EXIT.failed, "xml-too-large"],
    [["-", "--json"], "<a/>", EXIT.failed, "syncml-root"],
  ])("%j is refused in words", async (words, input, code, text) => {
    const answer = await decode(words, input);
    expect(answer.code).toBe(code as never);
    expect(answer.err).toContain(text);
  });
});

describe("findMessage()", () => {
  const bytes = Uint8Array.from({ length: 300 }, (_, n) => (n === 0 ? 2 : (n * 7) % 256));
  const hex = Buffer.from(bytes).toString("hex");
  const rows = Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) =>
    bytes.subarray(row * 16, row * 16 + 16),
  );
  const offset = (row: number, digits: number) => (row * 16).toString(16).padStart(digits, "0");
  const byteHex = (byte: number) => byte.toString(16).padStart(2, "0");
  const letters = (row: Uint8Array) =>
    Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join(
      "",
    );
  const pairs = (row: Uint8Array) =>
    Array.from({ length: Math.ceil(row.length / 2) }, (_, n) =>
      Array.from(row.subarray(2 * n, 2 * n + 2), byteHex).join(""),
    ).join(" ");
  const dumps: readonly (readonly [string, string])[] = [
    ["plain", hex],
    [
      "in capitals, with blanks and line ends",
      `${hex.toUpperCase().replaceAll(/.{32}/g, "$& \n")}\n`,
    ],
    ["with colons", hex.replaceAll(/..(?=.)/g, "$&:")],
    ["as a list in C", hex.replaceAll(/..(?=.)/g, "0x$&, ").replace(/(..)$/, "0x$1")],
    [
      "of xxd",
      rows.map((row, n) => `${offset(n, 8)}: ${pairs(row).padEnd(39)}  ${letters(row)}`).join("\n"),
    ],
    [
      "of hexdump -C",
      `${rows
        .map((row, n) => {
          const halves = [row.subarray(0, 8), row.subarray(8)].map((half) =>
            Array.from(half, byteHex).join(" "),
          );
          return `${offset(n, 8)}  ${halves.join("  ").padEnd(48)}  |${letters(row)}|`;
        })
        .join("\n")}\n0000012c\n`,
    ],
    [
      "of tcpdump -X",
      rows
        .map((row, n) => `\t0x${offset(n, 4)}:  ${pairs(row).padEnd(39)}  ${letters(row)}`)
        .join("\n"),
    ],
  ];

  test.each([...dumps])("finds it in a hex dump %s", (_, dump) => {
    expect(findMessage(Buffer.from(dump))).toEqual({
      form: "a hex dump",
      bytes: Buffer.from(bytes) as never,
    });
  });

  test("finds it in base64, in lines or for URLs", () => {
    const base64 = Buffer.from(bytes).toString("base64");
    for (const text of [
      base64,
      base64.replaceAll(/.{76}/g, "$&\n"),
      Buffer.from(bytes).toString("base64url"),
    ]) {
      const found = findMessage(Buffer.from(text));
      expect([found.form, Buffer.from(found.bytes).equals(bytes)]).toEqual(["base64", true]);
    }
  });

  test("finds it behind the header of HTTP", () => {
    for (const start of ["POST /syncml HTTP/1.1", "HTTP/1.1 200 OK"]) {
      const saved = Buffer.concat([Buffer.from(`${start}\r\nHost: x\r\n\r\n`), bytes]);
      expect(Buffer.from(findMessage(saved).bytes).equals(bytes)).toBe(true);
    }
  });

  test("takes XML as it is, with a mark or blanks before it", () => {
    for (const xml of ["<a/>", "\ufeff<a/>", "\n <a/>"]) {
      expect(findMessage(Buffer.from(xml)).form).toBe("as it is");
    }
  });
});
