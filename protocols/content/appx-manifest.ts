import {
  type PackageIdentity,
  parseFamilyName,
  publisherIdOf,
} from "../csp/enterprise-modern-app-management/package-names.ts";
import { ProtocolError } from "../errors.ts";
import type { Steps } from "../steps.ts";
import type { Element } from "../syncml/element.ts";
import type { DocumentLimits } from "../syncml/limits.ts";
import { xmlSteps } from "../syncml/parse-xml.ts";

/** Bounds on a manifest: those of real ones are a tenth of them. */
export const MANIFEST_LIMITS: DocumentLimits = {
  bytesMax: 1024 * 1024,
  depthMax: 32,
  elementsMax: 20_000,
  // Every extension of the schema has a namespace of its own on the root.
  attributesMax: 96,
  textMax: 64 * 1024,
};

/** A family's name is worked out for each; real packages need a handful. */
export const APPX_DEPENDENCIES_MAX = 1_000;

/** What a packaged app (APPX, MSIX, or a bundle of them) says of itself. */
export interface AppxManifest {
  readonly identity: PackageIdentity;
  readonly isBundle: boolean;
  /** A library that others depend on, and no app. */
  readonly isFramework: boolean;
  /** For people; null where it is a resource of the package (`ms-resource:…`) or missing. */
  readonly displayName: string | null;
  readonly publisherDisplayName: string | null;
  /** The lowest version of a desktop Windows that it runs on; null where it says none. */
  readonly minimumOsVersion: string | null;
  /** Other packages that have to be there, such as frameworks. */
  readonly dependencies: readonly AppxDependency[];
}

export interface AppxDependency {
  readonly name: string;
  readonly familyName: string;
  readonly minimumVersion: string;
}

/** Target families that a PC is of. */
const DESKTOP_FAMILIES = ["Windows.Desktop", "Windows.Universal", "MSIXCore.Desktop"];
/** The resource id that stands for a bundle in its full name. */
const BUNDLE_RESOURCE = "~";
const VERSION = /^\d{1,5}(\.\d{1,5}){3}$/;

/**
 * Reads AppxManifest.xml, or AppxBundleManifest.xml of a bundle.
 *
 * @throws ProtocolError `xml-…` for what is no XML, `appx-manifest` for what is no manifest
 */
export function* readAppxManifest(xml: Uint8Array): Steps<AppxManifest> {
  const root = yield* xmlSteps(xml, MANIFEST_LIMITS);
  const isBundle = root.name === "Bundle";
  if (root.name !== "Package" && !isBundle) throw broken(`the root is <${root.name}>`);
  const properties = childOf(root, "Properties");
  const dependencies = childOf(root, "Dependencies")?.children ?? [];
  if (dependencies.length > APPX_DEPENDENCIES_MAX) {
    throw broken(`it has ${dependencies.length} dependencies`);
  }
  return {
    identity: identityOf(root, isBundle),
    isBundle,
    isFramework: wordsOf(properties, "Framework") === "true",
    displayName: wordsOf(properties, "DisplayName"),
    publisherDisplayName: wordsOf(properties, "PublisherDisplayName"),
    minimumOsVersion: minimumOf(dependencies),
    dependencies: dependencies.flatMap((one) => dependencyOf(one) ?? []),
  };
}

function identityOf(root: Element, isBundle: boolean): PackageIdentity {
  const identity = childOf(root, "Identity");
  if (identity === undefined) throw broken("there is no <Identity>");
  const need = (name: string): string => {
    const value = attributeOf(identity, name);
    if (value === undefined) throw broken(`<Identity> has no ${name}`);
    return value;
  };
  const name = need("Name");
  const publisher = need("Publisher");
  if (parseFamilyName(`${name}_${publisherIdOf(publisher)}`) === undefined) {
    throw broken(`"${name.slice(0, 64)}" is no name of a package`);
  }
  const version = need("Version");
  if (!VERSION.test(version)) throw broken(`"${version.slice(0, 64)}" is no version`);
  return {
    name,
    publisher,
    version,
    architecture: (attributeOf(identity, "ProcessorArchitecture") ?? "neutral").toLowerCase(),
    resourceId: isBundle ? BUNDLE_RESOURCE : (attributeOf(identity, "ResourceId") ?? ""),
  };
}

function minimumOf(dependencies: readonly Element[]): string | null {
  const families = dependencies.filter(({ name }) => name === "TargetDeviceFamily");
  const own = families.find((family) =>
    DESKTOP_FAMILIES.includes(attributeOf(family, "Name") ?? ""),
  );
  const minimum = own && attributeOf(own, "MinVersion");
  return minimum !== undefined && VERSION.test(minimum) ? minimum : null;
}

function dependencyOf(element: Element): AppxDependency | undefined {
  if (element.name !== "PackageDependency") return undefined;
  const name = attributeOf(element, "Name") ?? "";
  const publisher = attributeOf(element, "Publisher");
  if (publisher === undefined) return undefined;
  const familyName = parseFamilyName(`${name}_${publisherIdOf(publisher)}`);
  if (familyName === undefined) return undefined;
  return { name, familyName, minimumVersion: attributeOf(element, "MinVersion") ?? "0.0.0.0" };
}

function wordsOf(properties: Element | undefined, name: string): string | null {
  const text = (properties && childOf(properties, name)?.text.trim()) ?? "";
  return text === "" || text.startsWith("ms-resource:") ? null : text;
}

function childOf(parent: Element, name: string): Element | undefined {
  return parent.children.find((child) => child.name === name);
}

function attributeOf(element: Element, name: string): string | undefined {
  return element.attributes.find((attribute) => attribute.name === name)?.value;
}

function broken(why: string): ProtocolError {
  return new ProtocolError("appx-manifest", `the package's manifest cannot be used: ${why}`);
}
