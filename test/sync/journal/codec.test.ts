import { describe, expect, test } from "bun:test";
import type { Fact } from "../../../devices/model/fact.ts";
import { fingerprintOf, packFacts, parseFacts } from "../../../sync/journal/codec.ts";
import {
  FACT_TEXT_CHARACTERS_MAX,
  JOURNAL_FACTS_MAX,
  JOURNAL_RAW_BYTES_TARGET,
} from "../../../sync/limits.ts";
import { factOf, SITE } from "../../contracts/site-rows.ts";

describe("facts on their way", () => {
  test("[5.1] arrive as they were, to the last field", () => {
    const facts = [1, 2, 3].map((seq) => fact(seq));
    const { raw, count } = packFacts(facts);
    expect(parseFacts(raw, range(1, count))).toEqual(facts);
  });

  test("[5.3, 9.1] a frame ends at its limit of facts", () => {
    const facts = Array.from({ length: JOURNAL_FACTS_MAX + 1 }, (_, index) => fact(index + 1));
    expect(packFacts(facts.slice(0, JOURNAL_FACTS_MAX)).count).toBe(JOURNAL_FACTS_MAX);
    expect(packFacts(facts).count).toBe(JOURNAL_FACTS_MAX);
  });

  test("[5.3] a frame ends when it has its bytes, and holds at least one fact", () => {
    const long = (seq: number, characters: number) => fact(seq, { value: "x".repeat(characters) });
    const half = Math.ceil(JOURNAL_RAW_BYTES_TARGET / 2);
    expect(packFacts([long(1, half), long(2, half), long(3, half)]).count).toBe(2);
    expect(packFacts([long(1, FACT_TEXT_CHARACTERS_MAX), fact(2)]).count).toBe(1);
  });

  test("[9.1] the longest text is taken, one character more is refused", () => {
    const at = packFacts([fact(1, { value: "x".repeat(FACT_TEXT_CHARACTERS_MAX) })]);
    expect(parseFacts(at.raw, range(1, 1))).toHaveLength(1);
    const over = packFacts([fact(1, { value: "x".repeat(FACT_TEXT_CHARACTERS_MAX + 1) })]);
    expect(() => parseFacts(over.raw, range(1, 1))).toThrow("fact 1, value");
  });

  test.each([
    ["not JSON", "{"],
    ["not a list", "{}"],
    ["another number of facts", "[]"],
    ["a fact with too few fields", '[["report"]]'],
    ["a fact that is no list", "[7]"],
  ])("[3.8] %s is refused", (_, text) => {
    expect(() => parseFacts(new Uint8Array(Buffer.from(text)), range(1, 1))).toThrow();
  });

  test("[3.8] words that this version does not know are refused, naming the fact and the field", () => {
    const { raw } = packFacts([fact(7, { effect: "undone" as Fact["effect"] })]);
    expect(() => parseFacts(raw, range(7, 1))).toThrow("fact 7, effect");
  });

  test("[6.4] a fingerprint tells facts apart by everything but their number", () => {
    expect(fingerprintOf(fact(1))).toMatch(/^[0-9a-f]{16}$/);
    expect(fingerprintOf({ ...fact(1), seq: 2, siteIncarnation: 9 })).toBe(fingerprintOf(fact(1)));
    const other = { ...fact(1), text: "other" };
    expect(fingerprintOf(other)).not.toBe(fingerprintOf(fact(1)));
  });
});

function fact(seq: number, change: Partial<Fact> = {}): Fact {
  return { ...factOf("till", "6"), site: SITE, siteIncarnation: 1, seq, ...change };
}

function range(first: number, count: number) {
  return { site: SITE, incarnation: 1, first, count };
}
