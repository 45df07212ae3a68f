import type { Interpretation, Meaning, MeaningContext } from "./interpretation.ts";

const IN_PLACE = { status: "installed" } as const;

const REMOVED_BY_US = {
  status: "removed_after_installation",
  state: "App is uninstalled",
  actor: "mdm",
} as const;

/** Apple's ManagedApplicationList statuses. */
export const APPLE: Readonly<Record<string, Interpretation | "no-change">> = {
  Queued: { status: "pending_install", state: "Command Scheduled" },
  NeedsRedemption: {
    status: "installing",
    state: "Scheduled for installation. Waiting for redemption code",
  },
  Redeeming: { status: "installing", state: "Redeeming the redemption code" },
  Prompting: { status: "installing", state: "Prompted user for installation" },
  PromptingForLogin: { status: "installing", state: "Prompted user for app store login" },
  Installing: { status: "installing", state: "App is being installed" },
  ValidatingPurchase: { status: "installing", state: "Validating app purchase" },
  Managed: { ...IN_PLACE, state: "App is installed", managed: true },
  PromptingForManagement: {
    ...IN_PLACE,
    state: "Prompted user for management of installed app",
    managed: false,
  },
  UserInstalledApp: {
    ...IN_PLACE,
    state: "User installed the app before managed app installation",
    managed: false,
  },
  ManagementRejected: {
    ...IN_PLACE,
    state: "User rejected management of installed app",
    managed: false,
    actor: "user",
  },
  ManagedButUninstalled: {
    status: "removed_after_installation",
    state: "App is uninstalled",
    actor: "user",
  },
  PromptingForUpdate: { status: "pending_update", state: "Prompted user for app update" },
  PromptingForUpdateLogin: {
    status: "pending_update",
    state: "Prompted user for app store login for update",
  },
  Updating: { status: "updating", state: "Updating the app" },
  ValidatingUpdate: { status: "updating", state: "Validating the update" },
  UserRejected: { status: "failed", state: "User rejected app install", actor: "user" },
  Failed: { status: "failed", state: "App installation has failed." },
  UpdateRejected: {
    status: "upgrade_failed",
    state: "User rejected app update",
    actor: "user",
  },
  Unknown: "no-change",
};

/** Values that a device tells once and never again: they must be durable before the answer. */
export const APPLE_TOLD_ONCE: ReadonlySet<string> = new Set([
  "UserInstalledApp",
  "UserRejected",
  "UpdateRejected",
  "ManagementRejected",
  "Failed",
]);

export function readApple(value: string, { platform, operation }: MeaningContext): Meaning {
  if (platform !== "iOS" || !Object.hasOwn(APPLE, value)) return undefined;
  // There is one row for all removals; who it was is kept beside it. [Q10]
  return value === "ManagedButUninstalled" && operation === "uninstall"
    ? REMOVED_BY_US
    : APPLE[value];
}
