import { describe, expect, test } from "bun:test";
import {
  CBOR_DEPTH_MAX,
  CBOR_VALUES_MAX,
  decodeCbor,
  encodeCbor,
} from "../../../protocols/ddi/cbor.ts";
import { ProtocolError } from "../../../protocols/errors.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

describe("CBOR", () => {
  // [RFC 8949, appendix A]
  test.each([
    ["00", 0],
    ["17", 23],
    ["1818", 24],
    ["1903e8", 1000],
    ["1a000f4240", 1_000_000],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["20", -1],
    ["3903e7", -1000],
    ["f90000", 0],
    ["f93c00", 1],
    ["f97bff", 65_504],
    ["f90001", 2 ** -24],
    ["f9c400", -4],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["60", ""],
    ["6449455446", "IETF"],
    ["62c3bc", "ü"],
    ["80", []],
    ["8301820203820405", [1, [2, 3], [4, 5]]],
    ["a26161016162820203", { a: 1, b: [2, 3] }],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
    ["7f657374726561646d696e67ff", "streaming"],
    ["c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"],
  ])("reads %s", (hex, value) => {
    expect(decodeCbor(bytes(hex))).toEqual(value);
  });

  test.each([
    ["", "breaks off"],
    ["61", "breaks off"],
    ["62c328", "UTF-8"],
    ["4101", "bytes"],
    ["a10102", "key"],
    ["ff", "ends"],
    ["81ff", "too early"],
    ["0000", "goes on"],
    ["1c", "no form"],
    ["1bffffffffffffffff", "too large"],
    ["f8ff", "simple"],
    ["7f4161ff", "part"],
    ["bf6161ff", "after a key"],
  ])("refuses %s", (hex, why) => {
    expect(() => decodeCbor(bytes(hex))).toThrow(ProtocolError);
    expect(() => decodeCbor(bytes(hex))).toThrow(why);
  });

  test("is read to its limits", () => {
    const nested = (depth: number) => bytes(`${"81".repeat(depth)}00`);
    expect(() => decodeCbor(nested(CBOR_DEPTH_MAX))).not.toThrow();
    expect(() => decodeCbor(nested(CBOR_DEPTH_MAX + 1))).toThrow("deep");
    expect(() => decodeCbor(bytes(`9f${"00".repeat(CBOR_VALUES_MAX)}ff`))).toThrow("values");
  });

  test("what is written is read as it was", () => {
    const value = {
      id: "8",
      list: [
        0,
        23,
        24,
        255,
        256,
        65_535,
        65_536,
        2 ** 32,
        2 ** 40,
        -1,
        -25,
        -(2 ** 33),
        1.5,
        -0.25,
      ],
      nested: { yes: true, no: false, none: null, text: "übergroß ".repeat(40) },
    };
    expect(decodeCbor(encodeCbor(value))).toEqual(value);
    expect(decodeCbor(encodeCbor({ a: 1, b: undefined }))).toEqual({ a: 1 });
  });
});
