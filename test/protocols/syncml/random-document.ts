import type { Random } from "../../../devices/simulator/random.ts";
import {
  branch,
  DDF_NAMESPACE,
  type Element,
  leaf,
  METINF_NAMESPACE,
} from "../../../protocols/syncml/element.ts";

/**
 * A SyncML message by chance, as an element tree: every command, Meta, device trees, text that needs
 * escaping. Canonical, so that it is the same tree after any detour.
 */
export function randomDocument(random: Random): Element {
  const commands = many(random, 0, 6, () => randomCommand(random, 0));
  const body = random.chance(0.8) ? [...commands, leaf("Final", "")] : commands;
  return branch("SyncML", [randomHeader(random), branch("SyncBody", body)]);
}

/**
 * Without line ends, which libwbxml 0.11.8 makes CR and LF of in Data, and without the end of a CDATA
 * section, which it prints inside of one.
 */
const WORDS = [
  "200",
  "1",
  "chr",
  "./DevInfo/DevId",
  "./Vendor/MSFT/EnterpriseAppManagement/4000000001/EnterpriseApps/Download/%7BB316008A%7D",
  "urn:uuid:0001",
  "Söhne & Töchter",
  "<MsiInstallJob id='{1}'><Product Version=\"1\"/></MsiInstallJob>",
  "a ]] > b",
  "&lt;&amp;",
  "  blanks around  ",
  "a\ttab",
  "€😀 漢字",
  "\u00a0\u0085\u2028",
  "QUJDRA==",
  "x".repeat(200),
] as const;

function text(random: Random): string {
  return many(random, 1, 2, () => random.pick(WORDS)).join(random.pick(["", " ", "/"]));
}

/** A word that stands for itself wherever it is put. */
function token(random: Random): string {
  return `${random.pick(["chr", "text/plain", "com.example:a", "b64", "node"])}${random.between(1, 9)}`;
}

function many<Value>(random: Random, min: number, max: number, make: () => Value): Value[] {
  return Array.from({ length: random.between(min, max) }, make);
}

function sometimes(random: Random, make: () => Element): Element[] {
  return random.chance(0.5) ? [make()] : [];
}

function location(random: Random, name: "Target" | "Source"): Element {
  const names = sometimes(random, () => leaf("LocName", text(random)));
  return branch(name, [leaf("LocURI", text(random)), ...names]);
}

function randomHeader(random: Random): Element {
  const number = (name: string) => leaf(name, String(random.between(0, 2 ** 31)));
  const size = (name: string) => leaf(name, String(random.between(1, 2 ** 20)), METINF_NAMESPACE);
  return branch("SyncHdr", [
    leaf("VerDTD", "1.2"),
    leaf("VerProto", "DM/1.2"),
    number("SessionID"),
    number("MsgID"),
    location(random, "Target"),
    location(random, "Source"),
    ...sometimes(random, () => leaf("RespURI", text(random))),
    ...sometimes(random, () => leaf("NoResp", "")),
    ...sometimes(random, () => branch("Cred", [randomMeta(random), leaf("Data", "QUJDRA==")])),
    ...sometimes(random, () => branch("Meta", [size("MaxMsgSize"), size("MaxObjSize")])),
  ]);
}

const META = ["Format", "Type", "Mark", "Size", "Version", "EMI", "FieldLevel"] as const;

function randomMeta(random: Random): Element {
  const leaves = META.flatMap((name) =>
    sometimes(random, () => leaf(name, token(random), METINF_NAMESPACE)),
  );
  const nonce = sometimes(random, () => leaf("NextNonce", "AAECAwQFBgc=", METINF_NAMESPACE));
  const anchor = sometimes(random, () =>
    branch(
      "Anchor",
      ["Last", "Next"].map((name) => leaf(name, token(random), METINF_NAMESPACE)),
      METINF_NAMESPACE,
    ),
  );
  return branch("Meta", [...leaves, ...nonce, ...anchor]);
}

const WITH_ITEMS = ["Add", "Replace", "Get", "Delete", "Exec", "Copy", "Put"] as const;
const KINDS = ["items", "items", "items", "status", "alert", "results", "container"] as const;
const DEPTH_MAX = 3;

