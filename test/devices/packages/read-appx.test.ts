import { describe, expect, test } from "bun:test";
import { readAppx } from "../../../devices/packages/read-appx.ts";
import { readZipEntry } from "../../../devices/packages/zip-entry.ts";
import {
  familyNameOf,
  fullNameOf,
  publisherIdOf,
} from "../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { MICROSOFT, sampleMsix } from "../../harness/sample-msix.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

describe("package names", () => {
  // Published: every sample of Microsoft's own apps ends with the first, those of Windows with the second.
  test.each([
    [MICROSOFT, "8wekyb3d8bbwe"],
    [
      "CN=Microsoft Windows, O=Microsoft Corporation, L=Redmond, S=Washington, C=US",
      "cw5n1h2txyewy",
    ],
  ])("the hash of %s is %s", (publisher, hash) => {
    expect(publisherIdOf(publisher)).toBe(hash);
  });
});

describe(`readAppx() (TEST_SEED=${SEED})`, () => {
  test("reads who a package is and what it needs", async () => {
    const manifest = await readAppx({
      bytes: await sampleMsix({ dependencies: ["Contoso.VCLibs"] }),
    });
    expect(manifest).toMatchObject({
      isBundle: false,
      displayName: "Contoso Shop",
      publisherDisplayName: "Contoso",
      minimumOsVersion: "10.0.17763.0",
      dependencies: [{ familyName: "Contoso.VCLibs_8wekyb3d8bbwe", minimumVersion: "14.0.0.0" }],
    });
    expect(familyNameOf(manifest.identity)).toBe("Contoso.App_8wekyb3d8bbwe");
    expect(fullNameOf(manifest.identity)).toBe("Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe");
  });

  test("reads a bundle, and leaves out a name that is a resource", async () => {
    const bundle = await readAppx({ bytes: await sampleMsix({ isBundle: true }) });
    expect(fullNameOf(bundle.identity)).toBe("Contoso.App_1.0.0.0_neutral_~_8wekyb3d8bbwe");
    const named = await sampleMsix({ displayName: "ms-resource:AppName" });
    expect((await readAppx({ bytes: named })).displayName).toBeNull();
  });

  test.each([
    ["no ZIP", new TextEncoder().encode("MZ is no package"), "zip-malformed"],
    ["an empty file", new Uint8Array(0), "zip-malformed"],
  ])("%s is refused", async (_, bytes, rule) => {
    await expect(readAppx({ bytes })).rejects.toMatchObject({ rule });
  });

  test.each([
    [{ name: "a" }, "no name"],
    [{ version: "1.0" }, "no version"],
  ])("a manifest with %o is refused", async (change, words) => {
    const bytes = await sampleMsix(change);
    await expect(readAppx({ bytes })).rejects.toThrow(words);
  });

  test("an entry over its limit is refused before it is unpacked", async () => {
    const bytes = await sampleMsix();
    await expect(readZipEntry({ bytes }, ["appxmanifest.xml"], 100)).rejects.toMatchObject({
      rule: "zip-entry-too-large",
    });
  });

  test("damaged packages are refused by name or read, and never hang", async () => {
    const random = seededRandom(SEED);
    const whole = await sampleMsix();
    for (let n = 0; n < 150; n++) {
      const bytes = Uint8Array.from(
        whole.subarray(0, n % 3 === 0 ? Math.floor(random() * whole.length) : whole.length),
      );
      for (let flips = 0; flips < 4 && bytes.length > 0; flips++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      await readAppx({ bytes }).catch((error: unknown) => {
        expect(error).toBeInstanceOf(ProtocolError);
      });
    }
  });
});
