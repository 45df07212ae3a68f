import {
  printInventoryResults,
  readHostedInstall,
  readInventoryQuery,
  readPackageRemoval,
} from "../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import {
  ENTERPRISE_MODERN_APP_MANAGEMENT,
  INSTALLATION_LEAVES,
  ORIGINS,
} from "../../../protocols/csp/enterprise-modern-app-management/nodes.ts";
import { parseFamilyName } from "../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import type { NodeContext, NodePlace } from "../../../protocols/csp/node-table.ts";
import type { Done, ProviderTree } from "./provider-tree.ts";
import {
  type AppInstallation,
  keyOf,
  type PcPackage,
  type PcState,
  withInstallation,
  withoutInstallation,
  withoutUnused,
} from "./state.ts";

const PACKAGE_LEAVES = [
  "Name",
  "Version",
  "Publisher",
  "Architecture",
  "InstallLocation",
  "InstallDate",
  "ResourceID",
  "Users",
  "IsFramework",
  "IsBundle",
  "IsProvisioned",
  "RequiresReinstall",
  "PackageStatus",
] as const;

/** Packaged apps as a PC shows them. [syncml 6.3] */
export const MSIX_TREE: ProviderTree = {
  table: ENTERPRISE_MODERN_APP_MANAGEMENT,

  children(state, { context, segments }) {
    const [folder, second, family, full] = segments;
    if (folder === undefined) return ["AppManagement", "AppInstallation"];
    if (folder === "AppInstallation") {
      if (second !== undefined) return INSTALLATION_LEAVES;
      const nodes = [...state.installations.values()].filter((node) => node.context === context);
      return nodes.map(({ familyName }) => familyName);
    }
    if (second === undefined) return [...ORIGINS, "LastScanError", "AppInventoryQuery"];
    const own = packagesOf(state, context).filter(({ origin }) => origin === second);
    if (family === undefined) return [...new Set(own.map(({ familyName }) => familyName))];
    const versions = own.filter(({ familyName }) => isSame(familyName, family));
    return full === undefined ? versions.map(({ fullName }) => fullName) : PACKAGE_LEAVES;
  },

  value(state, place) {
    const { context, segments } = place;
    const [folder, second = "", family = "", full = "", leaf = ""] = segments;
    if (folder === "AppInstallation") {
      const node = state.installations.get(keyOf(context, second));
      return node && installationValue(node, family);
    }
    if (second === "LastScanError") return "0";
    if (second === "AppInventoryQuery") return state.queries[context];
    if (second === "AppInventoryResults") return resultsOf(state, context);
    const found = packagesOf(state, context).find(
      (one) =>
        one.origin === second && isSame(one.familyName, family) && isSame(one.fullName, full),
    );
    return found && packageValue(found, leaf);
  },

  has(state, { context, segments: [folder, second, family, full] }) {
    if (folder === "AppInstallation") {
      return second === undefined || state.installations.has(keyOf(context, second));
    }
    if (folder !== "AppManagement") return folder === undefined;
    if (family === undefined) return true;
    return packagesOf(state, context).some(
      (one) =>
        one.origin === second &&
        isSame(one.familyName, family) &&
        (full === undefined || isSame(one.fullName, full)),
    );
  },

  add(state, { context, segments: [folder, family = "", leaf] }) {
    const familyName = parseFamilyName(family);
    if (folder !== "AppInstallation" || familyName === undefined) return { refused: 400 };
    const known = state.installations.get(keyOf(context, familyName));
    if (leaf !== undefined && known !== undefined) return { state, code: 200 };
    return { state: withInstallation(state, newInstallation(context, familyName)), code: 200 };
  },

  replace(state, { context, segments: [, name] }, data) {
    if (name !== "AppInventoryQuery") return { state, code: 200 };
    if (readInventoryQuery(data) === undefined) return { refused: 400 };
    return { state: { ...state, queries: { ...state.queries, [context]: data } }, code: 200 };
  },

  remove(state, place) {
    const { context, segments } = place;
    const [folder, second = ""] = segments;
    if (folder === "AppManagement") return removePackages(state, place);
    const node = state.installations.get(keyOf(context, second));
    if (node === undefined) return { refused: 404 };
    return { state: withoutInstallation(state, node), code: 200 };
  },

  execute(state, { context, segments: [folder, second = "", leaf] }, data) {
    if (folder === "AppManagement") {
      return second === "RemovePackage" ? removeForAll(state, data) : { state, code: 200 };
    }
    // The family has to be added before. [syncml 6.3]
    const node = state.installations.get(keyOf(context, second));
    if (folder !== "AppInstallation" || node === undefined) return { refused: 404 };
    // Nobody can reach a store from here.
    if (leaf !== "HostedInstall") return { refused: 500 };
    const install = readHostedInstall(data);
    if (install === undefined) return { refused: 400 };
    const begun = withInstallation(state, newInstallation(context, node.familyName));
    return {
      state: { ...begun, started: [...state.started, { kind: "msix", node, install }] },
      code: 200,
    };
  },
};

