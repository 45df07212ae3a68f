import { checkedWords } from "../../devices/filter/filter-words.ts";
import { parseGroupFilter } from "../../devices/filter/groups.ts";
import { duplicateNames } from "../../devices/install/agent-install-checks.ts";
import { parsePlatform } from "../../devices/model/device.ts";
import {
  type DeviceGroup,
  type Distribution,
  MODES,
  QUESTION_CHARACTERS_MAX,
} from "../../devices/model/distribution.ts";
import { AppError, type FieldError } from "../../devices/model/errors.ts";
import {
  parseDeviceId,
  parseGroupName,
  parsePackageId,
  parseRevisionId,
  parseSha256,
  parseSiteId,
  parseWindowId,
} from "../../devices/model/ids.ts";
import {
  CHANNELS,
  type Channel,
  COMMAND_LINE_CHARACTERS_MAX,
  type DdiInstall,
  DEPENDENCIES_MAX,
  DEPLOYMENT_OPTIONS_MAX,
  FALLBACK_URLS_MAX,
  FILES_MAX,
  INSTALL_CONTEXTS,
  LICENCES,
  type MenderInstall,
  MINUTES_MAX,
  type Package,
  type PackageFile,
  RETRIES_MAX,
  type Revision,
  type RevisionSource,
  URL_CHARACTERS_MAX,
} from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { MaintenanceWindow, WindowScope } from "../../devices/model/window.ts";
import { checkWindow } from "../../devices/windows/recurrence.ts";
import { type ContentOrigin, checkedSource } from "../content/content-origin.ts";
import { needValid } from "../http/field-problems.ts";
import { idFromName } from "../http/policy-write.ts";
import type { checkDistribution } from "../http/routes/distribution-checks.ts";
import { otherOfProduct } from "../http/routes/package-checks.ts";
import { checkInstall, type RevisionInstall } from "../http/routes/revision-checks.ts";
import { NewDdiInstallSchema, NewMenderInstallSchema } from "../http/schemas/client-install.ts";
import type { BlobView } from "../reports/report-reader.ts";
import type { SentForm } from "./form-state.ts";
import { unusedId } from "./links.ts";

const PRODUCT_ID = /^\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}$/;

/** Collects what is wrong, the first of each field, so that somebody sees it all at once. */
class Check {
  readonly #fields: FieldError[] = [];

  wrong(name: string, message: string): undefined {
    const pointer = `/${name}`;
    const isKnown = this.#fields.some((one) => one.pointer === pointer);
    if (!isKnown) this.#fields.push({ pointer, message });
    return undefined;
  }

