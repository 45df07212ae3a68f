import { cut, ProtocolError, quoted } from "../errors.ts";
import type { Element } from "../syncml/element.ts";
import type { DocumentLimits } from "../syncml/limits.ts";
import { parseXml } from "../syncml/parse-xml.ts";
import { canonicalUuid, isNothing } from "./headers.ts";

export const CE_NAMESPACE = "http://www.microsoft.com/DeviceManagement.xsd";

/** Bounds on one document of a device; a full inventory of the field has a hundred elements. */
export const CE_LIMITS: DocumentLimits = {
  bytesMax: 256 * 1024,
  depthMax: 12,
  elementsMax: 5_000,
  attributesMax: 8,
  textMax: 4_000,
};
/** Packages of one request for instructions. */
export const PACKAGES_MAX = 200;
/** Messages of one status document. */
export const MESSAGES_MAX = 200;
export const PARAMETERS_MAX = 50;
/** Characters of one value of a device that are kept. */
export const VALUE_CHARACTERS_MAX = 256;

export interface CePoll {
  readonly kind: "poll";
  /** What it calls itself in the document; null: it does not. */
  readonly uuid: string | null;
  readonly deviceName: string | null;
  readonly platform: string | null;
  readonly processor: string | null;
  /** Everything that is said of it, by name. */
  readonly said: readonly CeProperty[];
  readonly authorizationToken: string | null;
}

export interface CeProperty {
  readonly name: string;
  readonly value: string;
}

export interface CeStatusMessage {
  readonly packageId: string;
  /** Digits. */
  readonly messageId: string;
  readonly timestamp: string | null;
  readonly parameters: readonly CeProperty[];
}

export type CeRequest =
  | CePoll
  | { readonly kind: "instructions"; readonly packages: readonly string[] }
  | { readonly kind: "location"; readonly package: string }
  | { readonly kind: "status"; readonly messages: readonly CeStatusMessage[] }
  | { readonly kind: "inventory"; readonly properties: readonly CeProperty[] };

/**
 * Reads a document of a device, by its root element.
 *
 * @param text without an XML declaration, as `decodeBody` gives it
 * @throws ProtocolError as `parseXml` does, and `ce-unknown-document`, `ce-namespace`, `ce-missing`,
 *   `ce-bad-package`, `ce-bad-message`, `ce-too-many`, `ce-unknown-inventory`
 */
export function readRequest(text: string): CeRequest {
  const root = parseXml(text, CE_LIMITS);
  if (root.namespace !== "" && root.namespace !== CE_NAMESPACE) {
    throw new ProtocolError("ce-namespace", `the namespace ${quoted(root.namespace)} is not known`);
  }
  const read = Object.hasOwn(READERS, root.name) ? READERS[root.name] : undefined;
  if (read === undefined) {
    throw new ProtocolError("ce-unknown-document", `no document begins with ${quoted(root.name)}`);
  }
  return read(root);
}

const READERS: Readonly<Record<string, (root: Element) => CeRequest>> = {
  DevicePoll: readPoll,
  InstructionsRequest: readInstructions,
  PackageLocationRequest: readLocation,
  Status: readStatus,
  Inventory: readInventory,
};

/** Where in a poll stands what is shown of a device. */
const SAID: readonly (readonly [string, readonly string[]])[] = [
  ["ManagementSystem", ["ManagementSystem", "Name"]],
  ["ManagementSystemVersion", ["ManagementSystem", "Version"]],
  ["DeviceName", ["Identification", "DeviceName"]],
  ["UserName", ["Identification", "UserName"]],
  ["Domain", ["Identification", "Domain"]],
  ["Platform", ["Identification", "Platform"]],
  ["Processor", ["Identification", "Processor"]],
  ["IPAddress", ["Identification", "NetworkAdapter", "IPAddress"]],
  ["IPSubnet", ["Identification", "NetworkAdapter", "IPSubnet"]],
  ["MAC", ["Identification", "NetworkAdapter", "MAC"]],
  ["CodePage", ["Identification", "CodePage"]],
  ["SystemDefaultLCID", ["Identification", "SystemDefaultLCID"]],
];

