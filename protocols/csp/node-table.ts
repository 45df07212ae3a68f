/**
 * How every configuration service provider here describes its nodes: one row per node with its
 * format and the status that each command gets on it. Whoever plays a device, keeps a virtual one
 * or builds a LocURI goes by these tables.
 */
export type TreeCommand = "Get" | "Add" | "Replace" | "Delete" | "Exec";

export type NodeFormat = "node" | "chr" | "int" | "bool" | "null" | "xml";

/** For the whole device (also what a LocURI without a prefix means), or for the user signed in. */
export type NodeContext = "device" | "user";

export interface NodeRule {
  /** Below the provider's root; a name in braces is chosen by the server or the app. */
  readonly path: string;
  readonly format: NodeFormat;
  /** The status of each command on the node or, for Add, while it is absent. */
  readonly codes: Readonly<Record<TreeCommand, 200 | 202 | 405>>;
  /** The contexts whose tree has the node. */
  readonly contexts: readonly NodeContext[];
}

export interface NodeTable {
  /** The provider's name, such as `EnterpriseAppManagement`. */
  readonly provider: string;
  readonly contexts: readonly NodeContext[];
  /** The root itself: it only ever is a prefix and may be read. */
  readonly root: NodeRule;
  /** The nodes below the root. Where both fit, a fixed name stands before a chosen one. */
  readonly nodes: readonly NodeRule[];
}

/** Where a LocURI points in a provider's tree. */
export interface NodePlace {
  readonly context: NodeContext;
  /** Decoded names below the root. */
  readonly segments: readonly string[];
  readonly rule: NodeRule;
}

type Allowed = Partial<Record<TreeCommand, 200 | 202>>;

/** A node that answers the given commands, and 405 to the others. */
export function node(
  path: string,
  format: NodeFormat,
  allowed: Allowed,
  contexts: readonly NodeContext[] = ["device", "user"],
): NodeRule {
  const none = { Get: 405, Add: 405, Replace: 405, Delete: 405, Exec: 405 } as const;
  return { path, format, codes: { ...none, ...allowed }, contexts };
}

export function nodeTable(
  provider: string,
  contexts: readonly NodeContext[],
  nodes: readonly NodeRule[],
): NodeTable {
  const own = (rule: NodeRule): NodeRule => ({
    ...rule,
    contexts: rule.contexts.filter((context) => contexts.includes(context)),
  });
  return {
    provider,
    contexts,
    root: node("", "node", { Get: 200 }, contexts),
    nodes: nodes.map(own),
  };
}

/**
 * The rule of the node at `segments` below the root, already decoded; names compare exactly.
 * Undefined when there is no such node, whatever the device's state.
 */
export function findNode(
  table: NodeTable,
  segments: readonly string[],
  context: NodeContext = "device",
): NodeRule | undefined {
  if (segments.length === 0) return table.root;
  return table.nodes.find(({ path, contexts }) => {
    const names = path.split("/");
    return (
      names.length === segments.length &&
      names.every((name, i) =>
        name.startsWith("{") ? segments[i] !== "" : name === segments[i],
      ) &&
      contexts.includes(context)
    );
  });
}

/** The rules of the nodes that can be directly below `parent`. */
export function childRules(table: NodeTable, parent: NodeRule): readonly NodeRule[] {
  const prefix = parent.path === "" ? "" : `${parent.path}/`;
  return table.nodes.filter(
    ({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes("/"),
  );
}

/**
 * What a LocURI names in this provider's tree. Strict: blanks around it are trimmed, nothing else is
 * repaired, and a query is not part of it. Undefined when it is elsewhere or there is no such node.
 */
export function locate(table: NodeTable, uri: string): NodePlace | undefined {
  const found = segmentsOf(table, uri);
  if (found === undefined) return undefined;
  const rule = findNode(table, found.segments, found.context);
  return rule && { ...found, rule };
}

/** The decoded names of a LocURI below the provider's root; undefined when it is elsewhere. */
export function segmentsOf(
  table: NodeTable,
  uri: string,
): { readonly context: NodeContext; readonly segments: readonly string[] } | undefined {
  const trimmed = uri.trim();
  const path = trimmed.startsWith("./") ? trimmed.slice(2) : trimmed;
  for (const [prefix, context] of PREFIXES) {
    const root = `${prefix}Vendor/MSFT/${table.provider}`;
    if (path !== root && !path.startsWith(`${root}/`)) continue;
    if (!table.contexts.includes(context)) return undefined;
    const names = path.slice(root.length + 1).split("/");
    if (names.at(-1) === "") names.pop();
    return { context, segments: names.map(decodeSegment) };
  }
  return undefined;
}

const PREFIXES = [
  ["Device/", "device"],
  ["User/", "user"],
  ["", "device"],
] as const satisfies readonly (readonly [string, NodeContext])[];

/** The LocURI of a provider's root: `./Vendor/MSFT/…` where there is only the device's. */
export function rootUri(table: NodeTable, context: NodeContext = "device"): string {
  const prefix = !table.contexts.includes("user") ? "" : context === "user" ? "User/" : "Device/";
  return `./${prefix}Vendor/MSFT/${table.provider}`;
}

/** The LocURI of the node with these names below the root, each escaped. */
export function nodeUri(
  table: NodeTable,
  context: NodeContext,
  segments: readonly string[],
): string {
  return [rootUri(table, context), ...segments.map(encodeSegment)].join("/");
}

/** A node name as a segment of a LocURI: braces become %7B and %7D. [E-089] */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name);
}

/** The name that a segment stands for; a segment that is not valid percent-encoding is itself. */
export function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Child names of an interior node as a Get answers them: joined by `/`, each percent-encoded. */
export function childNames(data: string): readonly string[] {
  return data
    .trim()
    .split("/")
    .filter((name) => name !== "")
    .map(decodeSegment);
}
