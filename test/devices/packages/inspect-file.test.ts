import { describe, expect, test } from "bun:test";
import { inspectFile, nameProblem } from "../../../devices/packages/inspect-file.ts";
import { bytesSource } from "../../../devices/packages/range-source.ts";
import { MENDER_TEXT_BYTES_MAX } from "../../../devices/packages/read-mender.ts";
import {
  sampleCpio,
  sampleMender,
  sampleTar,
} from "../../../gateway/demo/packages/sample-archives.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import { PRODUCT_CODE, sampleMsi } from "../../../gateway/demo/packages/sample-msi.ts";
import { SW_DESCRIPTION_BYTES_MAX } from "../../../protocols/content/sw-description.ts";
import { sampleApk } from "../../harness/sample-apk.ts";
import { sampleMsix } from "../../harness/sample-msix.ts";
import { samplePe } from "../../harness/sample-pe.ts";
import { sampleSwu } from "../../harness/sample-swu.ts";
import { sampleXap, sampleZip } from "../../harness/sample-zip.ts";

const inspect = (bytes: Uint8Array) => inspectFile(bytesSource(bytes));
const TEXT = (text: string) => new TextEncoder().encode(text);

/** Two strings of 100 bytes at the same place, where there is no room for two. */
function sharedStrings(): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(8 + 28 + 8 + 2 + 100));
  bytes.setUint16(0, 0x0003, true);
  bytes.setUint16(2, 8, true);
  bytes.setUint16(8, 0x0001, true);
  bytes.setUint16(8 + 2, 28, true);
  bytes.setUint32(8 + 4, bytes.byteLength - 8, true);
  bytes.setUint32(8 + 8, 2, true);
  bytes.setUint32(8 + 16, 0x100, true);
  bytes.setUint32(8 + 20, 28 + 8, true);
  bytes.setUint16(8 + 28 + 8, 100 | (100 << 8), true);
  return new Uint8Array(bytes.buffer);
}