function newInstallation(context: NodeContext, familyName: string): AppInstallation {
  return { context, familyName, status: 0, progress: 0, lastError: 0, lastErrorText: "" };
}

function installationValue(node: AppInstallation, leaf: string): string | undefined {
  switch (leaf) {
    case "Status":
      return String(node.status);
    case "ProgressStatus":
      return String(node.progress);
    case "LastError":
      return String(node.lastError);
    case "LastErrorDesc":
      return node.lastErrorText;
    default:
      return undefined;
  }
}

/** A device's tree lists what anybody has, a user's what is the user's. */
function packagesOf(state: PcState, context: NodeContext): readonly PcPackage[] {
  const all = [...state.packages.values()];
  return context === "device" ? all : all.filter(({ forUser }) => forUser);
}

function packageValue(one: PcPackage, leaf: string): string | undefined {
  return detailsOf(one).find(([name]) => name === leaf)?.[1];
}

type Details = readonly (readonly [name: string, value: string])[];

function detailsOf(one: PcPackage): Details {
  const flag = (is: boolean) => (is ? "1" : "0");
  return [
    ["Name", one.name],
    ["Version", one.version],
    ["Publisher", one.publisher],
    ["Architecture", one.architecture],
    ["InstallLocation", `C:\\Program Files\\WindowsApps\\${one.fullName}`],
    ["InstallDate", `${new Date(one.installedAtMs).toISOString().slice(0, 19)}Z`],
    ["ResourceID", ""],
    ["Users", one.forUser ? "2" : "1"],
    ["IsFramework", flag(one.isFramework)],
    ["IsBundle", flag(one.isBundle)],
    ["IsProvisioned", flag(one.provisioned)],
    ["RequiresReinstall", "0"],
    ["PackageStatus", "0"],
  ];
}

/** What the last query of this tree asked for; without one, the names of everything. */
function resultsOf(state: PcState, context: NodeContext): string {
  const query = readInventoryQuery(state.queries[context]);
  const wanted = packagesOf(state, context).filter((one) => {
    const type = one.isFramework ? "Framework" : one.isBundle ? "Bundle" : "Main";
    return (
      (query === undefined || query.sources.length === 0 || query.sources.includes(one.origin)) &&
      (query === undefined || query.types.length === 0 || query.types.includes(type)) &&
      (query?.familyName == null || isSame(query.familyName, one.familyName))
    );
  });
  return printInventoryResults(
    wanted.map((one) => [
      ["PackageFamilyName", one.familyName],
      ["PackageFullName", one.fullName],
      ...(query?.details === true ? detailsOf(one) : []),
    ]),
  );
}

/**
 * For the user, the user loses it. For the device, nobody gets it any more; who has it keeps it. [6.3]
 */
function removePackages(state: PcState, { context, segments }: NodePlace): Done {
  const [, origin = "", family = "", full] = segments;
  const packages = new Map(state.packages);
  for (const [key, one] of packages) {
    const isMeant =
      one.origin === origin &&
      isSame(one.familyName, family) &&
      (full === undefined || isSame(one.fullName, full));
    if (!isMeant) continue;
    packages.set(key, { ...one, [context === "user" ? "forUser" : "provisioned"]: false });
  }
  return {
    state: afterRemoval(state, { ...state, packages }, context),
    code: 200,
    irrevocable: true,
  };
}

function removeForAll(state: PcState, data: string): Done {
  const removal = readPackageRemoval(data);
  if (removal === undefined) return { refused: 400 };
  const found = state.packages.get(removal.fullName.toLowerCase());
  if (found === undefined || found.origin === "System") return { refused: 404 };
  const packages = new Map(state.packages).set(found.fullName.toLowerCase(), {
    ...found,
    forUser: false,
    provisioned: removal.forAllUsers ? false : found.provisioned,
  });
  return {
    state: afterRemoval(state, { ...state, packages }, "device"),
    code: 200,
    irrevocable: true,
  };
}

/** What is gone for good by this is told by an alert. */
function afterRemoval(before: PcState, marked: PcState, context: NodeContext): PcState {
  const after = withoutUnused(marked);
  const removed = [...before.packages].flatMap(([key, { origin, familyName }]) =>
    after.packages.has(key) ? [] : [{ context, origin, familyName }],
  );
  return { ...after, removed: [...before.removed, ...removed] };
}

function isSame(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