function readPoll(root: Element): CePoll {
  const id = textAt(root, ["Identification", "ID"]);
  const uuid = id === null ? null : canonicalUuid(id);
  if (uuid === undefined) {
    throw new ProtocolError(
      "ce-bad-uuid",
      `Identification/ID is no device's id: ${quoted(id ?? "")}`,
    );
  }
  const token = textAt(root, ["Connection", "AuthorizationToken"]);
  return {
    kind: "poll",
    uuid,
    deviceName: textAt(root, ["Identification", "DeviceName"]),
    platform: textAt(root, ["Identification", "Platform"]),
    processor: textAt(root, ["Identification", "Processor"]),
    said: SAID.flatMap(([name, path]) => {
      const value = textAt(root, path);
      return value === null ? [] : [{ name, value }];
    }),
    authorizationToken: token === null || isNothing(token) ? null : token,
  };
}

function readInstructions(root: Element): CeRequest {
  const packages = root.children
    .filter(({ name }) => name === "Package")
    .map((one) => packageId(attribute(one, "ID")));
  checkCount(packages.length, PACKAGES_MAX, "packages");
  return { kind: "instructions", packages };
}

function readLocation(root: Element): CeRequest {
  return { kind: "location", package: packageId(textAt(root, ["PackageID"])) };
}

function readStatus(root: Element): CeRequest {
  const messages = root.children
    .filter(({ name }) => name === "StatusMessage")
    .map((one): CeStatusMessage => {
      const messageId = attribute(one, "messageID") ?? "";
      if (!/^\d{1,10}$/.test(messageId)) {
        throw new ProtocolError("ce-bad-message", `messageID is no number: ${quoted(messageId)}`);
      }
      const parameters = propertiesOf(one, "Parameter");
      checkCount(parameters.length, PARAMETERS_MAX, "parameters of a message");
      return {
        packageId: packageId(attribute(one, "packageID")),
        messageId,
        timestamp: attribute(one, "timestamp"),
        parameters,
      };
    });
  checkCount(messages.length, MESSAGES_MAX, "messages");
  return { kind: "status", messages };
}

function readInventory(root: Element): CeRequest {
  const type = attribute(root, "type");
  if (type?.toLowerCase() !== "machine") {
    throw new ProtocolError(
      "ce-unknown-inventory",
      `only inventories of type machine are asked for and taken, not ${quoted(type ?? "")}`,
    );
  }
  const seen = new Map<string, number>();
  const properties = root.children
    .filter(({ name }) => name === "InventoryItem")
    .flatMap((item) => {
      const kind = attribute(item, "name") ?? "";
      // There is one item for each file system: the second is `Device_FileSystem2`.
      const count = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, count);
      const prefix = count === 1 ? kind : `${kind}${count}`;
      return propertiesOf(item, "Property").map(({ name, value }) => ({
        name: cut(`${prefix}.${name}`, VALUE_CHARACTERS_MAX),
        value,
      }));
    });
  return { kind: "inventory", properties };
}

function propertiesOf(parent: Element, name: string): readonly CeProperty[] {
  return parent.children
    .filter((child) => child.name === name)
    .map((child) => ({
      name: cut(attribute(child, "name") ?? "", VALUE_CHARACTERS_MAX),
      value: cut(child.text.trim(), VALUE_CHARACTERS_MAX),
    }));
}

const GUID = /^\{?([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\}?$/;

function packageId(said: string | null): string {
  const [, id] = GUID.exec(said ?? "") ?? [];
  if (id === undefined) {
    throw new ProtocolError("ce-bad-package", `no package of ours is called ${quoted(said ?? "")}`);
  }
  return id.toUpperCase();
}

function checkCount(count: number, max: number, what: string): void {
  if (count > max) throw new ProtocolError("ce-too-many", `${count} ${what} are more than ${max}`);
}

function attribute(element: Element, name: string): string | null {
  const value = element.attributes.find((one) => one.name === name)?.value.trim();
  return value === undefined || value === "" ? null : cut(value, VALUE_CHARACTERS_MAX);
}

/** The text of the first element of this path; null when there is none, or nothing in it. */
function textAt(root: Element, path: readonly string[]): string | null {
  let at: Element | undefined = root;
  for (const name of path) at = at?.children.find((child) => child.name === name);
  const text = at?.text.trim() ?? "";
  return text === "" ? null : cut(text, VALUE_CHARACTERS_MAX);
}
