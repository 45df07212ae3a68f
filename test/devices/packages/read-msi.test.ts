import { describe, expect, test } from "bun:test";
import { CabMembers } from "../../../devices/packages/cab-member.ts";
import { bytesSource, MeteredSource } from "../../../devices/packages/range-source.ts";
import { readCab } from "../../../devices/packages/read-cab.ts";
import { msiCabinet, readMsi } from "../../../devices/packages/read-msi.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import {
  PRODUCT_CODE,
  sampleMsi,
  UPGRADE_CODE,
} from "../../../gateway/demo/packages/sample-msi.ts";

const read = (bytes: Uint8Array) => readMsi(bytesSource(bytes));

describe("readMsi()", () => {
  test("reads the product, its files and cabinets", async () => {
    const files = [
      { name: "app.exe", bytes: 70_000, version: "1.2.3.4" },
      { name: "read me.txt", bytes: 5 },
    ];
    expect(await read(sampleMsi({ files, cabinet: new Uint8Array(5_000) }))).toEqual({
      productCode: PRODUCT_CODE,
      upgradeCode: UPGRADE_CODE,
      productVersion: "1.2.3",
      productName: "Käse Shop",
      manufacturer: "Contoso",
      architecture: "x64",
      files: [
        { name: "app.exe", bytes: 70_000, version: "1.2.3.4" },
        { name: "read me.txt", bytes: 5, version: null },
      ],
      cabinets: [{ name: "product.cab", isEmbedded: true }],
    });
  });

  test("leaves out what is not there", async () => {
    const properties = { ProductCode: PRODUCT_CODE.toLowerCase(), UpgradeCode: "none" };
    expect(await read(sampleMsi({ properties, template: "Intel;1031" }))).toMatchObject({
      productCode: PRODUCT_CODE,
      upgradeCode: null,
      architecture: "x86",
      cabinets: [{ name: "beside.cab", isEmbedded: false }],
    });
  });

  test("opens the cabinet inside, without reading the rest", async () => {
    const content = Buffer.alloc(400_000, "content of the file ");
    const cabinet = sampleCab({ folders: [[{ path: "F0", content }]], compression: "stored" });
    const msi = sampleMsi({ files: [{ name: "a", bytes: content.length }], cabinet });
    const few = new MeteredSource(bytesSource(msi), { readsMax: 100, bytesMax: 32_768 });
    await readMsi(few);
    const stream = await msiCabinet(bytesSource(msi), "product.cab");
    if (stream === undefined) throw new Error("no cabinet");
    const members = new CabMembers(stream, await readCab(stream));
    const file = members.find("f0");
    if (file === undefined) throw new Error("no file");
    const member = members.open(file);
    expect(await member.read(0, content.length)).toEqual(new Uint8Array(content));
    expect(await msiCabinet(bytesSource(msi), "other.cab")).toBeUndefined();
  });

  test("a document is no MSI, and an MSI without a code is none", async () => {
    expect(await read(sampleMsi({ properties: null }))).toBeUndefined();
    await expect(read(sampleMsi({ properties: { ProductCode: "x" } }))).rejects.toMatchObject({
      rule: "msi-malformed",
    });
  });

  const whole = sampleMsi({ cabinet: new Uint8Array(40_000) });
  const patched = (at: number, value: number) => {
    const bytes = whole.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return bytes;
  };
  const directory = new DataView(whole.buffer).getUint32(0x30, true);
  const table = (new DataView(whole.buffer).getUint32(0x4c, true) + 1) * 512;
  test.each([
    ["with another sector size", patched(0x1e, 0x0006_0003), "compound-malformed"],
    ["that says it has a million tables", patched(0x2c, 1_000_000), "compound-malformed"],
    [
      "whose directory goes in circles",
      patched(table + directory * 4, directory),
      "compound-too-large",
    ],
    ["whose directory is beyond its end", patched(0x30, 0x00ff_ffff), "file-truncated"],
    ["that is cut off", whole.slice(0, 2_000), "file-truncated"],
    ["with large small streams", patched(0x38, 0xffff_ffff), "compound-malformed"],
  ])("a file %s is refused", async (_, bytes, rule) => {
    await expect(read(bytes)).rejects.toMatchObject({ rule });
  });
});
