import { FileSource } from "../packages/range-source.ts";
import { readPe } from "../packages/read-pe.ts";

/** The versions of a program on this machine; null: it has none. @throws ProtocolError when it is damaged */
export async function versionOfFile(
  place: string,
): Promise<{ readonly File: string | null; readonly Product: string | null } | null> {
  await using source = await FileSource.open(place);
  const version = (await readPe(source))?.version;
  return version ? { File: version.fileVersion, Product: version.productVersion } : null;
}
