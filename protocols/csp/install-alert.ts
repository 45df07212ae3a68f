import { withoutQuery } from "../oma-dm/loc-uri.ts";
import type { Item } from "../syncml/message.ts";
import { ENTERPRISE_DESKTOP_APP_MANAGEMENT } from "./enterprise-desktop-app-management/nodes.ts";
import {
  ENTERPRISE_MODERN_APP_MANAGEMENT,
  ORIGINS,
} from "./enterprise-modern-app-management/nodes.ts";
import { parseFamilyName } from "./enterprise-modern-app-management/package-names.ts";
import { readLastError } from "./last-error.ts";
import { type NodeContext, type NodeTable, segmentsOf } from "./node-table.ts";
import { parseProductId } from "./product-id.ts";

/** What a device says by itself when an installation or a removal has ended. */
export interface InstallAlert {
  readonly what: "installed" | "removed";
  readonly provider: string;
  readonly context: NodeContext;
  /** ProductCode in braces and upper case, or package family name. */
  readonly product: string;
  /** 0: it says that it went well. */
  readonly hresult: number;
}

interface AlertKind {
  readonly type: string;
  readonly what: InstallAlert["what"];
  readonly table: NodeTable;
  /** The product's node name among the segments below the provider's root. */
  readonly productOf: (segments: readonly string[]) => string | undefined;
}

const KINDS: readonly AlertKind[] = [
  {
    type: "com.microsoft.mdm.win32csp_install",
    what: "installed",
    table: ENTERPRISE_DESKTOP_APP_MANAGEMENT,
    productOf: ([folder, product = ""]) => (folder === "MSI" ? parseProductId(product) : undefined),
  },
  {
    type: "com.microsoft.mdm.enterprisehostedappinstall.result",
    what: "installed",
    table: ENTERPRISE_MODERN_APP_MANAGEMENT,
    productOf: ([folder, family = ""]) =>
      folder === "AppInstallation" ? parseFamilyName(family) : undefined,
  },
  {
    type: "com.microsoft.mdm.enterpriseappuninstall.result",
    what: "removed",
    table: ENTERPRISE_MODERN_APP_MANAGEMENT,
    // The documentation's sample leaves the origin out.
    productOf: ([folder, first = "", second = ""]) =>
      folder === "AppManagement"
        ? parseFamilyName(ORIGINS.some((origin) => origin === first) ? second : first)
        : undefined,
  },
];

/**
 * Reads an item of an Alert, 1224 or 1226: devices send these as either. [syncml 6.2, 6.3]
 * Undefined for an item that is about something else or cannot be read.
 */
export function readInstallAlert({ meta, source, target, data }: Item): InstallAlert | undefined {
  const type = (meta?.type ?? "")
    .replace(/^\s*reversed-domain-name:\s*/i, "")
    .trim()
    .toLowerCase();
  const kind = KINDS.find((one) => one.type === type);
  const hresult = readLastError(data ?? "");
  const place = kind && segmentsOf(kind.table, withoutQuery(source ?? target ?? ""));
  const product = place && kind.productOf(place.segments);
  if (!kind || !place || product === undefined || hresult === undefined) return undefined;
  return {
    what: kind.what,
    provider: kind.table.provider,
    context: place.context,
    product,
    hresult,
  };
}
