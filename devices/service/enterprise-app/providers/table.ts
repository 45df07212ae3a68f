import type { Provider } from "../../../model/package.ts";
import type { AppProvider } from "../app-provider.ts";
import { enterpriseAppManagement } from "./enterprise-app-management.ts";
import { enterpriseDesktopAppManagement } from "./enterprise-desktop-app-management.ts";
import { enterpriseModernAppManagement } from "./enterprise-modern-app-management.ts";

/** Total: a new provider does not compile until it says how it is talked to. */
export const APP_PROVIDERS: Readonly<Record<Provider, AppProvider>> = {
  EnterpriseAppManagement: enterpriseAppManagement,
  EnterpriseDesktopAppManagement: enterpriseDesktopAppManagement,
  EnterpriseModernAppManagement: enterpriseModernAppManagement,
};
