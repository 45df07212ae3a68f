import type { z } from "@hono/zod-openapi";
import {
  isProvider,
  kindOf,
  type PackageKind,
  PROVIDER_KINDS,
} from "../../../devices/install/providers.ts";
import { AppError, type FieldError } from "../../../devices/model/errors.ts";
import type {
  AgentInstall,
  Channel,
  DdiInstall,
  MenderInstall,
  MsiInstall,
  MsixInstall,
  Package,
  PackageFile,
  Provider,
  Revision,
  RevisionSource,
} from "../../../devices/model/package.ts";
import { compareVersions } from "../../../devices/model/version.ts";
import {
  parseFamilyName,
  parseFullName,
} from "../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { parseProductId } from "../../../protocols/csp/product-id.ts";
import type { NewMsiInstallSchema } from "../schemas/app-install.ts";
import { type ClientChannel, clientProblems } from "./client-checks.ts";

/** What somebody says of a revision, before it is checked. */
export interface GivenRevision {
  readonly version: string;
  readonly channel: Channel | undefined;
  readonly file: PackageFile | null;
  readonly source: RevisionSource | null;
  readonly msi: GivenMsi | null;
  readonly msix: GivenMsix | null;
  readonly agent: AgentInstall | null;
  readonly ddi: DdiInstall | null;
  readonly mender: MenderInstall | null;
}

export type GivenMsi = z.output<typeof NewMsiInstallSchema>;
export interface GivenMsix extends Omit<MsixInstall, "familyName"> {
  readonly familyName: string | undefined;
}

/** How a revision gets onto devices, and what its provider needs to know. */
export type RevisionInstall = Pick<
  Revision,
  "channel" | "msi" | "msix" | "agent" | "ddi" | "mender"
>;

/** The provider that a file's kind and what is said of it suggest. */
const CHANNEL_OF: Readonly<Record<PackageKind, Provider>> = {
  xap: "EnterpriseAppManagement",
  appx: "EnterpriseAppManagement",
  msix: "EnterpriseModernAppManagement",
  msi: "EnterpriseDesktopAppManagement",
};

/**
 * Checks how a revision is to be installed, and fills in what follows.
 *
 * @throws AppError "unprocessable" naming every wrong field
 */
export function checkInstall(owner: Package, given: GivenRevision): RevisionInstall {
  const wrong: FieldError[] = [];
  const channel = given.channel ?? channelFor(owner, given);
  const msi = given.msi && msiFrom(given.msi, wrong);
  const msix = given.msix && msixFrom(given.msix, given.version, wrong);
  if (isProvider(channel)) wrong.push(...providerProblems(owner, channel, given));
  const { file, source, agent, ddi, mender } = given;
  const content = { hasFile: file !== null, hasSource: source !== null };
  wrong.push(...clientProblems(owner, channel, { agent, ddi, mender, ...content }));
  if (given.msi && channel !== "EnterpriseDesktopAppManagement") {
    wrong.push({ pointer: "/msi", message: `${channel} installs no MSI` });
  }
  const isForPackaged =
    channel === "EnterpriseModernAppManagement" || channel === "EnterpriseAppManagement";
  if (given.msix && !isForPackaged) {
    wrong.push({ pointer: "/msix", message: `${channel} installs no packaged apps` });
  }
  if (wrong.length > 0) {
    const detail = wrong.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
    throw new AppError("unprocessable", detail, { fields: wrong });
  }
  return { channel, msi: msi ?? null, msix: msix ?? null, agent, ddi, mender };
}

const CLIENT_CHANNELS: readonly ClientChannel[] = ["agent", "ddi", "mender"];

/** The file, or the one that its vendor offers, by the name it has there. */
function contentOf({ file, source }: GivenRevision): { readonly name: string } | null {
  return file ?? (source && { name: new URL(source.url).pathname });
}

function channelFor(owner: Package, given: GivenRevision): Channel {
  const { msi, msix } = given;
  const client = CLIENT_CHANNELS.find((one) => given[one] !== null);
  if (client !== undefined) return client;
  const file = contentOf(given);
  if (owner.platform !== "Windows" || !file) return "reported";
  if (msi) return "EnterpriseDesktopAppManagement";
  const kind = kindOf({ file });
  // An APPX that phones do not know by a product id is for PCs.
  if (msix && (kind !== "appx" || owner.productId === null)) return "EnterpriseModernAppManagement";
  return kind === undefined ? "EnterpriseAppManagement" : CHANNEL_OF[kind];
}