function randomCommand(random: Random, depth: number): Element {
  const cmdId = leaf("CmdID", String(random.between(1, 99)));
  switch (random.pick(KINDS)) {
    case "container":
      if (depth < DEPTH_MAX) return randomContainer(random, cmdId, depth);
      return branch("Delete", [cmdId, randomItem(random)]);
    case "status":
      return randomStatus(random, cmdId);
    case "alert":
      return branch("Alert", [
        cmdId,
        leaf("Data", String(random.between(1100, 1226))),
        ...sometimes(random, () => leaf("Correlator", text(random))),
        ...many(random, 0, 2, () => randomItem(random)),
      ]);
    case "results":
      return branch("Results", [
        cmdId,
        leaf("MsgRef", "1"),
        leaf("CmdRef", "2"),
        ...sometimes(random, () => randomMeta(random)),
        ...sometimes(random, () => leaf("TargetRef", text(random))),
        ...many(random, 1, 4, () => randomItem(random)),
      ]);
    default:
      return branch(random.pick(WITH_ITEMS), [
        cmdId,
        ...sometimes(random, () => leaf("NoResp", "")),
        ...sometimes(random, () => randomMeta(random)),
        ...many(random, 1, 4, () => randomItem(random)),
      ]);
  }
}

function randomContainer(random: Random, cmdId: Element, depth: number): Element {
  const members = many(random, 0, 3, () => randomCommand(random, depth + 1));
  return branch(random.pick(["Atomic", "Sequence"]), [cmdId, ...members]);
}

function randomStatus(random: Random, cmdId: Element): Element {
  return branch("Status", [
    cmdId,
    leaf("MsgRef", "1"),
    ...sometimes(random, () => leaf("CmdRef", "0")),
    leaf("Cmd", random.pick(["SyncHdr", "Get", "Exec"])),
    ...many(random, 0, 2, () => leaf("TargetRef", text(random))),
    ...many(random, 0, 2, () => leaf("SourceRef", text(random))),
    ...sometimes(random, () => branch("Chal", [randomMeta(random)])),
    leaf("Data", random.pick(["200", "212", "401", "507"])),
    ...many(random, 0, 1, () => randomItem(random)),
  ]);
}

function randomItem(random: Random): Element {
  if (random.chance(0.15)) return treeItem(random);
  return branch("Item", [
    ...sometimes(random, () => location(random, "Target")),
    ...sometimes(random, () => location(random, "Source")),
    ...sometimes(random, () => randomMeta(random)),
    random.chance(0.1) ? leaf("Data", "") : leaf("Data", text(random)),
    ...sometimes(random, () => leaf("MoreData", "")),
  ]);
}

/** An Item whose Data is a device tree. */
function treeItem(random: Random): Element {
  const type = leaf("Type", "application/vnd.syncml.dmtnds+xml", METINF_NAMESPACE);
  const meta = branch("Meta", [leaf("Format", "xml", METINF_NAMESPACE), type]);
  const tree = ddf("MgmtTree", [ddfLeaf("VerDTD", "1.2"), randomNode(random, 0)]);
  return branch("Item", [location(random, "Target"), meta, branch("Data", [tree])]);
}

function randomNode(random: Random, depth: number): Element {
  const children = depth < 2 ? many(random, 0, 2, () => randomNode(random, depth + 1)) : [];
  const format = random.pick(["node", "chr", "int", "bool", "bin", "b64", "xml", "null", "float"]);
  return ddf("Node", [
    ddfLeaf("NodeName", text(random)),
    ...sometimes(random, () => ddfLeaf("Path", text(random))),
    ddf("RTProperties", [
      ddfLeaf("ACL", "Get=*"),
      ddf("Format", [ddfLeaf(format, "")]),
      ddf("Type", [ddfLeaf(random.pick(["MIME", "DDFName"]), text(random))]),
    ]),
    ...sometimes(random, () => ddfLeaf("Value", text(random))),
    ...children,
  ]);
}

function ddf(name: string, children: readonly Element[]): Element {
  return branch(name, children, DDF_NAMESPACE);
}

function ddfLeaf(name: string, value: string): Element {
  return leaf(name, value, DDF_NAMESPACE);
}

/** The document as XML that writes its text in all the ways that XML has. */
export function variedXml(element: Element, random: Random, inherited = ""): string {
  const { name, namespace } = element;
  const quote = random.pick(['"', "'"]);
  const xmlns = namespace === inherited ? "" : ` xmlns=${quote}${namespace}${quote}`;
  const children = element.children.map((child) => variedXml(child, random, namespace)).join("");
  const content = variedText(element.text, random) + children;
  if (content === "" && random.chance(0.5)) return `<${name}${xmlns}/>`;
  return `<${name}${xmlns}>${content}</${name}>`;
}

function variedText(value: string, random: Random): string {
  if (value === "") return "";
  if (random.chance(0.3)) {
    return `<![CDATA[${value.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
  }
  const escaped = value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  if (random.chance(0.7)) return escaped;
  return [...value].map((character) => `&#x${character.codePointAt(0)?.toString(16)};`).join("");
}
