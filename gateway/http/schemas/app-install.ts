import { z } from "@hono/zod-openapi";
import {
  COMMAND_LINE_CHARACTERS_MAX,
  DEPENDENCIES_MAX,
  DEPLOYMENT_OPTIONS_MAX,
  FALLBACK_URLS_MAX,
  INSTALL_CONTEXTS,
  MINUTES_MAX,
  MSI_DEFAULTS,
  type MsiInstall,
  type MsixInstall,
  RETRIES_MAX,
  URL_CHARACTERS_MAX,
} from "../../../devices/model/package.ts";
import { line, NAME_CHARACTERS_MAX } from "./common.ts";
import { FileOfRevisionSchema, GivenFileSchema } from "./given-file.ts";

const Guid = z.string().max(64).openapi({ example: "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}" });
const Context = z
  .enum(INSTALL_CONTEXTS)
  .default("device")
  .describe("For the whole device, or for the user who is signed in");
const Minutes = z.int().min(0).max(MINUTES_MAX);

export const NewMsiInstallSchema = z
  .strictObject({
    productCode: Guid.describe("The MSI's ProductCode"),
    upgradeCode: Guid.nullable()
      .default(null)
      .describe("The MSI's UpgradeCode: by it the site knows versions that others installed"),
    context: Context,
    commandLine: line(COMMAND_LINE_CHARACTERS_MAX)
      .default(MSI_DEFAULTS.commandLine)
      .describe("Options for msiexec"),
    timeoutMinutes: Minutes.default(MSI_DEFAULTS.timeoutMinutes).describe(
      "After so long the device gives up on msiexec; 0: never",
    ),
    retryCount: z.int().min(0).max(RETRIES_MAX).default(MSI_DEFAULTS.retryCount),
    retryIntervalMinutes: Minutes.default(MSI_DEFAULTS.retryIntervalMinutes),
    downloadFromAad: z
      .boolean()
      .default(false)
      .describe("The device sends its user's Azure AD token with the download"),
    fallbackUrls: z
      .array(
        z
          .url({
            protocol: /^https?$/,
            error: "give an address that begins with https:// or http://",
          })
          .max(URL_CHARACTERS_MAX),
      )
      .max(FALLBACK_URLS_MAX)
      .default([])
      .describe("Further addresses of the same file, for when the site is out of reach"),
  })
  .openapi("NewMsiInstall");

export const MsiInstallSchema = z
  .object({
    productCode: z.string(),
    upgradeCode: z.string().nullable(),
    context: z.enum(INSTALL_CONTEXTS),
    commandLine: z.string(),
    timeoutMinutes: z.int(),
    retryCount: z.int(),
    retryIntervalMinutes: z.int(),
    downloadFromAad: z.boolean(),
    fallbackUrls: z.array(z.string()),
  })
  .openapi("MsiInstall");

export const NewMsixInstallSchema = z
  .strictObject({
    familyName: line(NAME_CHARACTERS_MAX).optional().openapi({
      description: "Package family name; taken from fullName or read from the file unless given",
      example: "Contoso.App_8wekyb3d8bbwe",
    }),
    fullName: line(NAME_CHARACTERS_MAX).nullable().default(null).openapi({
      description: "Package full name of this version",
      example: "Contoso.App_1.2.0.0_x64__8wekyb3d8bbwe",
    }),
    context: Context,
    dependencies: z
      .array(GivenFileSchema)
      .max(DEPENDENCIES_MAX)
      .default([])
      .describe("Frameworks that are installed with it, uploaded before, in their order"),
    deploymentOptions: z
      .int()
      .min(0)
      .max(DEPLOYMENT_OPTIONS_MAX)
      .default(0)
      .describe("A bit set of Windows' deployment options; only for a user's installations"),
  })
  .openapi("NewMsixInstall");

export const MsixInstallSchema = z
  .object({
    familyName: z.string(),
    fullName: z.string().nullable(),
    context: z.enum(INSTALL_CONTEXTS),
    dependencies: z.array(FileOfRevisionSchema),
    deploymentOptions: z.int(),
  })
  .openapi("MsixInstall");

export function msiJson(msi: MsiInstall): z.infer<typeof MsiInstallSchema> {
  return { ...msi, fallbackUrls: [...msi.fallbackUrls] };
}

export function msixJson(msix: MsixInstall): z.infer<typeof MsixInstallSchema> {
  return { ...msix, dependencies: msix.dependencies.map((file) => ({ ...file })) };
}