/** What is pushed to devices has to say what it is, and have something to push. */
function providerProblems(
  owner: Package,
  provider: Provider,
  given: GivenRevision,
): readonly FieldError[] {
  const { msi, msix } = given;
  const file = contentOf(given);
  const wrong: FieldError[] = [];
  if (owner.platform !== "Windows") {
    const message = `${provider} is for Windows, not for ${owner.platform}`;
    return [{ pointer: "/channel", message }];
  }
  if (provider === "EnterpriseAppManagement" && owner.productId === null) {
    const message = `${provider} needs the package's productId: give it to ${owner.id} first`;
    wrong.push({ pointer: "/channel", message });
  }
  if (provider === "EnterpriseDesktopAppManagement" && !msi) {
    wrong.push({ pointer: "/msi", message: `${provider} needs the MSI's productCode` });
  }
  if (provider === "EnterpriseModernAppManagement" && !msix) {
    wrong.push({ pointer: "/msix", message: `${provider} needs the package's familyName` });
  }
  if (!file) wrong.push({ pointer: "/file", message: `${provider} needs a file or a source` });
  const kind = kindOf({ file });
  if (kind !== undefined && !PROVIDER_KINDS[provider].includes(kind)) {
    const kinds = PROVIDER_KINDS[provider].map((one) => one.toUpperCase()).join(" and ");
    const message = `${provider} installs ${kinds}, not ${kind.toUpperCase()}`;
    wrong.push({ pointer: "/file", message });
  }
  return wrong;
}

function msiFrom(given: GivenMsi, wrong: FieldError[]): MsiInstall | undefined {
  const productCode = parseProductId(given.productCode);
  const upgradeCode = given.upgradeCode === null ? null : parseProductId(given.upgradeCode);
  if (productCode === undefined) wrong.push({ pointer: "/msi/productCode", message: GUID });
  if (upgradeCode === undefined) wrong.push({ pointer: "/msi/upgradeCode", message: GUID });
  if (productCode === undefined || upgradeCode === undefined) return undefined;
  return { ...given, productCode, upgradeCode };
}

const GUID = "a GUID, such as {AF9257BA-6BBD-4624-AA9B-0182D50292C3}";

function msixFrom(given: GivenMsix, version: string, wrong: FieldError[]): MsixInstall | undefined {
  const { fullName } = given;
  const parts = fullName === null ? undefined : parseFullName(fullName);
  if (fullName !== null && !parts) {
    const message = "a package full name, such as Contoso.App_1.2.0.0_x64__8wekyb3d8bbwe";
    wrong.push({ pointer: "/msix/fullName", message });
  }
  const familyName =
    given.familyName === undefined ? parts?.familyName : parseFamilyName(given.familyName);
  if (familyName === undefined) {
    const message = "a package family name, such as Contoso.App_8wekyb3d8bbwe";
    wrong.push({ pointer: "/msix/familyName", message });
  }
  if (parts && familyName !== undefined && parts.familyName !== familyName) {
    wrong.push({ pointer: "/msix/fullName", message: `is of the family ${parts.familyName}` });
  }
  if (parts && compareVersions(parts.version, version) !== 0) {
    const message = `is of version ${parts.version}, and the revision of ${version}`;
    wrong.push({ pointer: "/msix/fullName", message });
  }
  return familyName === undefined ? undefined : { ...given, familyName };
}

const OPTIONAL: ReadonlySet<string> = new Set(["msi", "msix", "agent", "ddi", "mender", "source"]);

/**
 * A revision as it is written: what it does not need is left out, so that a gateway of before there was
 * such a thing takes it as well.
 */
export function revisionRecord<Written extends Pick<Revision, "msi" | "msix" | "source">>(
  revision: Written,
): Record<string, unknown> {
  const isNeeded = ([name, value]: readonly [string, unknown]) =>
    value !== null || !OPTIONAL.has(name);
  return Object.fromEntries(Object.entries(revision).filter(isNeeded));
}