  /** The value, or what is wrong with it among the rest. */
  take<Value>(make: () => Value): Value | undefined {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof AppError) || error.fields.length === 0) throw error;
      for (const { pointer, message } of error.fields) this.wrong(pointer.slice(1), message);
      return undefined;
    }
  }

  /** @throws AppError "unprocessable" when anything was wrong */
  done(): void {
    if (this.#fields.length === 0) return;
    throw new AppError("unprocessable", "some fields are wrong", { fields: this.#fields });
  }
}

/** The app that a form describes. */
export function packageFrom(form: SentForm, policy: Policy, nowMs: number): Package {
  const check = new Check();
  const name = form.value("name") || check.wrong("name", "give it a name");
  const platform =
    parsePlatform(form.value("platform")) ?? check.wrong("platform", "choose a platform");
  const productId = productIdFrom(form.value("productId"));
  if (productId !== null && !PRODUCT_ID.test(productId)) {
    check.wrong("productId", "a GUID, such as {B316008A-141D-4A79-810F-8B764C4CFDFB}");
  }
  const wanted =
    form.value("id") || unusedId(slug(name ?? ""), (id) => isKnown(policy.packages, id));
  const id = parsePackageId(wanted) ?? check.wrong("id", "small letters, digits and hyphens");
  if (id && policy.packages.has(id)) check.wrong("id", "there is an app with this id already");
  const other = id && platform && otherOfProduct({ id, platform, productId }, policy);
  if (other) check.wrong("productId", `the app ${other.name} is this product: add a version to it`);
  check.done();
  if (!id || !name || !platform) throw new Error("checked above");
  return {
    id,
    name,
    platform,
    productId,
    publisher: form.optional("publisher") ?? null,
    description: form.value("description"),
    createdAtMs: nowMs,
  };
}

/** What a revision can be made of at this gateway. */
export interface RevisionChoices {
  readonly files: readonly BlobView[];
  readonly origins: readonly ContentOrigin[];
  readonly role: RevisionSource["fetchedBy"];
}

/** The revision of an app that a form describes. */
export function revisionFrom(
  form: SentForm,
  app: Package,
  { files, origins, role }: RevisionChoices,
  policy: Policy,
  nowMs: number,
): Revision {
  const check = new Check();
  const version = form.value("version") || check.wrong("version", "such as 2.0.0.0");
  const file = fileFrom(form.value("file"), files, check);
  const source = sourceFrom(form, origins, role, check);
  if (file && source) check.wrong("sourceUrl", "either a file or an address, not both");
  const channel = CHANNELS.find((one) => one === form.value("channel"));
  if (!channel) check.wrong("channel", "choose one");
  const install =
    channel &&
    check.take(() =>
      installFrom(form, app, { version: version ?? "", channel, file, source, files }),
    );
  const major = form.value("osMajor");
  if (!/^\d{0,5}$/.test(major)) check.wrong("osMajor", "a whole number, such as 10");
  const licence = LICENCES.find((one) => one === form.value("licence")) ?? "none";
  const wanted = revisionIdFor(app, version ?? "", policy);
  const id = parseRevisionId(wanted) ?? check.wrong("version", "letters and digits");
  check.done();
  if (!id || !version || !install) throw new Error("checked above");
  return {
    id,
    package: app.id,
    version,
    file: install.ddi ? null : file,
    source,
    ...install,
    minimumOsVersion: form.optional("minimumOsVersion") ?? null,
    licence,
    storeApp: form.isTicked("storeApp"),
    targeting: {
      cpu: form.optional("cpu") ?? null,
      osMajor: major === "" ? null : Number(major),
      osPlatform: form.optional("osPlatform") ?? null,
    },
    createdAtMs: nowMs,
  };
}

/** A readable id that no revision has yet. */
export function revisionIdFor(app: Package, version: string, policy: Policy): string {
  return unusedId(slug(`${app.id}-${version}`), (id) => isKnown(policy.revisions, id));
}

/** How it is installed; fields of what is installed otherwise are not read. */
function installFrom(
  form: SentForm,
  app: Package,
  given: {
    readonly version: string;
    readonly channel: Channel;
    readonly file: PackageFile | null;
    readonly source: RevisionSource | null;
    readonly files: readonly BlobView[];
  },
): RevisionInstall {
  const check = new Check();
  const { version, channel, file, source, files } = given;
  const count = (name: string, max: number) => {
    const text = form.value(name);
    const isRight = /^\d{1,6}$/.test(text) && Number(text) <= max;
    return isRight ? Number(text) : (check.wrong(name, `a whole number up to ${max}`) ?? 0);
  };
  const contextOf = (name: string) =>
    INSTALL_CONTEXTS.find((one) => one === form.value(name)) ?? "device";
  const msi =
    channel === "EnterpriseDesktopAppManagement"
      ? {
          productCode: form.value("productCode"),
          upgradeCode: form.optional("upgradeCode") ?? null,
          context: contextOf("msiContext"),
          commandLine: form.value("commandLine").slice(0, COMMAND_LINE_CHARACTERS_MAX),
          timeoutMinutes: count("timeoutMinutes", MINUTES_MAX),
          retryCount: count("retryCount", RETRIES_MAX),
          retryIntervalMinutes: count("retryIntervalMinutes", MINUTES_MAX),
          downloadFromAad: form.isTicked("downloadFromAad"),
          fallbackUrls: urlsFrom(form.value("fallbackUrls"), check),
        }
      : null;
  const msix =
    channel === "EnterpriseModernAppManagement"
      ? {
          familyName: form.optional("familyName"),
          fullName: form.optional("fullName") ?? null,
          context: contextOf("msixContext"),
          dependencies: form
            .values("dependencies")
            .slice(0, DEPENDENCIES_MAX)
            .flatMap((sha256) => fileFrom(sha256, files, check, "dependencies") ?? []),
          deploymentOptions: count("deploymentOptions", DEPLOYMENT_OPTIONS_MAX),
        }
      : null;
  const ddi = channel === "ddi" ? check.take(() => ddiFrom(form, app, given)) : null;
  const mender = channel === "mender" ? check.take(() => menderFrom(form)) : null;
  check.done();
  return checkInstall(app, {
    version,
    channel,
    // A module has its files itself.
    file: ddi ? null : file,
    source,
    msi,
    msix,
    agent: null,
    ddi: ddi ?? null,
    mender: mender ?? null,
  });
}

/** One module of the chosen file and of further ones. */
function ddiFrom(
  form: SentForm,
  app: Package,
  given: {
    readonly version: string;
    readonly file: PackageFile | null;
    readonly files: readonly BlobView[];
  },
): DdiInstall {
  const check = new Check();
  const others = form
    .values("ddiFiles")
    .slice(0, FILES_MAX)
    .flatMap((sha256) => fileFrom(sha256, given.files, check, "ddiFiles") ?? [])
    .filter(({ sha256 }) => sha256 !== given.file?.sha256);
  const files = [...(given.file ? [given.file] : []), ...others];
  if (files.length === 0) check.wrong("file", "choose the artifact");
  for (const { message } of duplicateNames(files)) check.wrong("ddiFiles", message);
  const lines = form
    .value("metadata")
    .split("\n")
    .map((line) => line.trim());
  const metadata = lines
    .filter((line) => line !== "")
    .map((line) => {
      const at = line.indexOf("=");
      if (at < 1) check.wrong("metadata", "one in a line: key = value");
      return { key: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
    });
  check.done();
  const wanted = {
    handling: form.value("handling"),
    chunks: [{ part: form.value("part") || undefined, files: files.map(named), metadata }],
  };
  const { handling, chunks } = needValid(NewDdiInstallSchema, wanted);
  return {
    handling,
    chunks: chunks.map((one) => ({ ...one, name: app.id, version: given.version, files })),
  };
}

function named({ sha256, name }: PackageFile) {
  return { sha256, name };
}

function menderFrom(form: SentForm): MenderInstall {
  return needValid(NewMenderInstallSchema, {
    artifactName: form.value("artifactName"),
    deviceTypes: form
      .value("deviceTypes")
      .split(",")
      .map((type) => type.trim())
      .filter((type) => type !== ""),
  });
}

function urlsFrom(text: string, check: Check): string[] {
  const urls = text
    .split(/\s+/)
    .filter((line) => line !== "")
    .slice(0, FALLBACK_URLS_MAX);
  const isUrl = (url: string) =>
    url.length <= URL_CHARACTERS_MAX && /^https?:\/\//i.test(url) && URL.canParse(url);
  if (!urls.every(isUrl)) {
    check.wrong("fallbackUrls", "addresses that begin with https:// or http://, one in a line");
  }
  return urls;
}

/** A distribution as the API takes it, its revision chosen. */
export type WantedDistribution = Parameters<typeof checkDistribution>[0] & {
  readonly revision: string;
};

/** What somebody wants to distribute, as the API takes it; `checkDistribution` knows if it can be. */
export function wantedDistribution(form: SentForm, policy: Policy): WantedDistribution {
  const check = new Check();
  const revisionId = parseRevisionId(form.value("revision"));
  const revision = revisionId && policy.revisions.get(revisionId);
  if (!revision) check.wrong("revision", "choose what is distributed");
  const target = targetFrom(form, policy, check);
  const question = form.value("question").trim();
  if (question.length > QUESTION_CHARACTERS_MAX) {
    check.wrong("question", `at most ${QUESTION_CHARACTERS_MAX} characters`);
  }
  check.done();
  if (!revision || !target) throw new Error("checked above");
  return {
    package: revision.package,
    revision: revision.id,
    operation: form.value("operation") === "uninstall" ? "uninstall" : "install",
    mode: MODES.find((one) => one === form.value("mode")) ?? "automatic",
    target,
    sites: [...form.values("sites")],
    allowDowngrade: form.isTicked("allowDowngrade"),
    updateOnly: form.isTicked("updateOnly"),
    question: question === "" ? null : question,
    schedule: null,
  };
}

/** A readable id that no distribution has yet: the version, and the day. */
export function distributionIdFor(
  { revision, operation }: WantedDistribution,
  policy: Policy,
  nowMs: number,
): string {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  const wanted = slug(`${revision}-${operation === "uninstall" ? "uninstall-" : ""}${day}`);
  return unusedId(wanted, (id) => isKnown(policy.distributionsById, id));
}

const DAY_NAMES = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"] as const;

/** The window that a form describes; `id` is given when it changes one. */
export function windowFrom(
  form: SentForm,
  policy: Policy,
  id: MaintenanceWindow["id"] | undefined,
): MaintenanceWindow {
  const check = new Check();
  const name = form.value("name") || check.wrong("name", "give it a name");
  const scope = scopeFrom(form, policy, check);
  check.done();
  const isUsed = (one: string) => policy.windows.some((window) => window.id === one);
  const own = id ?? parseWindowId(unusedId(slug(name ?? ""), isUsed));
  if (!own || !name || !scope) throw new Error("checked above");
  const hours = Number(form.value("hours") || "0");
  const minutes = Number(form.value("minutes") || "0");
  const window: MaintenanceWindow = {
    id: own,
    name,
    start: form.value("start").slice(0, 16),
    recurrence: recurrenceFrom(form),
    durationMinutes: Math.round(hours * 60 + minutes),
    timeZone: form.optional("timeZone") ?? null,
    scope,
    enabled: !form.isTicked("disabled"),
  };
  checkWindow(window);
  return window;
}

/** The group that a form describes. */
export function groupFrom(form: SentForm, known?: DeviceGroup): DeviceGroup {
  const check = new Check();
  const name =
    known?.name ??
    parseGroupName(form.value("name")) ??
    check.wrong("name", "letters, digits, blanks, underscores and hyphens, at most 63");
  const isFilter = form.value("kind") !== "list";
  const devices = form
    .value("devices")
    .split(/[\n,;]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const filter = form.value("filter");
  if (isFilter) {
    try {
      checkedWords(parseGroupFilter(filter));
    } catch (error) {
      check.wrong("filter", error instanceof Error ? error.message : "this cannot be read");
    }
  }
  check.done();
  if (!name) throw new Error("checked above");
  return {
    name,
    description: form.value("description"),
    members: isFilter ? { kind: "filter", filter } : { kind: "list", devices },
  };
}

function targetFrom(
  form: SentForm,
  policy: Policy,
  check: Check,
): Distribution["target"] | undefined {
  switch (form.value("target")) {
    case "group": {
      const group = parseGroupName(form.value("group"));
      if (group && policy.groups.has(group)) return { kind: "group", group };
      return check.wrong("group", "choose a group");
    }
    case "device": {
      const device = parseDeviceId(form.value("device"));
      if (device) return { kind: "device", device };
      return check.wrong("device", "the id of a device: 32 hexadecimal digits, on its page");
    }
    default:
      return { kind: "all" };
  }
}

function scopeFrom(form: SentForm, policy: Policy, check: Check): WindowScope | undefined {
  switch (form.value("scope")) {
    case "group": {
      const group = parseGroupName(form.value("group"));
      if (group && policy.groups.has(group)) return { kind: "group", group };
      return check.wrong("group", "choose a group");
    }
    case "site": {
      const site = parseSiteId(form.value("site"));
      return site ? { kind: "site", site } : check.wrong("site", "the id of a site");
    }
    default:
      return { kind: "organisation" };
  }
}

function recurrenceFrom(form: SentForm): string | null {
  switch (form.value("repeats")) {
    case "once":
      return null;
    case "weekly": {
      const days = DAY_NAMES.filter((day) => form.values("days").includes(day));
      return days.length === 0 ? "FREQ=WEEKLY" : `FREQ=WEEKLY;BYDAY=${days.join(",")}`;
    }
    case "rule":
      return form.value("rule").replace(/^RRULE:/i, "");
    default:
      return "FREQ=DAILY";
  }
}

function fileFrom(
  text: string,
  files: readonly BlobView[],
  check: Check,
  name = "file",
): PackageFile | null {
  if (text === "") return null;
  const sha256 = parseSha256(text);
  const file = files.find((one) => one.sha256 === sha256);
  if (!sha256 || !file) return check.wrong(name, "choose a file that is here") ?? null;
  return { sha256, name: file.name, bytes: file.bytes };
}

function sourceFrom(
  form: SentForm,
  origins: readonly ContentOrigin[],
  fetchedBy: RevisionSource["fetchedBy"],
  check: Check,
): RevisionSource | null {
  const text = form.value("sourceUrl");
  if (text === "") return null;
  const { url, problem } = checkedSource(text, origins);
  if (problem !== undefined) return check.wrong("sourceUrl", problem) ?? null;
  const digest = form.value("sourceSha256").toLowerCase();
  const sha256 = parseSha256(digest);
  if (digest !== "" && !sha256) check.wrong("sourceSha256", "64 hexadecimal digits, or nothing");
  return { url, sha256: sha256 ?? null, fetchedBy };
}

/** Braces and capitals, as devices write it. */
function productIdFrom(text: string): string | null {
  if (text === "") return null;
  const bare = text.replace(/^\{|\}$/g, "").toUpperCase();
  return `{${bare}}`;
}

/** Short enough that a number fits behind it. */
function slug(text: string): string {
  return idFromName(text.slice(0, 50), () => "unnamed");
}

function isKnown(map: ReadonlyMap<string, unknown>, id: string): boolean {
  return map.has(id);
}
