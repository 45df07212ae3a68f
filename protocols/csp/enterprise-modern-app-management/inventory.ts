import { ProtocolError } from "../../errors.ts";
import { withoutQuery } from "../../oma-dm/loc-uri.ts";
import type { Element } from "../../syncml/element.ts";
import { DOCUMENT_LIMITS } from "../../syncml/limits.ts";
import type { Item } from "../../syncml/message.ts";
import { parseXml } from "../../syncml/parse-xml.ts";
import { type InventoryProduct, installDateOf, PRODUCTS_MAX } from "../inventory.ts";
import { childNames, segmentsOf } from "../node-table.ts";
import { ENTERPRISE_MODERN_APP_MANAGEMENT, ORIGINS } from "./nodes.ts";
import { parseFamilyName, parseFullName } from "./package-names.ts";

/** A packaged app of a device; its product id is the package family name. */
export interface PackagedApp extends InventoryProduct {
  /** The full name of the installed package; null when the device did not say it. */
  readonly fullName: string | null;
}

export interface PackageInventory {
  readonly products: readonly PackagedApp[];
  readonly warnings: readonly string[];
}

/** What was said of one package, by the name of the node or attribute, in small letters. */
type Facts = Map<string, string>;

/**
 * Reads the packaged apps that a device says are there: AppInventoryResults, an AppManagement tree,
 * or the names of families and packages that plain Gets answered.
 *
 * Microsoft does not say what AppInventoryResults looks like inside: whatever element has a package's
 * names as attributes or as children is taken for a package. Frameworks are no apps; what is only
 * staged is not installed; of a bundle and its main package the main one is told.
 */
export function readPackageInventory(items: readonly Item[]): PackageInventory {
  const packages = new Map<string, Facts>();
  const warnings: string[] = [];
  const add = (facts: Facts) => {
    const name = facts.get("packagefullname") ?? facts.get("packagefamilyname");
    if (name === undefined || packages.size >= PRODUCTS_MAX) return;
    const key = name.toLowerCase();
    packages.set(key, new Map([...(packages.get(key) ?? []), ...facts]));
  };
  for (const item of items) {
    const names = segmentsOf(
      ENTERPRISE_MODERN_APP_MANAGEMENT,
      withoutQuery(item.source ?? ""),
    )?.segments;
    if (names?.[0] !== "AppManagement") continue;
    if (names[1] === "AppInventoryResults") readResults(item.data ?? "", add, warnings);
    else readTreeItem(names.slice(1), item.data ?? "", add);
  }
  return { products: productsOf([...packages.values()], warnings), warnings };
}

/** The families that the answer to `getFamilies` names. */
export function readFamilies(data: string): readonly string[] {
  return childNames(data).flatMap((name) => parseFamilyName(name) ?? []);
}

/** A package with all its details has as many attributes as there are details. */
const RESULTS_LIMITS = { ...DOCUMENT_LIMITS, attributesMax: 64 };

function readResults(xml: string, add: (facts: Facts) => void, warnings: string[]): void {
  if (xml.trim() === "") return;
  try {
    visit(parseXml(xml.trim(), RESULTS_LIMITS), new Map(), add);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    warnings.push(`AppInventoryResults cannot be read: ${error.message}`);
  }
}

/** Whatever has a package's names is one; a family's name counts for the packages inside it. */
function visit(element: Element, inherited: Facts, add: (facts: Facts) => void): void {
  const own: Facts = new Map(
    element.attributes.map(({ name, value }) => [name.toLowerCase(), value.trim()]),
  );
  for (const child of element.children) {
    const isValue = child.children.length === 0 && child.attributes.length === 0;
    if (isValue) own.set(child.name.toLowerCase(), child.text.trim());
  }
  const family = own.get("packagefamilyname") ?? inherited.get("packagefamilyname");
  if (own.has("packagefullname")) {
    add(family === undefined ? own : new Map([["packagefamilyname", family], ...own]));
    return;
  }
  const inside = element.children.filter(
    ({ children, attributes }) => children.length > 0 || attributes.length > 0,
  );
  if (own.has("packagefamilyname") && inside.length === 0) add(own);
  const next: Facts = family === undefined ? inherited : new Map([["packagefamilyname", family]]);
  for (const child of inside) visit(child, next, add);
}

/** One node below AppManagement: an origin, a family, a package or a value of one. */
function readTreeItem(names: readonly string[], data: string, add: (facts: Facts) => void): void {
  const [origin, family, full, leaf] = names;
  if (!ORIGINS.some((one) => one === origin)) return;
  if (family === undefined) return;
  const base: Facts = new Map([["packagefamilyname", family]]);
  if (full === undefined) {
    for (const name of childNames(data)) {
      if (parseFullName(name)) add(new Map([...base, ["packagefullname", name]]));
    }
  } else if (parseFullName(full)) {
    const facts: Facts = new Map([...base, ["packagefullname", full]]);
    if (leaf !== undefined) facts.set(leaf.toLowerCase(), data.trim());
    add(facts);
  }
}

function productsOf(packages: readonly Facts[], warnings: string[]): readonly PackagedApp[] {
  const products = new Map<string, { readonly app: PackagedApp; readonly isBundle: boolean }>();
  for (const facts of packages) {
    const fullName = facts.get("packagefullname") || null;
    const parts = fullName === null ? undefined : parseFullName(fullName);
    const familyName =
      parseFamilyName(facts.get("packagefamilyname") ?? "") ?? parts?.familyName ?? undefined;
    if (familyName === undefined) {
      warnings.push(`"${(fullName ?? "").slice(0, 128)}" is no package`);
      continue;
    }
    if (isTrue(facts.get("isframework")) || !isInstalled(facts)) continue;
    const status = Number(facts.get("packagestatus") || "0");
    if (status !== 0) warnings.push(`${fullName ?? familyName} has PackageStatus ${status}`);
    const isBundle = isTrue(facts.get("isbundle"));
    const known = products.get(familyName);
    if (known && isBundle && !known.isBundle) continue;
    products.set(familyName, {
      isBundle,
      app: {
        productId: familyName,
        fullName,
        version: facts.get("version") || parts?.version || null,
        title: facts.get("name") || parts?.name || null,
        publisher: facts.get("publisher") || null,
        ...installDateOf(familyName, facts.get("installdate") || undefined, warnings),
      },
    });
  }
  return [...products.values()].map(({ app }) => app);
}

function isTrue(text: string | undefined): boolean {
  return text === "1" || text?.toLowerCase() === "true";
}

/**
 * Users tells whether the package is only staged: one number for the user asked for, or a list of
 * users each with its number or word. Provisioned, it is there for everybody.
 */
function isInstalled(facts: Facts): boolean {
  const users = facts.get("users") ?? "";
  if (users === "" || isTrue(facts.get("isprovisioned"))) return true;
  const states = users.split(/[,;|]/).map(
    (part) =>
      part
        .trim()
        .split(/[:=\s]+/)
        .at(-1) ?? "",
  );
  const known = states.filter((state) => NOT_INSTALLED.test(state) || INSTALLED.test(state));
  return known.length === 0 || known.some((state) => INSTALLED.test(state));
}

/** 0 not installed, 1 staged; 2 installed, 6 paused. */
const NOT_INSTALLED = /^(0|1|staged|not_?installed)\W*$/i;
const INSTALLED = /^(2|6|installed|paused)\W*$/i;
