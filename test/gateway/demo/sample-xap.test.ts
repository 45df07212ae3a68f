import { describe, expect, test } from "bun:test";
import { promisify } from "node:util";
import yauzl from "yauzl";
import { makeXap } from "../../../gateway/demo/packages/sample-xap.ts";

const INPUT = {
  productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
  title: "Stock Count",
  version: "2.0.0.0",
  publisher: "Outpost",
  payloadBytes: 300_000,
};

describe("makeXap()", () => {
  test("makes a ZIP with both manifests, that names the product and its version", async () => {
    const app = await makeXap(INPUT);
    const files = await filesOf(Buffer.from(app.bytes));
    expect([...files.keys()].sort()).toEqual([
      "AppManifest.xaml",
      "Assets/payload.bin",
      "WMAppManifest.xml",
    ]);
    const manifest = files.get("WMAppManifest.xml")?.toString() ?? "";
    expect(manifest).toContain(`ProductID="${INPUT.productId}"`);
    expect(manifest).toContain('Version="2.0.0.0"');
    expect(files.get("Assets/payload.bin")).toHaveLength(300_000);
    expect(app.bytes.length).toBeGreaterThan(300_000);
    expect(app.fileName).toBe("StockCount-2.0.0.0.xap");
  });

  test("makes the same bytes again, and others for another version", async () => {
    const [first, again, next] = await Promise.all([
      makeXap(INPUT),
      makeXap(INPUT),
      makeXap({ ...INPUT, version: "2.0.0.1" }),
    ]);
    expect(again.sha256).toBe(first.sha256);
    expect(next.sha256).not.toBe(first.sha256);
  });
});

async function filesOf(zip: Buffer): Promise<Map<string, Buffer>> {
  const opened = await promisify<Buffer, yauzl.Options, yauzl.ZipFile>(yauzl.fromBuffer)(zip, {
    lazyEntries: true,
  });
  const files = new Map<string, Buffer>();
  return new Promise((resolve, reject) => {
    opened.on("error", reject);
    opened.on("end", () => resolve(files));
    opened.on("entry", (entry: yauzl.Entry) => {
      opened.openReadStream(entry, (error, stream) => {
        if (error !== null) return reject(error);
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          files.set(entry.fileName, Buffer.concat(chunks));
          opened.readEntry();
        });
      });
    });
    opened.readEntry();
  });
}
