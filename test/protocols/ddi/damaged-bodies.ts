import { expect } from "bun:test";
import { decodeCbor, encodeCbor, type JsonValue } from "../../../protocols/ddi/cbor.ts";
import {
  type Encoding,
  EXECUTIONS,
  FINISHED,
  readAutoConfirm,
  readConfigData,
  readConfirmation,
  readFeedback,
  readInstalledBase,
} from "../../../protocols/ddi/requests.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { mutated } from "../../harness/mutate.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const READERS = [
  readFeedback,
  readConfirmation,
  readConfigData,
  readInstalledBase,
  readAutoConfirm,
] as const;

/** Bodies with a few bytes changed are read, or refused as what they are; values survive CBOR. */
export function readDamagedBodies(seed: number, rounds: number): void {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  for (let round = 0; round < rounds; round++) {
    const value = bodyOf(random, pick);
    const cbor = encodeCbor(value);
    expect([round, decodeCbor(cbor)]).toEqual([round, value]);
    const encoding: Encoding = random() < 0.5 ? "cbor" : "json";
    const whole = encoding === "cbor" ? cbor : new TextEncoder().encode(JSON.stringify(value));
    const body = random() < 0.2 ? whole : mutated(whole, random);
    try {
      const read = pick(READERS)(body, encoding) as { execution?: string };
      if ("execution" in read) expect<readonly unknown[]>(EXECUTIONS).toContain(read.execution);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw new Error(`round ${round}`, { cause: error });
      expect(error.message).not.toBe("");
    }
  }
}

function bodyOf(random: () => number, pick: <T>(list: readonly T[]) => T): JsonValue {
  const number = pick([0, -1, 23, 24, 255, 65_536, 2 ** 31, -(2 ** 40), 0.1, 1e300]);
  const text = pick(["", "a", "größer", "\u0000\ud83d\ude00", "x".repeat(300), "__proto__"]);
  return pick<() => JsonValue>([
    () => ({
      id: number,
      time: "20261129T095102",
      status: {
        execution: pick(EXECUTIONS),
        result: { finished: pick(FINISHED), progress: { cnt: number, of: null } },
        code: Math.trunc(number % 1000),
        details: [text, "Installed Chunk."],
      },
    }),
    () => ({ confirmation: pick(["confirmed", "denied"]), details: [text], code: 1 }),
    () => ({
      mode: pick(["merge", "replace", "remove"]),
      data: { hw: text, n: number, yes: true },
    }),
    () => ({ name: text, version: "1.0" }),
    () => ({ initiator: text, remark: null, deep: [[[{ a: [random() < 0.5] }]]] }),
  ])();
}
