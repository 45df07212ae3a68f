import { describe, expect, test } from "bun:test";
import { statesOf } from "../../../devices/install/matrix.ts";
import { MATRIX_ROWS } from "../../../devices/install/matrix-rows.ts";
import { NUMBERED_ROWS, rowNumberOf, rowOfNumber } from "../../../devices/install/row-numbers.ts";
import { PLATFORMS } from "../../../devices/model/device.ts";
import { STATUSES } from "../../../devices/model/installation.ts";

/** The rows that were there when documents were first written, and their digest. Never change them. */
const FIRST_ROWS = 105;
const FIRST_ROWS_SHA256 = "04adbc6501f6ecf841c1b85eacd72058d6021ecffa1e17efe630ca82533634c5";

describe("row numbers", () => {
  test("the first rows keep their numbers for ever: sites and hubs of other versions hold them", () => {
    const first = NUMBERED_ROWS.slice(0, FIRST_ROWS).map((row) => [
      row.platform,
      row.status,
      row.state,
    ]);
    const digest = new Bun.CryptoHasher("sha256").update(JSON.stringify(first)).digest("hex");
    expect(digest).toBe(FIRST_ROWS_SHA256);
  });

  test("0 to 55 are the rows of the matrix", () => {
    const rows = MATRIX_ROWS.map(({ platform, canonicalStatus: status, state }) => ({
      platform,
      status,
      state,
    }));
    expect(NUMBERED_ROWS.slice(0, rows.length)).toEqual(rows);
  });

  test("every state of every platform has a number, and every status without a state", () => {
    for (const platform of PLATFORMS) {
      for (const status of STATUSES) {
        for (const state of [...statesOf(platform, status), null]) {
          const number = rowNumberOf(platform, status, state);
          expect(rowOfNumber(number ?? -1)).toEqual({ platform, status, state });
        }
      }
    }
  });

  test("no row has two numbers", () => {
    const keys = NUMBERED_ROWS.map((row) => JSON.stringify(row));
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("what is none", () => {
    expect(rowNumberOf("iOS", "failed", "Failed download")).toBeUndefined();
    expect([-1, 0.5, NUMBERED_ROWS.length, Number.NaN].map(rowOfNumber)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
