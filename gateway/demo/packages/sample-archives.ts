import { gzipSync, zstdCompressSync } from "node:zlib";
import { sha256Hex } from "../../../devices/model/sha256.ts";

type Contents = readonly (readonly [name: string, content: Uint8Array | string])[];

/** A cpio archive in the new ASCII format with checksums. */
export function sampleCpio(contents: Contents): Uint8Array<ArrayBuffer> {
  const parts = [...contents, ["TRAILER!!!", ""] as const].map(([name, content]) => {
    const data = Buffer.from(content);
    const sum = data.reduce((total, byte) => (total + byte) >>> 0, 0);
    const fields = [1, 0o100644, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, sum];
    const numbers = fields.map((field) => field.toString(16).padStart(8, "0")).join("");
    return Buffer.concat([padded(Buffer.from(`070702${numbers}${name}\0`), 4), padded(data, 4)]);
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** A tar archive as ustar. */
export function sampleTar(contents: Contents): Uint8Array<ArrayBuffer> {
  const parts = contents.map(([name, content]) => {
    const data = Buffer.from(content);
    const header = Buffer.alloc(512);
    header.write(name);
    header.write("0000644\0", 100);
    header.write(`${data.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write(" ".repeat(8), 148);
    header.write("0", 156);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return Buffer.concat([header, padded(data, 512)]);
  });
  return new Uint8Array(Buffer.concat([...parts, Buffer.alloc(1024)]));
}

function padded(bytes: Buffer, size: number): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((size - (bytes.length % size)) % size)]);
}

export interface SampleMender {
  readonly name?: string;
  readonly deviceTypes?: readonly string[];
  readonly compression?: "" | ".gz" | ".zst" | ".xz";
  readonly isSigned?: boolean;
  readonly formatVersion?: 2 | 3;
  readonly payload?: Uint8Array | string;
}

/** A Mender artifact with one payload. */
export function sampleMender(wanted: SampleMender = {}): Uint8Array<ArrayBuffer> {
  const { name = "release-2", deviceTypes = ["beaglebone"], compression = ".gz" } = wanted;
  const { formatVersion = 3, isSigned = false, payload = "the image" } = wanted;
  const info =
    formatVersion === 3
      ? {
          payloads: [{ type: "rootfs-image" }],
          artifact_provides: { artifact_name: name },
          artifact_depends: { device_type: deviceTypes },
        }
      : {
          updates: [{ type: "rootfs-image" }],
          device_types_compatible: deviceTypes,
          artifact_name: name,
        };
  const tar = sampleTar([["header-info", JSON.stringify(info)]]);
  const packers = {
    "": (bytes: Uint8Array) => bytes,
    ".gz": (bytes: Uint8Array) => gzipSync(bytes),
    ".zst": (bytes: Uint8Array) => zstdCompressSync(bytes),
    // Nobody here can make one: its bytes are not looked at.
    ".xz": (bytes: Uint8Array) => bytes,
  };
  const files: Contents = [
    ["version", JSON.stringify({ format: "mender", version: formatVersion })],
    [`header.tar${compression}`, packers[compression](tar)],
    ["data/0000.tar", sampleTar([["image", payload]])],
  ];
  const sums = files.map(([file, content]) => `${sha256Hex(content)}  ${file}\n`);
  const [version = ["version", ""] as const, ...rest] = files;
  return sampleTar([
    version,
    ["manifest", sums.join("")],
    ...(isSigned ? ([["manifest.sig", "signature"]] as const) : []),
    ...rest,
  ]);
}
