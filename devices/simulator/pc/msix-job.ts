import type { AppxManifest } from "../../../protocols/content/appx-manifest.ts";
import type { HostedInstall } from "../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import {
  familyNameOf,
  fullNameOf,
  parseFullName,
} from "../../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { compareVersions } from "../../model/version.ts";
import { bytesSource } from "../../packages/range-source.ts";
import { readZipPackage } from "../../packages/read-zip-package.ts";
import { keptBytes, type PartialFile } from "../fetch-content.ts";
import type { PcCourse } from "./course.ts";
import { Download } from "./download.ts";
import { downloadFailure, PC_FAILURES, type PcFailure } from "./failures.ts";
import { type JobStep, type PcJob, type PcJobContext, RESUME_MS } from "./job.ts";
import {
  type AppInstallation,
  keyOf,
  type PcPackage,
  type PcState,
  packageOfFamily,
  withInstallation,
  withoutInstallation,
  withPackage,
} from "./state.ts";

/** A package whose manifest is to be read is kept in memory; a larger one is known by its file's name. */
export const KEPT_BYTES_MAX = 32 * 1024 * 1024;
/** DeploymentOptions: ForceUpdateFromAnyVersion. */
const ANY_VERSION = 0x40000;

type At = Pick<AppInstallation, "context" | "familyName">;

/** A package that has arrived. */
interface Arrived {
  /** Undefined where it could not be kept, or is not looked at. */
  readonly manifest: AppxManifest | undefined;
  readonly fileName: string;
}

/**
 * The work behind an Exec of HostedInstall: the dependencies and the package are fetched, its manifest is
 * read, and what Windows would refuse is refused. After a success all nodes of it are gone. [syncml 6.3]
 */
export class MsixJob implements PcJob {
  readonly #at: At;
  readonly #course: PcCourse;
  readonly #options: number;
  /** What is still to be fetched; the app itself comes last. */
  readonly #urls: string[];
  readonly #arrived: Arrived[] = [];
  readonly #total: number;
  #download: Download | undefined;
  #isInstalling = false;

  constructor(at: At, install: HostedInstall, course: PcCourse) {
    this.#at = { context: at.context, familyName: at.familyName };
    this.#course = course;
    this.#options = install.deploymentOptions ?? 0;
    this.#urls = [...install.dependencyUris, install.packageUri];
    this.#total = this.#urls.length;
  }

  begin(state: PcState, nowMs: number): JobStep {
    return this.#become(state, { status: 0 }, nowMs + this.#course.queuedMs);
  }

