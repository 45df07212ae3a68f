import { describe, expect, test } from "bun:test";
import { bytesSource } from "../../../devices/packages/range-source.ts";
import { readZipPackage } from "../../../devices/packages/read-zip-package.ts";
import { readZipEntries } from "../../../devices/packages/zip-entry.ts";
import { APPX_DEPENDENCIES_MAX } from "../../../protocols/content/appx-manifest.ts";
import {
  familyNameOf,
  fullNameOf,
  publisherIdOf,
} from "../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { MICROSOFT, sampleMsix } from "../../harness/sample-msix.ts";

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

/** The manifest of a packaged app. */
async function readAppx({ bytes }: { readonly bytes: Uint8Array }) {
  const found = await readZipPackage(bytesSource(bytes));
  if (found.kind !== "appx") throw new Error(`it is read as ${found.kind}`);
  return found.manifest;
}

describe("a packaged app", () => {
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

  test("it may need so many others, and no more", async () => {
    // The sample names a family of devices beside them.
    const names = Array.from({ length: APPX_DEPENDENCIES_MAX }, (_, n) => `Contoso.Lib${n}`);
    const most = await sampleMsix({ dependencies: names.slice(1) });
    expect((await readAppx({ bytes: most })).dependencies).toHaveLength(names.length - 1);
    const bytes = await sampleMsix({ dependencies: names });
    await expect(readAppx({ bytes })).rejects.toThrow("dependencies");
  });

  test("an entry over its limit is refused before it is unpacked", async () => {
    const bytes = await sampleMsix();
    await expect(
      readZipEntries(bytesSource(bytes), ["appxmanifest.xml"], 100),
    ).rejects.toMatchObject({
      rule: "zip-entry-too-large",
    });
  });
});
