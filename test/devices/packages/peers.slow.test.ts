import { afterAll, beforeAll, expect } from "bun:test";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CabMembers } from "../../../devices/packages/cab-member.ts";
import { FileSource } from "../../../devices/packages/range-source.ts";
import { readCab } from "../../../devices/packages/read-cab.ts";
import { readMender } from "../../../devices/packages/read-mender.ts";
import { msiCabinet, readMsi } from "../../../devices/packages/read-msi.ts";
import { readSwu } from "../../../devices/packages/read-swu.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import { sampleMsi } from "../../../gateway/demo/packages/sample-msi.ts";
import { SW_DESCRIPTION } from "../../harness/sample-swu.ts";
import { testUnless } from "../../harness/skip.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "outpost-peers-"));
});
afterAll(() => rm(folder, { recursive: true }));

const missing = (command: string, debian: string) =>
  Bun.which(command) === null
    ? `needs ${command} as an independent peer: apt-get install ${debian}`
    : undefined;
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");
const big = Buffer.alloc(200_000, "the quick brown fox ");

function run(command: readonly string[], stdin?: string): string {
  const done = Bun.spawnSync([...command], {
    cwd: folder,
    ...(stdin !== undefined && { stdin: Buffer.from(stdin) }),
  });
  if (done.exitCode !== 0) throw new Error(`${command.join(" ")}: ${done.stderr}`);
  return done.stdout.toString();
}

testUnless(missing("cabextract", "cabextract"))("cabextract takes our cabinets", async () => {
  await Bun.write(
    join(folder, "ours.cab"),
    sampleCab({
      folders: [
        [
          { path: "a.txt", content: "hello" },
          { path: "big.bin", content: big },
        ],
      ],
    }),
  );
  run(["cabextract", "-q", "-d", "ours", "ours.cab"]);
  expect(await Bun.file(join(folder, "ours/a.txt")).text()).toBe("hello");
  expect(md5(await Bun.file(join(folder, "ours/big.bin")).bytes())).toBe(md5(big));
});

testUnless(missing("gcab", "gcab"))("cabinets of gcab are unpacked", async () => {
  await Bun.write(join(folder, "big.bin"), big);
  for (const how of [["-z"], []]) {
    run(["gcab", "-c", ...how, "theirs.cab", "big.bin"]);
    await using source = await FileSource.open(join(folder, "theirs.cab"));
    const members = new CabMembers(source, await readCab(source));
    const file = members.find("big.bin");
    if (file === undefined) throw new Error("it is not listed");
    expect(md5(await members.open(file).read(0, big.length))).toBe(md5(big));
  }
});

testUnless(missing("wixl", "wixl"))("an MSI of wixl is read, its cabinet too", async () => {
  await Bun.write(join(folder, "big.bin"), big);
  const guid = (digit: string) => `{${digit.repeat(8)}-9ABC-4DEF-8123-456789ABCDEF}`;
  await Bun.write(
    join(folder, "a.wxs"),
    `<?xml version="1.0" encoding="utf-8"?>
<Wix xmlns="http://schemas.microsoft.com/wix/2006/wi">
<Product Id="${guid("1")}" Name="Käse" Language="1033" Codepage="1252" Version="1.2.3"
  Manufacturer="Contoso" UpgradeCode="${guid("2")}">
<Package Compressed="yes" InstallerVersion="200"/><Media Id="1" Cabinet="product.cab" EmbedCab="yes"/>
<Directory Id="TARGETDIR" Name="SourceDir"><Component Id="C" Guid="${guid("3")}">
<File Id="FA" Name="a long file name.bin" Source="big.bin" KeyPath="yes"/></Component></Directory>
<Feature Id="F" Level="1"><ComponentRef Id="C"/></Feature></Product></Wix>`,
  );
  run(["wixl", "-a", "x64", "a.wxs", "-o", "a.msi"]);
  await using source = await FileSource.open(join(folder, "a.msi"));
  expect(await readMsi(source)).toEqual({
    productCode: guid("1"),
    upgradeCode: guid("2"),
    productVersion: "1.2.3",
    productName: "Käse",
    manufacturer: "Contoso",
    architecture: "x64",
    files: [{ name: "a long file name.bin", bytes: big.length, version: null }],
    cabinets: [{ name: "product.cab", isEmbedded: true }],
  });
  const cabinet = await msiCabinet(source, "product.cab");
  if (cabinet === undefined) throw new Error("no cabinet");
  const members = new CabMembers(cabinet, await readCab(cabinet));
  const file = members.find("FA");
  if (file === undefined) throw new Error("it is not listed");
  expect(md5(await members.open(file).read(0, big.length))).toBe(md5(big));
});

testUnless(missing("msiextract", "msitools"))("msiextract takes our MSI", async () => {
  const cabinet = sampleCab({ folders: [[{ path: "F0", content: big }]] });
  const files = [{ name: "big.bin", bytes: big.length }];
  await Bun.write(join(folder, "ours.msi"), sampleMsi({ files, cabinet }));
  run(["msiextract", "-C", "ours-msi", "ours.msi"]);
  const file = join(folder, "ours-msi/Program Files/Sample app/big.bin");
  expect(md5(await Bun.file(file).bytes())).toBe(md5(big));
  const facts = run(["msiinfo", "suminfo", "ours.msi"]);
  expect(facts).toContain("Template: x64;1033");
  expect(run(["msiinfo", "export", "ours.msi", "InstallExecuteSequence"])).toContain(
    "InstallFiles",
  );
});

testUnless(missing("cpio", "cpio"))("an SWU of cpio is read, in both its forms", async () => {
  await Bun.write(join(folder, "sw-description"), SW_DESCRIPTION);
  await Bun.write(join(folder, "big.bin"), big);
  for (const format of ["newc", "crc"]) {
    run(["cpio", "-o", "-H", format, "-F", "a.swu"], "sw-description\nbig.bin\n");
    await using source = await FileSource.open(join(folder, "a.swu"));
    expect(await readSwu(source)).toMatchObject({
      version: "1.0.2",
      isSigned: false,
      files: [{ name: "big.bin", bytes: big.length }],
    });
  }
});

testUnless(missing("mender-artifact", "mender-artifact"))(
  "artifacts of mender-artifact are read",
  async () => {
    await Bun.write(join(folder, "big.bin"), big);
    for (const compression of ["none", "gzip"]) {
      const name = [
        "--artifact-name",
        "release-2",
        "--device-type",
        "pos",
        "--type",
        "single-file",
      ];
      const command = ["mender-artifact", "--compression", compression, "write", "module-image"];
      run([...command, ...name, "--file", "big.bin", "--output-path", "a.mender"]);
      await using source = await FileSource.open(join(folder, "a.mender"));
      expect(await readMender(source)).toMatchObject({
        formatVersion: 3,
        header: { artifactName: "release-2", deviceTypes: ["pos"], payloadTypes: ["single-file"] },
        compression,
      });
    }
  },
);
