import { kindOf } from "../../devices/install/providers.ts";
import { AppError } from "../../devices/model/errors.ts";
import type { Sha256 } from "../../devices/model/ids.ts";
import { FileSource } from "../../devices/packages/range-source.ts";
import { readZipPackage } from "../../devices/packages/read-zip-package.ts";
import type { AppxDependency } from "../../protocols/content/appx-manifest.ts";
import {
  familyNameOf,
  fullNameOf,
} from "../../protocols/csp/enterprise-modern-app-management/package-names.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import type { BlobStore } from "./blob-store.ts";

/** What a package file says of itself. */
export interface PackageFacts {
  /** For people: of the app and of who made it. */
  readonly name: string;
  readonly publisher: string;
  readonly version: string;
  readonly architecture: string;
  readonly familyName: string;
  readonly fullName: string;
  /** A library that others need, and no app. */
  readonly isFramework: boolean;
  readonly minimumOsVersion: string | null;
  readonly dependencies: readonly AppxDependency[];
}

/**
 * Reads what a file on hand says of itself. Undefined for a file that is not here, or of a kind that
 * says nothing that could be used.
 *
 * @throws AppError "unprocessable" for one that is called a package and is none
 */
export async function readPackageFacts(
  store: BlobStore,
  sha256: Sha256,
): Promise<PackageFacts | undefined> {
  const record = store.find(sha256);
  const kind = record && kindOf({ file: record });
  if (kind !== "appx" && kind !== "msix") return undefined;
  const blob = await store.open(sha256);
  if (blob === undefined) return undefined;
  try {
    await using source = await FileSource.open(blob.path);
    const found = await readZipPackage(source);
    if (found.kind !== "appx") throw new ProtocolError("appx-manifest", "there is no manifest");
    const { identity, displayName, publisherDisplayName, ...facts } = found.manifest;
    return {
      name: displayName ?? identity.name,
      publisher: publisherDisplayName ?? identity.publisher,
      version: identity.version,
      architecture: identity.architecture,
      familyName: familyNameOf(identity),
      fullName: fullNameOf(identity),
      isFramework: facts.isFramework,
      minimumOsVersion: facts.minimumOsVersion,
      dependencies: facts.dependencies,
    };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("unprocessable", `${record?.name} is no package: ${error.message}`);
  }
}
