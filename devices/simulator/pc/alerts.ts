import { productUri } from "../../../protocols/csp/enterprise-desktop-app-management/commands.ts";
import { installationUri } from "../../../protocols/csp/enterprise-modern-app-management/commands.ts";
import { ENTERPRISE_MODERN_APP_MANAGEMENT } from "../../../protocols/csp/enterprise-modern-app-management/nodes.ts";
import { nodeUri } from "../../../protocols/csp/node-table.ts";
import type { ClientConfig } from "../../../protocols/oma-dm/client-state.ts";
import { ALERT } from "../../../protocols/syncml/alerts.ts";
import type { Removed, Started } from "./state.ts";

export type PcAlert = ClientConfig["alerts"][number];

/** An installation has ended. MSI and packaged apps use different alerts for that. [syncml 6.2, 6.3] */
export function installedAlert({ kind, node }: Started, hresult: number): PcAlert {
  return kind === "msi"
    ? alert(
        ALERT.clientEvent,
        "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install",
        productUri(node.context, node.productCode, "DownloadInstall"),
        hresult,
      )
    : alert(
        ALERT.generic,
        "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseHostedAppInstall.result",
        installationUri(node.context, node.familyName, "HostedInstall"),
        hresult,
      );
}

export function removedAlert({ context, origin, familyName }: Removed): PcAlert {
  return alert(
    ALERT.generic,
    "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseAppUninstall.result",
    nodeUri(ENTERPRISE_MODERN_APP_MANAGEMENT, context, ["AppManagement", origin, familyName]),
    0,
  );
}

/** The last word before the account goes, whoever wanted it to go. */
export const UNENROLMENT: PcAlert = {
  code: ALERT.generic,
  items: [
    {
      meta: { type: "com.microsoft:mdm.unenrollment.userrequest", format: "int" },
      data: "1",
    },
  ],
};

function alert(code: number, type: string, source: string, hresult: number): PcAlert {
  const meta = { type, format: "int", mark: "informational" };
  return { code, items: [{ source, meta, data: String(hresult) }] };
}
