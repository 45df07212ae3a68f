import { MODULE_TYPES } from "../../../../protocols/ddi/management/types.ts";
import type { DistributionSet, SoftwareModule } from "../../../model/ddi-catalogue.ts";
import type { Platform } from "../../../model/device.ts";
import type { DeviceId, DistributionId, PackageId, SiteId } from "../../../model/ids.ts";
import type { DdiHandling, DdiInstall } from "../../../model/package.ts";
import type { Policy } from "../../../model/policy.ts";
import { shortDigest } from "../../../model/sha256.ts";
import type { Schedule } from "../../../model/window.ts";
import type { PolicyRecordChange } from "../../../ports/policy-writer.ts";

/** Devices that get a set on the same terms. */
export interface SetOrder {
  readonly distribution: DistributionId;
  readonly site: SiteId;
  readonly platform: Platform;
  readonly devices: readonly DeviceId[];
  readonly handling: DdiHandling;
  readonly schedule: Schedule | null;
  readonly isAsked: boolean;
}

/**
 * The records that an assignment takes: the package of the set's name, the revision of what is in it, and an
 * on-demand distribution that names its devices. Ids are made from what they stand for, and what was written
 * is found again, so that assigning a set to many devices one by one makes one revision.
 */
export function placeSet(
  set: DistributionSet,
  modules: readonly SoftwareModule[],
  order: SetOrder,
  policy: Policy,
): readonly PolicyRecordChange[] {
  const { site, platform, handling, schedule } = order;
  const name = set.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  const slug = name.slice(0, SLUG_CHARACTERS_MAX).replaceAll(/^-+|-+$/g, "");
  const owner = joined("set", slug, shortDigest(site, platform, set.name)) as PackageId;
  const install: DdiInstall = { handling, chunks: modules.map(chunkOf) };
  const revision = joined(
    "set",
    slug,
    shortDigest(site, owner, set.version, JSON.stringify(install)),
  );
  const app: PolicyRecordChange = {
    kind: "package",
    id: owner,
    body: {
      id: owner,
      name: set.name,
      platform,
      productId: null,
      publisher: null,
      description: set.description ?? "Made by a tool of hawkBit.",
    },
  };
  const version: PolicyRecordChange = {
    kind: "revision",
    id: revision,
    body: {
      id: revision,
      package: owner,
      version: set.version,
      channel: "ddi",
      file: null,
      ddi: install,
      minimumOsVersion: null,
      licence: "none",
      storeApp: false,
      targeting: { cpu: null, osMajor: null, osPlatform: null },
    },
  };
  const { distribution: id, devices, isAsked } = order;
  const distribution: PolicyRecordChange = {
    kind: "distribution",
    id,
    body: {
      id,
      package: owner,
      revision,
      operation: "install",
      mode: "on-demand",
      target: { kind: "devices", devices },
      sites: [site],
      // A set replaces whatever was there, as hawkBit has it.
      allowDowngrade: true,
      question: isAsked ? `Install ${set.name} ${set.version} now?` : null,
      ...(schedule && { schedule }),
    },
  };
  return [
    ...(policy.packages.has(owner) ? [] : [app]),
    ...([...policy.revisions.keys()].some((known) => known === revision) ? [] : [version]),
    distribution,
  ];
}

const SLUG_CHARACTERS_MAX = 30;

function chunkOf({ type, name, version, artifacts }: SoftwareModule): DdiInstall["chunks"][number] {
  const files = artifacts.map(({ sha256, name: file, bytes }) => ({ sha256, name: file, bytes }));
  return { part: MODULE_TYPES[type].part, name, version, files, metadata: [] };
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("-");
}
