import { describe, expect, test } from "bun:test";
import {
  basicCredential,
  digestCredential,
  isWeaker,
  schemeOf,
  secretHashOf,
  verifyBasic,
  verifyDigest,
} from "../../../protocols/oma-dm/credentials.ts";

// The example of the OMA DM security specification.
const HASH = "PtEdr8lBQ45IbT1bZIkrOQ==";
const NONCE = Buffer.from("Nonce").toString("base64");

describe("credentials", () => {
  test("the stored secret is B64(H(user:password))", () => {
    expect(secretHashOf("Bruce2", "OhBehave")).toBe(HASH);
  });

  test("basic is B64(user:password)", () => {
    const { data, type } = basicCredential("Bruce2", "OhBehave");
    expect([type, data]).toEqual(["syncml:auth-basic", "QnJ1Y2UyOk9oQmVoYXZl"]);
    expect(verifyBasic(data, HASH)).toBe(true);
  });

  test("MD5 is the digest of the specification", () => {
    const { data, type } = digestCredential(HASH, NONCE);
    expect([type, data]).toEqual(["syncml:auth-md5", "Zz6EivR3yeaaENcRN6lpAQ=="]);
    expect(verifyDigest(data, HASH, NONCE)).toBe(true);
  });

  test("anything else is wrong", () => {
    const { data } = digestCredential(HASH, NONCE);
    expect(verifyDigest(data, HASH, Buffer.from("Nonce2").toString("base64"))).toBe(false);
    expect(verifyDigest(data, secretHashOf("Bruce2", "other"), NONCE)).toBe(false);
    expect(verifyDigest("", HASH, NONCE)).toBe(false);
    expect(verifyDigest(data.slice(0, 8), HASH, NONCE)).toBe(false);
    expect(verifyDigest(`AAAA${data}`, HASH, NONCE)).toBe(false);
    expect(verifyBasic(basicCredential("Bruce2", "ohbehave").data, HASH)).toBe(false);
    expect(verifyBasic("", HASH)).toBe(false);
    expect(verifyBasic("not base64 at all", HASH)).toBe(false);
  });

  test("a password may hold colons and any letter", () => {
    const hash = secretHashOf("käthe", "a:b:ç€");
    expect(verifyBasic(basicCredential("käthe", "a:b:ç€").data, hash)).toBe(true);
  });

  test("the name of a scheme is found in any case, an unknown one is not", () => {
    expect(schemeOf("SyncML:Auth-MD5")).toBe("syncml:auth-md5");
    expect(schemeOf("syncml:AUTH-mac")).toBe("syncml:auth-MAC");
    expect(schemeOf("syncml:auth-X509")).toBeUndefined();
  });

  test("any proof is enough where any is, a weaker one is never", () => {
    const order = [
      "syncml:auth-basic",
      "syncml:auth-md5",
      "syncml:auth-MAC",
      "certificate",
    ] as const;
    for (const [index, proof] of order.entries()) {
      expect(isWeaker(proof, "any")).toBe(false);
      expect(order.map((required) => isWeaker(proof, required))).toEqual(
        order.map((_, other) => index < other),
      );
    }
  });
});
