import { ProtocolError } from "../../errors.ts";
import { branch, type Element } from "../../syncml/element.ts";
import { parseXml } from "../../syncml/parse-xml.ts";
import { printElement } from "../../syncml/print-xml.ts";

/** The documents that EnterpriseModernAppManagement takes and gives, as XML text. [syncml 6.3] */

export interface HostedInstall {
  readonly packageUri: string;
  /** Frameworks and the like that are installed with it, in their order. */
  readonly dependencyUris: readonly string[];
  /** A bit set, for installations of a user; null leaves it out, as for the whole device. */
  readonly deploymentOptions: number | null;
}

/** The Application document of HostedInstall, as XML text. [syncml 6.3] */
export function printHostedInstall(install: HostedInstall): string {
  const { packageUri, dependencyUris, deploymentOptions } = install;
  const dependencies = dependencyUris.map((uri) =>
    element("Dependency", [], [["PackageUri", uri]]),
  );
  return printElement(
    element("Application", dependencies.length > 0 ? [element("Dependencies", dependencies)] : [], [
      ["PackageUri", packageUri],
      ...(deploymentOptions === null
        ? []
        : ([["DeploymentOptions", String(deploymentOptions)]] as const)),
    ]),
    "",
  );
}

/** Reads an Application as a device does. Undefined for what is none. */
export function readHostedInstall(text: string): HostedInstall | undefined {
  const root = parsed(text);
  const packageUri = root && attributeOf(root, "PackageUri");
  if (root?.name !== "Application" || packageUri === undefined) return undefined;
  const dependencies = root.children.find(({ name }) => name === "Dependencies")?.children ?? [];
  const options = attributeOf(root, "DeploymentOptions");
  return {
    packageUri,
    dependencyUris: dependencies.flatMap((one) => attributeOf(one, "PackageUri") ?? []),
    deploymentOptions: options === undefined ? null : Number(options),
  };
}

/** What a server wants to know of the packages of a device. */
export interface InventoryQuery {
  /** Everything about each package; else only its names. */
  readonly details: boolean;
  /** Empty: of all origins. */
  readonly sources: readonly string[];
  /** Kinds such as `Main` and `Bundle`; empty: all. */
  readonly types: readonly string[];
  readonly familyName: string | null;
}

/** Reads an AppInventoryQuery as a device does. Undefined for what is none. */
export function readInventoryQuery(text: string): InventoryQuery | undefined {
  const root = parsed(text);
  if (root?.name !== "Inventory") return undefined;
  const words = (name: string) =>
    (attributeOf(root, name) ?? "")
      .split("|")
      .map((word) => word.trim())
      .filter((word) => word !== "" && word !== "All");
  return {
    details: words("Output").includes("PackageDetails"),
    sources: words("Source"),
    types: words("PackageTypeFilter"),
    familyName: attributeOf(root, "PackageFamilyName") ?? null,
  };
}

/** The package full name that a RemovePackage is about, and for whom. Undefined for what is none. */
export function readPackageRemoval(
  text: string,
): { readonly fullName: string; readonly forAllUsers: boolean } | undefined {
  const root = parsed(text);
  const fullName = root && attributeOf(root, "Name");
  if (root?.name !== "Package" || fullName === undefined) return undefined;
  return { fullName, forAllUsers: attributeOf(root, "RemoveForAllUsers") === "1" };
}

/** AppInventoryResults as our simulated PCs write it: Microsoft does not say what it looks like. */
export function printInventoryResults(
  packages: readonly (readonly (readonly [name: string, value: string])[])[],
): string {
  return printElement(
    element(
      "Results",
      packages.map((attributes) => element("Package", [], attributes)),
    ),
    "",
  );
}

function parsed(text: string): Element | undefined {
  try {
    return parseXml(text.trim());
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function attributeOf(of: Element, name: string): string | undefined {
  return of.attributes.find((attribute) => attribute.name === name)?.value;
}

export function element(
  name: string,
  children: readonly Element[],
  attributes: readonly (readonly [string, string])[] = [],
): Element {
  return {
    ...branch(name, children, ""),
    attributes: attributes.map(([of, value]) => ({ name: of, value })),
  };
}
