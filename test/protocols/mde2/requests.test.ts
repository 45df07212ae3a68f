import { describe, expect, test } from "bun:test";
import { createPublicKey } from "node:crypto";
import { ProtocolError } from "../../../protocols/errors.ts";
import {
  REQUEST_BYTES_MAX,
  readCertificateRequest,
} from "../../../protocols/mde2/certificate-request.ts";
import {
  readRenewalRequest,
  SIGNED_REQUEST_BYTES_MAX,
} from "../../../protocols/mde2/renewal-request.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { oldCertificateKey, request } from "./requests.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const OIW_SHA_1 = Buffer.from("2b0e03021d", "hex");

describe("readCertificateRequest()", () => {
  test("what Windows sends", async () => {
    const read = readCertificateRequest(await request("windows-rsa-2048.der"));
    expect(read.subject).toBe("CN=5B0C3A77-9E1D-4C2B-8F64-0D2E7C!9C41E07B5D3A4F8E8B21C6D50F7A3E12");
    expect(read.hasDefaultSubject).toBe(false);
    const key = createPublicKey({ key: Buffer.from(read.publicKey), format: "der", type: "spki" });
    expect(key.asymmetricKeyDetails?.modulusLength).toBe(2048);
  });

  test.each(["ec-p256.der", "sha-1.der"])("%s is fine", async (name) => {
    expect(readCertificateRequest(await request(name)).publicKey.length).toBeGreaterThan(0);
  });

  test("the SHA-1 of old clients goes by another name", async () => {
    // The algorithm stands outside of what is signed: 1.2.840.113549.1.1.5 becomes 1.3.14.3.2.29.
    const bytes = Buffer.from(await request("sha-1.der"));
    const at = bytes.lastIndexOf(Buffer.from("300d06092a864886f70d0101050500", "hex"));
    const renamed = Buffer.concat([
      bytes.subarray(0, at),
      Buffer.from("3009", "hex"),
      Buffer.from("0605", "hex"),
      OIW_SHA_1,
      Buffer.from("0500", "hex"),
      bytes.subarray(at + 15),
    ]);
    renamed.writeUInt16BE(renamed.length - 4, 2);
    expect(readCertificateRequest(renamed).subject).toBe("CN=old client");
  });

  test("the default subject is recognised; it is no reason to refuse, for it is replaced", async () => {
    expect(readCertificateRequest(await request("default-subject.der"))).toMatchObject({
      hasDefaultSubject: true,
    });
  });

  test.each([
    ["weak-rsa-1024.der", "mde2-weak-key: an RSA key has 2048 to 4096 bits, this one 1024"],
    ["exponent-3.der", "mde2-weak-key: the exponent of the RSA key is 3"],
    ["ed25519.der", "mde2-weak-key: a key of the kind ed25519 is not accepted"],
    ["other-curve.der", "mde2-weak-key: a key of the kind ec is not accepted"],
    ["md5.der", "mde2-signature: the signature algorithm 1.2.840.113549.1.1.4 is not accepted"],
  ])("%s is refused", async (name, said) => {
    const bytes = await request(name);
    expect(refusalOf(() => readCertificateRequest(bytes))).toBe(said);
  });

  test("a signature that is not the key's is refused", async () => {
    const bytes = Uint8Array.from(await request("windows-rsa-2048.der"));
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    expect(refusalOf(() => readCertificateRequest(bytes))).toBe(
      "mde2-signature: the certificate request is not signed with its own key",
    );
  });

  test("a key put in the place of the signed one is refused", async () => {
    const bytes = Buffer.from(await request("windows-rsa-2048.der"));
    const at = bytes.indexOf(Buffer.from("0282010100", "hex")) + 20;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    expect(refusalOf(() => readCertificateRequest(bytes))).toStartWith("mde2-signature: ");
  });

  test("more bytes than the limit, bytes behind the end, and no bytes are refused", async () => {
    const bytes = await request("windows-rsa-2048.der");
    for (const wrong of [
      new Uint8Array(REQUEST_BYTES_MAX + 1),
      Buffer.concat([bytes, Buffer.from([0])]),
      new Uint8Array(),
    ]) {
      expect(refusalOf(() => readCertificateRequest(wrong))).toStartWith(
        "mde2-certificate-request",
      );
    }
  });

  // Goal: no bytes end in anything but a request or a refusal that names its rule.
  test(`mutated requests are refused (TEST_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    const seeds = [await request("windows-rsa-2048.der"), await request("ec-p256.der")];
    for (let round = 0; round < 2_000; round++) {
      const bytes = mutated(seeds[round % 2] ?? new Uint8Array(), random);
      const said = refusalOf(() => readCertificateRequest(bytes));
      expect(said).toMatch(/^(mde2-(certificate-request|weak-key|signature): |nothing)/);
    }
  });
});

describe("readRenewalRequest()", () => {
  const names = ["renewal-signed-attributes.p7", "renewal-plain.p7"];

  test.each(names)("%s: the request inside, and who signed it", async (name) => {
    const read = readRenewalRequest(await request(name));
    expect(read.request).toEqual(await request("windows-rsa-2048.der"));
    expect(read.serial).toBe("7a01");
    expect(read.isSignedBy(createPublicKey(await oldCertificateKey()))).toBe(true);
    const { publicKey } = readCertificateRequest(read.request);
    const another = createPublicKey({ key: Buffer.from(publicKey), format: "der", type: "spki" });
    expect(read.isSignedBy(another)).toBe(false);
  });

  test.each(names)("%s: another request inside is not what was signed", async (name) => {
    const bytes = Buffer.from(await request(name));
    const at = bytes.indexOf(Buffer.from(await request("windows-rsa-2048.der"))) + 40;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const key = createPublicKey(await oldCertificateKey());
    expect(readRenewalRequest(bytes).isSignedBy(key)).toBe(false);
  });

  test("a signer without a serial number, a bare request, and too many bytes are refused", async () => {
    for (const wrong of [
      await request("renewal-by-key-id.p7"),
      await request("windows-rsa-2048.der"),
      new Uint8Array(SIGNED_REQUEST_BYTES_MAX + 1),
    ]) {
      expect(refusalOf(() => readRenewalRequest(wrong))).toStartWith("mde2-certificate-request: ");
    }
  });

  test(`mutated renewals are never taken for signed (TEST_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    const key = createPublicKey(await oldCertificateKey());
    const original = await request("windows-rsa-2048.der");
    for (let round = 0; round < 2_000; round++) {
      const bytes = mutated(await request(names[round % 2] ?? ""), random);
      try {
        const read = readRenewalRequest(bytes);
        if (read.isSignedBy(key)) expect(read.request).toEqual(original);
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        expect(error.rule).toMatch(/^mde2-(certificate-request|signature)$/);
      }
    }
  });
});

function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const places = 1 + Math.floor(random() * 3);
  for (let count = 0; count < places; count++) {
    changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
  }
  return random() < 0.2 ? changed.subarray(0, Math.floor(random() * changed.length)) : changed;
}

function refusalOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.rule}: ${error.message}`;
    throw error;
  }
  return "nothing was refused";
}
