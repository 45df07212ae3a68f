import { expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeDocument } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { loadFixtures } from "./fixtures.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(Bun.env.TEST_RUNS ?? 1500);
const seeds = [
  ...(await loadFixtures("valid", ".json")),
  ...(await loadFixtures("fragments", ".json")),
].map(({ bytes }) => bytes);

const TOKENS = ["<", ">", "&", '"', "</", "/>", "<!--", "]]>", "<Item>", "<Atomic>", "&#0;", "\0"];

// Goal: whatever bytes come, they are understood or refused with a rule; and what is understood can
// be said again and means the same.
test(`mutated messages are understood or refused (TEST_SEED=${SEED})`, () => {
  let understood = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("flip", "cut", "copy", "token")), {
        minLength: 1,
        maxLength: 4,
      }),
      (seed, edits) => {
        const bytes = edits.reduce(mutate, seed);
        try {
          const document = decodeDocument(parseXml(bytes));
          understood += 1;
          if (!("header" in document)) return;
          const again = decodeDocument(parseXml(printXml(encodeMessage(document))));
          expect(again).toEqual(document);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          expect(error.rule).toMatch(/^(xml|syncml)-[a-z0-9-]+$/);
        }
      },
    ),
    { seed: SEED, numRuns: RUNS },
  );
  expect(understood).toBeGreaterThan(0);
});

function mutate(bytes: Uint8Array, [a, b, kind]: [number, number, string]): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = a % bytes.length;
  const end = Math.min(bytes.length, at + 1 + (b % 40));
  const [head, middle, tail] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  switch (kind) {
    case "flip": {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = b % 256;
      return flipped;
    }
    case "cut":
      return Buffer.concat([head, tail]);
    case "copy":
      return Buffer.concat([head, middle, middle, tail]);
    default:
      return Buffer.concat([head, Buffer.from(TOKENS[b % TOKENS.length] ?? ""), middle, tail]);
  }
}
