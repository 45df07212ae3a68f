import type { InstallContext, Revision } from "../../../devices/model/package.ts";
import { plural } from "../time-words.ts";

/** How it gets onto devices. */
export function channelWords(revision: Revision): string {
  switch (revision.channel) {
    case "reported":
      return "installed by another system";
    case "EnterpriseAppManagement":
      return revision.msix === null ? "for phones" : "for phones and PCs";
    case "EnterpriseDesktopAppManagement":
      return `MSI${forWhom(revision.msi?.context)} ${revision.msi?.productCode ?? ""}`;
    case "agent":
      return `for agents, in ${plural(revision.agent?.actions.length ?? 0, "step")}`;
    case "ddi":
      return "for DDI clients";
    case "mender":
      return "for Mender clients";
    case "EnterpriseModernAppManagement":
      return `packaged app${forWhom(revision.msix?.context)} ${revision.msix?.familyName ?? ""}`;
  }
}

function forWhom(context: InstallContext | undefined): string {
  return context === "user" ? " for its user," : ",";
}

/** Which devices it is for. */
export function targetingWords({ targeting, minimumOsVersion, licence }: Revision): string {
  const parts = [
    targeting.osPlatform,
    targeting.osMajor === null ? null : `major version ${targeting.osMajor}`,
    targeting.cpu,
    minimumOsVersion === null ? null : `from ${minimumOsVersion}`,
    licence === "none" ? null : `${licence} licence`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "every device" : parts.join(", ");
}
