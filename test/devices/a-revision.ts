import type { PackageId, RevisionId } from "../../devices/model/ids.ts";
import type { Revision } from "../../devices/model/package.ts";

/** A revision that is reported and for every device; `change` is what it is about. */
export function aRevision(change: Partial<Revision> = {}): Revision {
  return {
    id: "r1" as RevisionId,
    package: "app" as PackageId,
    version: "1.0",
    channel: "reported",
    file: null,
    msi: null,
    msix: null,
    agent: null,
    ddi: null,
    mender: null,
    source: null,
    minimumOsVersion: null,
    licence: "none",
    storeApp: false,
    targeting: { cpu: null, osMajor: null, osPlatform: null },
    createdAtMs: 0,
    ...change,
  };
}