  async advance(state: PcState, atMs: number, context: PcJobContext): Promise<JobStep> {
    const node = state.installations.get(keyOf(this.#at.context, this.#at.familyName));
    // Its node was deleted, or the account has gone.
    if (node === undefined || node.status === 2) return { state, dueMs: undefined };
    if (node.status === 3) {
      return { state: withoutInstallation(state, this.#at), dueMs: undefined, ended: 0 };
    }
    if (node.status === 0) {
      return this.#become(state, { status: 1 }, atMs + this.#course.downloadMs);
    }
    if (!this.#isInstalling) return this.#receive(state, atMs, context);
    return this.#install(state, atMs, context);
  }

  async #receive(state: PcState, atMs: number, context: PcJobContext): Promise<JobStep> {
    const [url] = this.#urls;
    if (url === undefined) {
      this.#isInstalling = true;
      return this.#become(state, { status: 1, progress: 90 }, atMs + this.#course.installMs);
    }
    this.#download ??= new Download(url, this.#course.breaks, KEPT_BYTES_MAX);
    const got = await this.#download.go(context);
    if (got.kind === "again") return { state, dueMs: atMs + RESUME_MS };
    if (got.kind === "failed") return this.#fail(state, downloadFailure(got.outcome));
    // A package proves its bytes by its block map; here its name at a site does.
    const named = /\/content\/([0-9a-f]{64})\//.exec(url)?.[1];
    if (named !== undefined && named !== got.sha256) {
      return this.#fail(state, PC_FAILURES.blockHash);
    }
    const manifest = await manifestOf(got.file);
    if (manifest === "unreadable" && context.checksFormat) {
      return this.#fail(state, PC_FAILURES.noPackage);
    }
    this.#arrived.push({
      manifest: manifest === "unreadable" ? undefined : manifest,
      fileName: decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? ""),
    });
    this.#urls.shift();
    this.#download = undefined;
    const progress = Math.floor((80 * this.#arrived.length) / this.#total);
    return this.#become(state, { status: 1, progress }, atMs);
  }

  #install(state: PcState, atMs: number, context: PcJobContext): JobStep {
    const { failure, leavesNothing, downloadedMs } = this.#course;
    const refusal = failure === undefined ? this.#refusal(state, context) : PC_FAILURES[failure];
    if (refusal !== undefined) return this.#fail(state, refusal);
    let next = state;
    for (const arrived of leavesNothing ? [] : this.#arrived) {
      const isApp = arrived === this.#arrived.at(-1);
      // What a dependency that nobody could look into is called, nobody knows.
      if (!isApp && arrived.manifest === undefined) continue;
      next = withPackage(next, this.#packageOf(arrived, atMs, context));
    }
    return this.#become(next, { status: 3, progress: 100 }, atMs + downloadedMs);
  }

  /** What Windows does not install, whatever the line and the disk are like. */
  #refusal(state: PcState, { osVersion }: PcJobContext): PcFailure | undefined {
    const manifest = this.#arrived.at(-1)?.manifest;
    if (manifest === undefined) return undefined;
    const { minimumOsVersion, dependencies, identity } = manifest;
    if (minimumOsVersion !== null && compareVersions(osVersion, minimumOsVersion) < 0) {
      return PC_FAILURES.prerequisite;
    }
    const isThere = (family: string) =>
      packageOfFamily(state, family) !== undefined ||
      this.#arrived.some((one) => one.manifest && familyNameOf(one.manifest.identity) === family);
    if (!dependencies.every(({ familyName }) => isThere(familyName))) return PC_FAILURES.dependency;
    const present = packageOfFamily(state, familyNameOf(identity));
    const isDowngrade =
      present !== undefined && compareVersions(present.version, identity.version) > 0;
    const mayDowngrade = (this.#options & ANY_VERSION) !== 0;
    return isDowngrade && !mayDowngrade ? PC_FAILURES.downgrade : undefined;
  }

  #packageOf(arrived: Arrived, atMs: number, { isSignedIn }: PcJobContext): PcPackage {
    const isForDevice = this.#at.context === "device";
    const { manifest } = arrived;
    return {
      ...(manifest ? namesIn(manifest) : namesFrom(arrived.fileName, this.#at.familyName)),
      origin: "nonStore",
      isFramework: manifest?.isFramework ?? false,
      isBundle: manifest?.isBundle ?? false,
      provisioned: isForDevice,
      forUser: !isForDevice || isSignedIn,
      managed: true,
      installedAtMs: atMs,
    };
  }

  #fail(state: PcState, { lastError, text }: PcFailure): JobStep {
    const failed = { status: 2, lastError, lastErrorText: text } as const;
    return { ...this.#become(state, failed, undefined), ended: lastError };
  }

  #become(state: PcState, change: Partial<AppInstallation>, dueMs: number | undefined): JobStep {
    const before = state.installations.get(keyOf(this.#at.context, this.#at.familyName));
    const fresh = { status: 0, progress: 0, lastError: 0, lastErrorText: "" } as const;
    const node = { ...fresh, ...before, ...this.#at, ...change };
    return { state: withInstallation(state, node), dueMs };
  }
}

async function manifestOf(file: PartialFile): Promise<AppxManifest | "unreadable" | undefined> {
  const bytes = keptBytes(file);
  if (bytes === undefined) return undefined;
  try {
    const found = await readZipPackage(bytesSource(bytes));
    return found.kind === "appx" ? found.manifest : "unreadable";
  } catch (error) {
    if (error instanceof ProtocolError) return "unreadable";
    throw error;
  }
}

type Names = Pick<
  PcPackage,
  "familyName" | "fullName" | "name" | "version" | "publisher" | "architecture"
>;

function namesIn({ identity }: AppxManifest): Names {
  const { name, version, publisher, architecture } = identity;
  const names = { familyName: familyNameOf(identity), fullName: fullNameOf(identity) };
  return { ...names, name, version, publisher, architecture };
}

/** Packages are mostly called by their full name, or by name and version. */
function namesFrom(fileName: string, familyName: string): Names {
  const [name = "", hash = ""] = familyName.split("_");
  const stem = fileName.replace(/\.[A-Za-z]+$/, "");
  const version = parseFullName(stem)?.version ?? /\d+(?:\.\d+){3}/.exec(stem)?.[0] ?? "1.0.0.0";
  return {
    familyName,
    fullName: `${name}_${version}_neutral__${hash}`,
    name,
    version,
    publisher: "CN=Outpost simulator",
    architecture: "neutral",
  };
}
