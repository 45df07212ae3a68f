import yauzl from "yauzl";
import { ProtocolError } from "../../protocols/errors.ts";

/** Entries of a ZIP file that is looked through. */
export const ZIP_ENTRIES_MAX = 200_000;

/** A ZIP file: on disk, or in memory. */
export type ZipSource = { readonly path: string } | { readonly bytes: Uint8Array };

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The first entry of a ZIP file that has one of these names, in any letter case; undefined where there
 * is none. Only the central directory and that entry are read.
 *
 * @throws ProtocolError `zip-malformed`, `zip-too-many-entries`, `zip-entry-too-large`
 */
export async function readZipEntry(
  source: ZipSource,
  names: readonly string[],
  bytesMax: number,
): Promise<ZipEntry | undefined> {
  const wanted = names.map((name) => name.toLowerCase());
  const zip = await opened(source);
  try {
    // No more than that are read, whatever else the file holds.
    if (zip.entryCount > ZIP_ENTRIES_MAX) {
      throw new ProtocolError(
        "zip-too-many-entries",
        `the ZIP file has ${zip.entryCount} entries, more than ${ZIP_ENTRIES_MAX}`,
      );
    }
    for await (const entry of zip.eachEntry()) {
      if (!wanted.includes(entry.fileName.toLowerCase())) continue;
      return { name: entry.fileName, bytes: await contentOf(zip, entry, bytesMax) };
    }
    return undefined;
  } catch (error) {
    throw malformed(error);
  } finally {
    zip.close();
  }
}

async function opened(source: ZipSource): Promise<yauzl.ZipFile> {
  const options = { lazyEntries: true, autoClose: false };
  try {
    return "path" in source
      ? await yauzl.openPromise(source.path, options)
      : await yauzl.fromBufferPromise(
          Buffer.from(source.bytes.buffer, source.bytes.byteOffset, source.bytes.byteLength),
          options,
        );
  } catch (error) {
    throw malformed(error);
  }
}

/** What unpacks to more than it declares is refused by the library. */
async function contentOf(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  bytesMax: number,
): Promise<Uint8Array> {
  if (entry.uncompressedSize > bytesMax) {
    throw new ProtocolError(
      "zip-entry-too-large",
      `${entry.fileName} has ${entry.uncompressedSize} bytes, more than ${bytesMax}`,
    );
  }
  const stream = await zip.openReadStreamPromise(entry);
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk as Uint8Array);
  return new Uint8Array(Buffer.concat(chunks));
}

function malformed(error: unknown): Error {
  if (error instanceof ProtocolError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ProtocolError("zip-malformed", `the file is no whole ZIP file: ${message}`, {
    cause: error,
  });
}
