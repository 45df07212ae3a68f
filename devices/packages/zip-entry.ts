import { Readable } from "node:stream";
import yauzl from "yauzl";
import { ProtocolError } from "../../protocols/errors.ts";
import { piecesOf, type RangeSource, sliceSource, turn } from "./range-source.ts";

/** Entries of a ZIP file that is looked through. */
export const ZIP_ENTRIES_MAX = 200_000;
const ENTRIES_PER_TURN = 500;

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The first entry of a ZIP file for each of these names that it has, in any letter case; by the names as
 * they were asked for. Only the central directory and those entries are read.
 *
 * @throws ProtocolError `zip-malformed`, `zip-too-many-entries`, `zip-entry-too-large`
 */
export async function readZipEntries<Name extends string>(
  source: RangeSource,
  names: readonly Name[],
  bytesMax: number,
): Promise<ReadonlyMap<Name, ZipEntry>> {
  const wanted = new Map(names.map((name) => [name.toLowerCase(), name]));
  const found = new Map<Name, ZipEntry>();
  const zip = await opened(source);
  try {
    // No more than that are read, whatever else the file holds.
    if (zip.entryCount > ZIP_ENTRIES_MAX) {
      throw new ProtocolError(
        "zip-too-many-entries",
        `the ZIP file has ${zip.entryCount} entries, more than ${ZIP_ENTRIES_MAX}`,
      );
    }
    let seen = 0;
    for await (const entry of zip.eachEntry()) {
      if (++seen % ENTRIES_PER_TURN === 0) await turn();
      const name = wanted.get(entry.fileName.toLowerCase());
      if (name === undefined || found.has(name)) continue;
      found.set(name, { name: entry.fileName, bytes: await contentOf(zip, entry, bytesMax) });
      if (found.size === wanted.size) break;
    }
    return found;
  } catch (error) {
    throw malformed(error);
  } finally {
    zip.close();
  }
}

async function opened(source: RangeSource): Promise<yauzl.ZipFile> {
  try {
    return await yauzl.fromRandomAccessReaderPromise(new SourceReader(source), source.length, {
      lazyEntries: true,
      autoClose: false,
    });
  } catch (error) {
    throw malformed(error);
  }
}

/** The library's way to a file. */
class SourceReader extends yauzl.RandomAccessReader {
  readonly #source: RangeSource;

  constructor(source: RangeSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(piecesOf(sliceSource(this.#source, start, end - start), 64 * 1024));
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    this.#source.read(position, length).then(
      (bytes) => {
        buffer.set(bytes, offset);
        callback(null);
      },
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error))),
    );
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
