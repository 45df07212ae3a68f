import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { AppError } from "../../../devices/model/errors.ts";
import type { NewDevice } from "../../../devices/service/register-device.ts";
import { asItSends } from "../../../gateway/http/as-it-sends.ts";

const { publicKey } = generateKeyPairSync("ed25519");
const DER = publicKey.export({ type: "spki", format: "der" }).toString("base64");
const PEM = publicKey.export({ type: "spki", format: "pem" }).toString();
const MENDER = { platform: "Windows", protocol: "mender" } as const;

function pointerOf(wanted: NewDevice): string | undefined {
  try {
    asItSends(wanted);
  } catch (error) {
    if (error instanceof AppError) return error.fields[0]?.pointer;
    throw error;
  }
  return undefined;
}

describe("asItSends()", () => {
  test.each([PEM, DER])(
    "writes an identity and a key of Mender as its client does: %s",
    (token) => {
      const wanted = { ...MENDER, stableId: '{ "sn": "7", "mac": "02" }', token };
      expect(asItSends(wanted)).toEqual({
        ...MENDER,
        stableId: '{"mac":"02","sn":"7"}',
        name: "02 7",
        token: DER,
      });
      expect(asItSends({ ...wanted, name: "Till" }).name).toBe("Till");
    },
  );

  test("leaves a hashed identity, and what it does not know, as it is", () => {
    const hashed = { ...MENDER, stableId: `sha256:${"0".repeat(64)}`, token: DER };
    expect(asItSends(hashed)).toEqual(hashed);
    const kiosk = { platform: "Windows", protocol: "ddi", stableId: "{a}" } as const;
    expect(asItSends(kiosk)).toBe(kiosk);
  });

  test("writes a UUID of Windows CE as its client does", () => {
    const wanted = { platform: "Windows", protocol: "ce", stableId: "{0f3b0c2d-4e5a}" } as const;
    expect(asItSends(wanted).stableId).toBe("0F3B0C2D-4E5A");
  });

  test("a device that its protocol calls otherwise keeps its stable id", () => {
    const till = { ...MENDER, stableId: "till-7", externalId: '{ "mac": "02" }', token: DER };
    expect(asItSends(till)).toEqual({ ...till, externalId: '{"mac":"02"}', name: "02" });
    expect(pointerOf({ ...till, externalId: "02:00" })).toBe("/externalId");
    const ce = { platform: "Windows", protocol: "ce", stableId: "till 7" } as const;
    expect(asItSends({ ...ce, externalId: "{0f3b}" })).toEqual({ ...ce, externalId: "0F3B" });
  });

  test("names what no client can send", () => {
    expect(pointerOf({ ...MENDER, stableId: "02:00" })).toBe("/stableId");
    expect(pointerOf({ ...MENDER, stableId: '{"a":"b"}', token: "-----BEGIN X" })).toBe("/token");
    expect(pointerOf({ platform: "Windows", protocol: "ce", stableId: "till 7" })).toBe(
      "/stableId",
    );
  });
});
