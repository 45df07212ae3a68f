/** Our WBXML against Debian's libwbxml, in both directions; the long form is libwbxml.long.test.ts. */
import { expect } from "bun:test";
import { CODE_PAGES, namespaceOf } from "../../../protocols/syncml/code-pages.ts";
import {
  branch,
  DDF_NAMESPACE,
  type Element,
  leaf,
  METINF_NAMESPACE,
  SYNCML_NAMESPACE,
} from "../../../protocols/syncml/element.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { testUnless } from "../../harness/skip.ts";
import { loadFixtures } from "./fixtures.ts";
import { expectAgreement, missingForLibwbxml, parsePeerXml, toWbxml, toXml } from "./libwbxml.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const DOCUMENTS = 250;

const peerTest = testUnless(missingForLibwbxml());

peerTest(`libwbxml and we read each other's messages (TEST_SEED=${SEED})`, () =>
  expectAgreement(SEED, DOCUMENTS),
);

peerTest("every tag of every code page means the same to libwbxml", async () => {
  const documents = CODE_PAGES.flatMap((page, number) =>
    Object.keys(page).map((name) => {
      const tag = leaf(name, "QUJD", namespaceOf(number, SYNCML_NAMESPACE));
      return branch("SyncML", [branch("SyncBody", number === 2 ? treeOf(tag) : [tag])]);
    }),
  );
  const wbxml = await toWbxml(documents.map(printXml));
  const xml = await toXml(documents.map(printWbxml));
  for (const [n, document] of documents.entries()) {
    expect(parseWbxml(wbxml[n] ?? new Uint8Array())).toEqual(document);
    expect(parsePeerXml(xml[n] ?? new Uint8Array())).toEqual(document);
  }
});

/** A device tree is a document of its own inside Data, and libwbxml believes the Type only. */
function treeOf(tag: Element): Element[] {
  const type = leaf("Type", "application/vnd.syncml.dmtnds+xml", METINF_NAMESPACE);
  const tree = tag.name === "MgmtTree" ? tag : branch("MgmtTree", [tag], DDF_NAMESPACE);
  return [branch("Item", [branch("Meta", [type]), branch("Data", [tree])])];
}

peerTest("libwbxml reads all that is a fixture of what we have to read", async () => {
  const fixtures = (await loadFixtures("valid", ".json")).filter(
    ({ encoding, name }) => encoding === "wbxml" && !PEER_CANNOT.has(name),
  );
  const xml = await toXml(fixtures.map(({ bytes }) => bytes));
  const refused = fixtures.filter((_, n) => xml[n] === undefined).map(({ name }) => name);
  expect(refused).toEqual([]);
});

/** Debian's libwbxml comes without other charsets, and does not guess what a document is. */
const PEER_CANNOT: ReadonlySet<string> = new Set([
  "wbxml-charset-latin-1",
  "wbxml-public-id-unknown",
]);
