import type { RawCommand, RawHandler, RawReply } from "./raw-device.ts";

/** A Windows PC as the tests need it: what is on it, how its jobs go, and answers to override. */
export interface PcState {
  seen: RawCommand[];
  osPlatform?: string | null;
  osVersion?: string | null;
  /** MSI nodes of the device by ProductCode: installed when they have a version. */
  msi?: Record<string, MsiNode>;
  /** The same of its user. */
  userMsi?: Record<string, MsiNode>;
  /** ProductCode of the installed product by UpgradeCode. */
  upgradeCodes?: Record<string, string>;
  /** Full names of installed packages, by family. */
  packages?: Record<string, string>;
  /** AppInstallation nodes, by family. */
  installs?: Record<string, { status: number; lastError?: number }>;
  say?: (command: RawCommand) => RawReply | undefined;
}

export interface MsiNode {
  version?: string;
  name?: string;
  status?: number;
  lastError?: number;
  /** What a Get of DownloadInstall answers. */
  job?: string;
}

const EDAM = "Vendor/MSFT/EnterpriseDesktopAppManagement";
const EMAM = "Vendor/MSFT/EnterpriseModernAppManagement";

export function pc(state: PcState): RawHandler {
  return (command) => {
    state.seen.push(command);
    const said = state.say?.(command);
    if (said) return said;
    if (command.name === "Get") return get(state, command.items[0]?.uri ?? "");
    return { code: 200 };
  };
}

function get(state: PcState, uri: string): RawReply {
  const value = (data: string): RawReply => ({ code: 200, results: [{ uri, data }] });
  if (uri === "./DevDetail/SwV") return valueOr404(uri, state.osVersion ?? "10.0.22631.3007");
  if (uri === "./DevDetail/Ext/Microsoft/OSPlatform") {
    return valueOr404(uri, state.osPlatform === undefined ? "Windows 11 Pro" : state.osPlatform);
  }
  const [path = "", query] = uri.split("?");
  const [, context, , , provider, ...names] = path.split("/").map(decodeURIComponent);
  if (provider === "EnterpriseDesktopAppManagement") {
    const nodes = (context === "User" ? state.userMsi : state.msi) ?? {};
    return getMsi(state, nodes, `./${context}/${EDAM}/MSI`, names, query, value);
  }
  if (provider === "EnterpriseModernAppManagement") return getPackaged(state, names, value);
  return { code: 404 };
}

function getMsi(
  state: PcState,
  nodes: Record<string, MsiNode>,
  root: string,
  [, product, leaf]: readonly string[],
  query: string | undefined,
  value: (data: string) => RawReply,
): RawReply {
  if (product === undefined) {
    const results = Object.entries(nodes).flatMap(([code, node]) => {
      const at = `${root}/${encodeURIComponent(code)}`;
      const leaves =
        node.version === undefined ? [] : [{ uri: `${at}/Version`, data: node.version }];
      return [{ uri: at, format: "node" }, ...leaves];
    });
    if (query !== undefined)
      return { code: 200, results: [{ uri: root, format: "node" }, ...results] };
    return value(Object.keys(nodes).map(encodeURIComponent).join("/"));
  }
  if (product === "UpgradeCode") {
    const found = state.upgradeCodes?.[leaf ?? ""];
    return found === undefined ? { code: 404 } : value(found);
  }
  const node = nodes[product];
  const values: Record<string, string | number | undefined> = {
    Version: node?.version,
    Name: node?.name,
    Status: node?.status,
    LastError: node?.status === undefined ? undefined : (node.lastError ?? 0),
    LastErrorDesc: node?.status === undefined ? undefined : "",
    DownloadInstall: node?.job,
  };
  const data = values[leaf ?? ""];
  return data === undefined ? { code: 404 } : value(String(data));
}

function getPackaged(
  state: PcState,
  [folder, family = "", leaf = ""]: readonly string[],
  value: (data: string) => RawReply,
): RawReply {
  if (folder === "AppManagement" && family === "AppInventoryResults") {
    const packages = Object.entries(state.packages ?? {}).map(
      ([of, full]) => `<Package PackageFamilyName="${of}" PackageFullName="${full}"/>`,
    );
    return value(`<Results>${packages.join("")}</Results>`);
  }
  const install = folder === "AppInstallation" ? state.installs?.[family] : undefined;
  if (!install) return { code: 404 };
  if (leaf === "Status") return value(String(install.status));
  if (leaf === "LastError") return value(String(install.lastError ?? 0));
  return leaf === "LastErrorDesc" ? value("") : { code: 404 };
}

function valueOr404(uri: string, data: string | null): RawReply {
  return data === null ? { code: 404 } : { code: 200, results: [{ uri, data }] };
}

/** An alert of a first message, as XML. */
export function alertXml(cmdId: number, code: number, type: string, source: string, data: string) {
  return (
    `<Alert><CmdID>${cmdId}</CmdID><Data>${code}</Data><Item>` +
    (source === "" ? "" : `<Source><LocURI>${source}</LocURI></Source>`) +
    `<Meta><Type xmlns="syncml:metinf">${type}</Type><Format xmlns="syncml:metinf">int</Format></Meta>` +
    `<Data>${data}</Data></Item></Alert>`
  );
}

export const loginAlert = (who: "user" | "others" | "none") =>
  alertXml(3, 1224, "com.microsoft/MDM/LoginStatus", "", who);

/** Commands in short: name and the path below the provider, braces as they are. */
export const shortly = (commands: readonly RawCommand[]): string[] =>
  commands.map((command) =>
    command.children.length > 0
      ? `${command.name}(${shortly(command.children).join(", ")})`
      : `${command.name} ${command.items.map(({ uri }) => shortUri(uri)).join("+")}`,
  );

function shortUri(uri: string): string {
  return decodeURIComponent(uri).replace(EDAM, "").replace(EMAM, "").replace("//", "/");
}
