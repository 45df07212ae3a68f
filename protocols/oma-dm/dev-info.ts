import type { Item, Message } from "../syncml/message.ts";

/**
 * What a device says about itself in DevInfo, and in DevDetail when it sends that too. A leaf that
 * was not sent is missing.
 */
export interface DevInfo {
  readonly devId?: string;
  readonly man?: string;
  readonly mod?: string;
  readonly dmV?: string;
  readonly lang?: string;
  readonly devTyp?: string;
  readonly oem?: string;
  readonly fwV?: string;
  readonly swV?: string;
  readonly hwV?: string;
  readonly lrgObj?: string;
  /** Every other leaf below the two objects, by its path such as `DevInfo/Ext/Microsoft/Foo`. */
  readonly other: Readonly<Record<string, string>>;
}

/** Leaves by their path in lower case: node names are compared as real clients write them. */
const LEAVES = {
  "devinfo/devid": "devId",
  "devinfo/man": "man",
  "devinfo/mod": "mod",
  "devinfo/dmv": "dmV",
  "devinfo/lang": "lang",
  "devdetail/devtyp": "devTyp",
  "devdetail/oem": "oem",
  "devdetail/fwv": "fwV",
  "devdetail/swv": "swV",
  "devdetail/hwv": "hwV",
  "devdetail/lrgobj": "lrgObj",
} as const;

type Field = (typeof LEAVES)[keyof typeof LEAVES];

/** Characters of one value that are kept; a device has no reason to send more. */
export const DEV_INFO_VALUE_MAX = 512;
/** Leaves beyond the named ones that are kept. */
export const DEV_INFO_OTHER_MAX = 64;

/**
 * What a message says about its device, whoever sent it: for the list of strangers that knocked.
 * The session tells the same as an event once the device has proved who it is.
 */
export function devInfoOf({ commands }: Message): DevInfo {
  return readDevInfo(
    commands.flatMap((command) => (command.name === "Replace" ? command.items : [])),
  );
}

/** Is this URI in DevInfo or DevDetail? */
export function isDevInfoUri(uri: string): boolean {
  const path = relativePath(uri).toLowerCase();
  return ["devinfo", "devdetail"].some((root) => path === root || path.startsWith(`${root}/`));
}

/** Reads the items of a Replace or of Results; interior nodes and foreign items are passed over. */
export function readDevInfo(items: readonly Item[]): DevInfo {
  const info: Partial<Record<Field, string>> = {};
  const other: Record<string, string> = Object.create(null);
  let others = 0;
  for (const item of items) {
    const uri = item.source ?? item.target;
    if (uri === undefined || item.data === undefined || item.meta?.format === "node") continue;
    if (!isDevInfoUri(uri)) continue;
    const path = relativePath(uri);
    const value = item.data.trim().slice(0, DEV_INFO_VALUE_MAX);
    const key = path.toLowerCase();
    if (isLeaf(key)) info[LEAVES[key]] = value;
    else if (key.includes("/") && others < DEV_INFO_OTHER_MAX) {
      others += 1;
      other[path.slice(0, DEV_INFO_VALUE_MAX)] = value;
    }
  }
  return { ...info, other: { ...other } };
}

function isLeaf(path: string): path is keyof typeof LEAVES {
  return Object.hasOwn(LEAVES, path);
}

/** `./DevInfo/DevId` without the `./`, without a leading or trailing slash. */
function relativePath(uri: string): string {
  let start = 0;
  if (uri.startsWith("./")) start = 2;
  else if (uri.startsWith("/")) start = 1;
  return uri.endsWith("/") ? uri.slice(start, -1) : uri.slice(start);
}