describe("inspectFile()", () => {
  test.each<[string, () => Uint8Array | Promise<Uint8Array>, object]>([
    [
      "a cabinet",
      () => sampleCab({ folders: [[{ path: "a.txt", content: "a" }]] }),
      { kind: "cab", cab: { files: [{ path: "a.txt", bytes: 1 }] } },
    ],
    ["an MSI", () => sampleMsi(), { kind: "msi", msi: { productCode: PRODUCT_CODE } }],
    ["a document", () => sampleMsi({ properties: null }), { kind: "document" }],
    ["a program", () => samplePe(), { kind: "pe", pe: { version: { fileVersion: "2.0.0.0" } } }],
    ["a program of DOS", () => TEXT(`MZ${"\0".repeat(100)}`), { kind: "other" }],
    [
      "an MSIX",
      () => sampleMsix(),
      { kind: "appx", appx: { identity: { name: "Contoso.App", version: "1.0.0.0" } } },
    ],
    ["a bundle", () => sampleMsix({ isBundle: true }), { kind: "appx", appx: { isBundle: true } }],
    [
      "a XAP",
      () => sampleXap(),
      {
        kind: "xap",
        xap: {
          productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
          version: "1.2.0.0",
          title: "Till",
          publisher: "Contoso Ltd",
        },
      },
    ],
    [
      "a XAP whose title is a resource",
      () => sampleXap({ title: "@AppResLib.dll,-100" }),
      { kind: "xap", xap: { title: null } },
    ],
    [
      "an APK",
      () => sampleApk(),
      {
        kind: "apk",
        apk: {
          packageName: "com.contoso.till",
          versionCode: "7",
          versionName: "1.0 βeta",
          label: "Kasse",
          minSdk: 21,
          targetSdk: 34,
        },
      },
    ],
    [
      "an APK with a large number, whose name is a resource",
      () => sampleApk({ versionCodeMajor: 3, versionName: 0x7f01_0001, isUtf16: true }),
      { kind: "apk", apk: { versionCode: "12884901895", versionName: null } },
    ],
    [
      "a signed SWU",
      () => sampleSwu(),
      {
        kind: "swu",
        swu: {
          name: "Till",
          version: "1.0.2",
          hardware: ["1.0", "#RE:^2", "rev-b"],
          isSigned: true,
          files: [{ name: "rootfs.ext4", bytes: 1_000 }],
        },
      },
    ],
    [
      "an SWU that is described in JSON",
      () => sampleSwu('{"software":{"version":"3","name":"x"}}', false),
      { kind: "swu", swu: { name: "x", version: "3", hardware: [], isSigned: false } },
    ],
    ["another cpio archive", () => sampleCpio([["etc/passwd", "root"]]), { kind: "cpio" }],
    ...(["", ".gz", ".zst"] as const).map((compression): [string, () => Uint8Array, object] => [
      `a Mender artifact with header.tar${compression}`,
      () => sampleMender({ compression, isSigned: compression === "" }),
      {
        kind: "mender",
        mender: {
          formatVersion: 3,
          isSigned: compression === "",
          header: {
            artifactName: "release-2",
            deviceTypes: ["beaglebone"],
            payloadTypes: ["rootfs-image"],
          },
        },
      },
    ]),
    [
      "a Mender artifact of version 2",
      () => sampleMender({ formatVersion: 2 }),
      { mender: { header: { artifactName: "release-2", payloadTypes: ["rootfs-image"] } } },
    ],
    [
      "a Mender artifact whose header is not unpacked here",
      () => sampleMender({ compression: ".xz" }),
      { kind: "mender", mender: { header: null, compression: "XZ" } },
    ],
    ["another tar archive", () => sampleTar([["a", "b"]]), { kind: "tar" }],
    ["another ZIP file", () => sampleZip({ a: "b" }), { kind: "zip" }],
    ["a Debian package", () => TEXT("!<arch>\ndebian-binary   "), { kind: "deb" }],
    ["an AppImage", () => TEXT("\x7fELF\x02\x01\x01\0AI\x02"), { kind: "appimage" }],
    ["a program of Linux", () => TEXT("\x7fELF\x02\x01\x01\0\0\0\0"), { kind: "elf" }],
    ["text", () => TEXT("hello"), { kind: "other" }],
    ["nothing", () => new Uint8Array(0), { kind: "other" }],
  ])("%s", async (_, sample, expected) => {
    expect(await inspect(await sample())).toMatchObject(expected);
  });

  test.each<[string, () => Uint8Array | Promise<Uint8Array>, string, string]>([
    ["a cabinet", () => TEXT("MSCF and no more, whatever else it was"), "cab", "file-truncated"],
    ["a ZIP file", () => TEXT("PK\x03\x04 and no more"), "zip", "zip-malformed"],
    ["an archive", () => sampleCpio([["a", "b"]]).slice(0, 150), "cpio", "file-truncated"],
    ["an SWU", () => sampleSwu("software = {"), "cpio", "libconfig"],
    [
      "an SWU whose description has no end",
      () => sampleSwu(`a = "${"x".repeat(SW_DESCRIPTION_BYTES_MAX)}";`),
      "cpio",
      "cpio-malformed",
    ],
    [
      "an encrypted SWU",
      () => sampleSwu("software").fill(0xff, 128, 130),
      "cpio",
      "sw-description",
    ],
    ["a XAP", () => sampleXap({ productId: "none" }), "zip", "xap-manifest"],
    ["an APK", () => sampleApk({ packageName: "no name" }), "zip", "android-manifest"],
    [
      "an APK whose strings share their bytes",
      () => sampleZip({ "AndroidManifest.xml": sharedStrings() }),
      "zip",
      "binary-xml",
    ],
    [
      "an artifact with a manifest of many lines",
      () => {
        const manifest = "x\n".repeat(MENDER_TEXT_BYTES_MAX / 2 + 1);
        const version = '{"format":"mender","version":3}';
        return sampleTar([
          ["version", version],
          ["manifest", manifest],
          ["header.tar.gz", ""],
        ]);
      },
      "tar",
      "mender-malformed",
    ],
    [
      "an artifact whose header was exchanged",
      () => {
        const bytes = sampleMender({ compression: "" });
        bytes[3 * 1024 + 600] = (bytes[3 * 1024 + 600] ?? 0) ^ 1;
        return bytes;
      },
      "tar",
      "mender-checksum",
    ],
  ])("%s that is damaged says so", async (_, sample, kind, rule) => {
    expect(await inspect(await sample())).toMatchObject({ kind, problem: { rule } });
  });
});

test.each([
  ["a.cab", "cab", undefined],
  ["a.CAB", "zip", "It is called a.CAB, but its bytes are those of a ZIP file."],
  ["shop.msixbundle", "appx", undefined],
  ["shop.msi", "pe", "It is called shop.msi, but its bytes are those of a Windows program."],
  ["dos.exe", "other", undefined],
  ["notes.txt", "cab", undefined],
  ["notes", "other", undefined],
] as const)("nameProblem(): %s of the kind %s", (name, kind, expected) => {
  expect(nameProblem(name, kind)).toBe(expected);
});
