import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { CabMembers } from "../../../devices/packages/cab-member.ts";
import { bytesSource, type RangeSource } from "../../../devices/packages/range-source.ts";
import {
  CAB_FILES_MAX,
  CAB_FOLDER_BYTES_MAX,
  readCab,
} from "../../../devices/packages/read-cab.ts";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

/** Text that compresses, over several blocks. */
function prose(bytes: number, seed = 1): Buffer {
  const random = seededRandom(seed);
  const words = ["gateway ", "branch ", "device ", "offline ", "\n"];
  let text = "";
  while (text.length < bytes) text += words[Math.floor(random() * words.length)];
  return Buffer.from(text.slice(0, bytes));
}

async function contentOf(cab: Uint8Array, path: string): Promise<string> {
  const source = bytesSource(cab);
  const members = new CabMembers(source, await readCab(source));
  const file = members.find(path);
  if (file === undefined) throw new Error(`no ${path}`);
  const member = members.open(file);
  return md5(await member.read(0, member.length));
}
const md5 = (bytes: Uint8Array | string) => createHash("md5").update(bytes).digest("hex");

describe("readCab()", () => {
  test("lists what is in it", async () => {
    const cab = sampleCab({
      folders: [
        [{ path: "bin\\app.exe", content: "program" }],
        [
          { path: "data.bin", content: "data" },
          { path: "Größe.txt", content: "" },
        ],
      ],
    });
    const { files, folders } = await readCab(bytesSource(cab));
    const modified = "2026-01-31T12:00:00";
    expect(files).toEqual([
      { path: "bin\\app.exe", bytes: 7, modified, folder: 0, offset: 0 },
      { path: "data.bin", bytes: 4, modified, folder: 1, offset: 0 },
      { path: "Größe.txt", bytes: 0, modified, folder: 1, offset: 4 },
    ]);
    expect(folders.map(({ compression, bytes }) => [compression, bytes])).toEqual([
      ["MSZIP", 7],
      ["MSZIP", 4],
    ]);
  });

  test("lists more files than fit into one reading", async () => {
    const files = Array.from({ length: 3_000 }, (_, n) => ({ path: `f${n}.txt`, content: "" }));
    const cab = await readCab(bytesSource(sampleCab({ folders: [files] })));
    expect(cab.files.map(({ path }) => path)).toEqual(files.map(({ path }) => path));
  });

  const one = [[{ path: "a.txt", content: "hello" }]];
  const change = (at: number, ...values: number[]) => {
    const cab = sampleCab({ folders: one });
    cab.set(values, at);
    return cab;
  };
  test.each([
    ["another beginning", change(0, 0), "cab-malformed"],
    ["one of a set", sampleCab({ folders: one, isSpanned: true }), "cab-spanned"],
    ["one that is cut off", sampleCab({ folders: one }).slice(0, -1), "file-truncated"],
    ["a header alone", sampleCab({ folders: one }).slice(0, 20), "file-truncated"],
    ["too many files", change(28, ...littleEndian(CAB_FILES_MAX + 1).slice(0, 2)), "cab-too-many"],
    ["a file in no folder", change(44 + 8, 9), "cab-malformed"],
    ["a huge file", change(44, ...littleEndian(CAB_FOLDER_BYTES_MAX + 1)), "cab-unpacks-too-large"],
    ["an unknown compression", change(36 + 6, 9), "cab-malformed"],
  ])("%s is refused", async (_, cab, rule) => {
    await expect(readCab(bytesSource(cab))).rejects.toMatchObject({ rule });
  });
});

function littleEndian(number: number): number[] {
  return [...new Uint8Array(new Uint32Array([number]).buffer)];
}

describe("CabMembers", () => {
  const content = prose(150_000);
  const folders = [
    [
      { path: "first.txt", content: "first" },
      { path: "sub\\Data.bin", content },
      { path: "last.txt", content: "last" },
    ],
  ];

  test.each([
    { compression: "MSZIP" },
    { compression: "stored" },
    { compression: "MSZIP", reserve: 20 },
    { compression: "stored", isUnchecked: true },
  ] as const)("unpacks %o", async (how) => {
    const cab = sampleCab({ folders, ...how });
    expect(await contentOf(cab, "SUB/data.bin")).toBe(md5(content));
    expect(await contentOf(cab, "last.txt")).toBe(md5("last"));
  });

  test("looks back, and begins again where that is too far", async () => {
    const long = prose(3_000_000, 2);
    const cab = sampleCab({ folders: [[{ path: "long.txt", content: long }]] });
    const source = counting(bytesSource(cab));
    const members = new CabMembers(source, await readCab(source));
    const file = members.find("long.txt");
    if (file === undefined) throw new Error("not found");
    const member = members.open(file);
    for (const at of [2_900_000, 2_500_000, 10]) {
      expect(await member.read(at, 1_000)).toEqual(new Uint8Array(long.subarray(at, at + 1_000)));
    }
    // Once to the end, and once the first block again.
    expect(source.bytesRead).toBeLessThan(cab.length * 1.2);
  });

  test("what cannot be unpacked is listed, and says so", async () => {
    const cab = sampleCab({ folders, compression: "LZX" });
    expect((await readCab(bytesSource(cab))).files.length).toBe(3);
    await expect(contentOf(cab, "first.txt")).rejects.toMatchObject({
      rule: "cab-compression",
      message: expect.stringContaining("LZX"),
    });
  });

  test("a damaged block is noticed", async () => {
    const cab = sampleCab({ folders, compression: "stored" });
    cab[cab.length - 100] = (cab[cab.length - 100] ?? 0) ^ 1;
    await expect(contentOf(cab, "last.txt")).rejects.toMatchObject({ rule: "cab-checksum" });
  });

  test("files that say more than there is are refused, and so is a block that unpacks to nothing", async () => {
    const cab = sampleCab({ folders: [[{ path: "a", content: "hello" }]], isUnchecked: true });
    const long = cab.slice();
    long[44] = 200;
    await expect(contentOf(long, "a")).rejects.toMatchObject({ rule: "cab-malformed" });
    const empty = cab.slice();
    // The block's header comes behind the entry of the one file.
    empty.set([0, 0], 44 + 16 + 2 + 6);
    await expect(contentOf(empty, "a")).rejects.toThrow("unpacks to 0");
  });

  test("a block unpacks to 32 KiB at most, whatever it holds", async () => {
    const cab = sampleCab({
      folders: [[{ path: "a", content: Buffer.alloc(32_768) }]],
      isUnchecked: true,
    });
    // It says less than it unpacks to.
    cab.set([1, 0], 44 + 16 + 2 + 6);
    cab.set([1, 0, 0, 0], 44);
    await expect(contentOf(cab, "a")).rejects.toMatchObject({ rule: "cab-malformed" });
  });
});

function counting(source: RangeSource): RangeSource & { bytesRead: number } {
  const counted = {
    length: source.length,
    bytesRead: 0,
    read: (offset: number, length: number) => {
      counted.bytesRead += length;
      return source.read(offset, length);
    },
  };
  return counted;
}
