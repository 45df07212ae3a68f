import { expect } from "bun:test";
import { CabMembers } from "../../devices/packages/cab-member.ts";
import {
  bytesSource,
  MeteredSource,
  type RangeSource,
} from "../../devices/packages/range-source.ts";
import { readCab } from "../../devices/packages/read-cab.ts";
import { readMender } from "../../devices/packages/read-mender.ts";
import { msiCabinet, readMsi } from "../../devices/packages/read-msi.ts";
import { readPe } from "../../devices/packages/read-pe.ts";
import { readSwu } from "../../devices/packages/read-swu.ts";
import { readZipPackage } from "../../devices/packages/read-zip-package.ts";
import { sampleMender } from "../../gateway/demo/packages/sample-archives.ts";
import { sampleCab } from "../../gateway/demo/packages/sample-cab.ts";
import { sampleMsi } from "../../gateway/demo/packages/sample-msi.ts";
import { readAndroidManifest } from "../../protocols/content/android-manifest.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { mutated } from "./mutate.ts";
import { sampleAndroidManifest, sampleApk } from "./sample-apk.ts";
import { sampleMsix } from "./sample-msix.ts";
import { samplePe } from "./sample-pe.ts";
import { SW_DESCRIPTION, sampleSwu } from "./sample-swu.ts";
import { sampleXap } from "./sample-zip.ts";
import { seededRandom } from "./seeded-random.ts";

/** A reader, and whole files for it that are then damaged. */
interface Fuzzed {
  readonly samples: () => readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  readonly read: (source: RangeSource) => Promise<unknown>;
  /** How many times as long as others one takes. */
  readonly weight?: number;
}

/** Without any reading costing more, whatever the file says. */
const BUDGET = { readsMax: 50_000, bytesMax: 64 * 1024 ** 2 };

export const FUZZED_READERS: Readonly<Record<string, Fuzzed>> = {
  cab: {
    samples: () => [
      sampleCab({
        folders: [
          [
            { path: "a\\data.bin", content: Buffer.alloc(70_000, "data ") },
            { path: "b.exe", content: samplePe() },
          ],
          [{ path: "c.txt", content: "text" }],
        ],
        reserve: 4,
        isUnchecked: true,
      }),
      sampleCab({ folders: [[{ path: "a", content: "stored" }]], compression: "stored" }),
    ],
    read: async (source) => {
      const cab = await readCab(source);
      const members = new CabMembers(source, cab);
      for (const file of cab.files) {
        const member = members.open(file);
        await readPe(member);
        for (let at = 0; at < member.length; at += 100_000) {
          await member.read(at, Math.min(100_000, member.length - at));
        }
      }
    },
  },
  msi: {
    samples: () => [
      sampleMsi({
        files: [{ name: "app.exe", bytes: 12, version: "1.0.0.0" }],
        cabinet: sampleCab({ folders: [[{ path: "F0", content: Buffer.alloc(40_000, "x") }]] }),
      }),
    ],
    read: async (source) => {
      await readMsi(source);
      const cabinet = await msiCabinet(source, "product.cab");
      if (cabinet !== undefined) await readCab(cabinet);
    },
  },
  apk: {
    // Without the ZIP file around it, whose checksum would hide most of the damage.
    samples: () => [sampleAndroidManifest(), sampleAndroidManifest({ isUtf16: true })],
    read: async (source) => readAndroidManifest(await source.read(0, source.length)),
  },
  zip: {
    samples: async () => [await sampleApk(), await sampleXap(), await sampleMsix()],
    read: readZipPackage,
    weight: 10,
  },
  swu: { samples: () => [sampleSwu(), sampleSwu(SW_DESCRIPTION, false)], read: readSwu },
  mender: {
    samples: () => [sampleMender(), sampleMender({ compression: ".zst", isSigned: true })],
    read: readMender,
  },
  pe: {
    samples: () => [
      samplePe({ strings: { ProductName: "Till", CompanyName: "Contoso" } }),
      samplePe({ is32Bit: true, machine: 0x14c }),
    ],
    read: readPe,
  },
};

/** Damaged files are read, or refused by name; nothing else, and never without end. */
export async function fuzzReader(name: string, seed: number, mutations: number): Promise<void> {
  const fuzzed = FUZZED_READERS[name];
  if (fuzzed === undefined) throw new Error(`there is no reader ${name}`);
  const samples = (await fuzzed.samples()).map((sample) => new Uint8Array(sample));
  for (const sample of samples) await fuzzed.read(bytesSource(sample));
  const random = seededRandom(seed);
  let refused = 0;
  const count = Math.ceil(mutations / (fuzzed.weight ?? 1));
  for (let n = 0; n < count; n++) {
    const bytes = mutated(samples[n % samples.length] ?? new Uint8Array(0), random);
    try {
      await fuzzed.read(new MeteredSource(bytesSource(bytes), BUDGET));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw new Error(`mutation ${n}`, { cause: error });
      expect(error.rule).not.toBe("file-reads-too-many");
      refused += 1;
    }
  }
  // Or nothing was damaged.
  expect(refused).toBeGreaterThan(count / 20);
}
