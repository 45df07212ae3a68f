import { describe, expect, test } from "bun:test";
import { bytesSource, MeteredSource } from "../../../devices/packages/range-source.ts";
import { PE_RESOURCES_MAX, readPe } from "../../../devices/packages/read-pe.ts";
import { samplePe } from "../../harness/sample-pe.ts";

const read = (bytes: Uint8Array) => readPe(bytesSource(bytes));

describe("readPe()", () => {
  test.each([false, true])("reads version, strings and processor (32 bit: %p)", async (is32Bit) => {
    const pe = samplePe({
      fileVersion: "2.10.65535.7",
      productVersion: "3.1.0.0",
      strings: { CompanyName: "Käse & Co", ProductName: "Till", FileVersion: "2.10 beta" },
      machine: is32Bit ? 0x01c0 : 0x8664,
      is32Bit,
    });
    const found = await read(pe);
    expect(found).toMatchObject({
      architecture: is32Bit ? "arm" : "x64",
      isDll: false,
      version: { fileVersion: "2.10.65535.7", productVersion: "3.1.0.0" },
    });
    expect(Object.fromEntries(found?.version?.strings ?? [])).toEqual({
      CompanyName: "Käse & Co",
      ProductName: "Till",
      FileVersion: "2.10 beta",
    });
  });

  test("reads a few places of a large program", async () => {
    const pe = samplePe({ codeBytes: 5_000_000 });
    const source = new MeteredSource(bytesSource(pe), { readsMax: 20, bytesMax: 8_192 });
    expect((await readPe(source))?.version?.fileVersion).toBe("2.0.0.0");
  });

  test("says so where there is no version, and where there is no program", async () => {
    expect(await read(samplePe({ fileVersion: null }))).toMatchObject({ version: null });
    expect(await read(new TextEncoder().encode("hello"))).toBeUndefined();
    expect(await read(new Uint8Array(100))).toBeUndefined();
    const dos = samplePe().slice(0, 64);
    expect(await read(dos)).toBeUndefined();
  });

  test.each([
    ["cut off in its resources", (pe: Uint8Array) => pe.slice(0, -60), "file-truncated"],
    ["with 65535 sections", (pe: Uint8Array) => patched(pe, 0x86, 0xff, 0xff), "pe-malformed"],
    [
      "with a folder of too many resources",
      (pe: Uint8Array) =>
        patched(pe, 1536 + 14, (PE_RESOURCES_MAX + 1) & 0xff, PE_RESOURCES_MAX >> 8),
      "pe-malformed",
    ],
    [
      "whose version is none",
      (pe: Uint8Array) => patched(pe, 1536 + 96 + 6, 0),
      "version-resource",
    ],
  ])("a program %s is refused", async (_, damage, rule) => {
    await expect(read(damage(samplePe()))).rejects.toMatchObject({ rule });
  });
});

function patched(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  bytes.set(values, at);
  return bytes;
}
