import { ENCODINGS, type Encoding } from "../../../protocols/syncml/encoding.ts";

const ROOT = new URL("../../fixtures/", import.meta.url).pathname;

export interface Fixture {
  readonly name: string;
  readonly encoding: Encoding;
  /** Its name with its ending: no other fixture of its folder has it. */
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly expected: string;
}

/** Every document of a folder of a set with its partner; throws when a file has none. */
export async function loadFixtures(
  folder: string,
  partner: string,
  set: "syncml" | "mde2" = "syncml",
): Promise<readonly Fixture[]> {
  const fixtures: Fixture[] = [];
  const root = `${ROOT}${set}/${folder}`;
  const names = [...new Bun.Glob("*").scanSync(root)].sort();
  for (const file of names) {
    const encoding = ENCODINGS.find((ending) => file.endsWith(`.${ending}`));
    if (encoding === undefined) {
      const hasPartner = ENCODINGS.some((one) => names.includes(file.replace(partner, `.${one}`)));
      if (!file.endsWith(partner) || !hasPartner) throw new Error(`${file} has no partner`);
      continue;
    }
    const name = file.slice(0, -encoding.length - 1);
    if (!names.includes(name + partner)) throw new Error(`${file} has no ${partner}`);
    fixtures.push({
      name,
      encoding,
      file,
      bytes: new Uint8Array(await Bun.file(`${root}/${file}`).arrayBuffer()),
      expected: await Bun.file(`${root}/${name}${partner}`).text(),
    });
  }
  return fixtures;
}
