const ROOT = new URL("../../fixtures/", import.meta.url).pathname;

export interface Fixture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly expected: string;
}

/** Every `.xml` of a folder of a set with its partner; throws when a file has none. */
export async function loadFixtures(
  folder: string,
  partner: string,
  set: "syncml" | "mde2" = "syncml",
): Promise<readonly Fixture[]> {
  const fixtures: Fixture[] = [];
  const root = `${ROOT}${set}/${folder}`;
  const names = [...new Bun.Glob("*").scanSync(root)].sort();
  for (const file of names) {
    if (!file.endsWith(".xml")) {
      const xml = file.replace(partner, ".xml");
      if (!file.endsWith(partner) || !names.includes(xml))
        throw new Error(`${file} has no partner`);
      continue;
    }
    const name = file.slice(0, -".xml".length);
    if (!names.includes(name + partner)) throw new Error(`${file} has no ${partner}`);
    fixtures.push({
      name,
      bytes: new Uint8Array(await Bun.file(`${root}/${file}`).arrayBuffer()),
      expected: await Bun.file(`${root}/${name}${partner}`).text(),
    });
  }
  return fixtures;
}
