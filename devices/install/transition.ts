import type { Platform } from "../model/device.ts";
import { STATUSES, type Status } from "../model/installation.ts";
import { hasStatus } from "./matrix.ts";

type From = Status | "START";
type Table = Readonly<Record<From, readonly Status[]>>;

/**
 * Which status may follow which, for changes that somebody asks for. What a device observes about
 * itself is never refused by it, only marked. The rules behind it are in STATES.md.
 *
 * Total: a new status does not compile until every row has answered for it.
 */
const WITH_UPDATES: Table = {
  START: ["installed", "not_relevant", "pending_install"],
  pending_install: ["failed", "installed", "installing", "not_relevant"],
  not_relevant: ["installed", "pending_install"],
  installing: ["failed", "installed", "not_relevant", "pending_install"],
  installed: [
    "failed",
    "installing",
    "pending_update",
    "removed_after_installation",
    "updating",
    "upgrade_failed",
  ],
  removed_after_installation: ["failed", "installed", "installing", "pending_install"],
  pending_update: [
    "failed",
    "installed",
    "removed_after_installation",
    "updating",
    "upgrade_failed",
  ],
  updating: [
    "failed",
    "installed",
    "pending_update",
    "removed_after_installation",
    "upgrade_failed",
  ],
  failed: [
    "installed",
    "installing",
    "not_relevant",
    "pending_install",
    "pending_update",
    "removed_after_installation",
    "updating",
  ],
  upgrade_failed: ["installed", "pending_update", "removed_after_installation", "updating"],
};

/** Android has no Not Relevant, Updating or Upgrade Failed: its updates run through Installing. */
const ANDROID: Table = {
  START: ["installed", "pending_install"],
  pending_install: ["failed", "installed", "installing"],
  not_relevant: [],
  installing: [
    "failed",
    "installed",
    "pending_install",
    "pending_update",
    "removed_after_installation",
  ],
  installed: ["failed", "installing", "pending_update", "removed_after_installation"],
  removed_after_installation: ["failed", "installed", "installing", "pending_install"],
  pending_update: ["failed", "installed", "installing", "removed_after_installation"],
  updating: [],
  failed: [
    "installed",
    "installing",
    "pending_install",
    "pending_update",
    "removed_after_installation",
  ],
  upgrade_failed: [],
};

const TABLES: Readonly<Record<Platform, Table>> = {
  iOS: WITH_UPDATES,
  Windows: WITH_UPDATES,
  Android: ANDROID,
};

/** A status may always follow itself. */
export function isLegal(platform: Platform, from: From, to: Status): boolean {
  return from === to ? hasStatus(platform, to) : TABLES[platform][from].includes(to);
}

/** What may follow, itself left out: the list that a refused change is answered with. */
export function allowedFrom(platform: Platform, from: From): readonly Status[] {
  return TABLES[platform][from];
}

/** Every ordered pair of different statuses that the platform has and the table refuses. */
export function illegalPairs(platform: Platform): readonly (readonly [Status, Status])[] {
  const statuses = STATUSES.filter((status) => hasStatus(platform, status));
  return statuses.flatMap((from) =>
    statuses
      .filter((to) => from !== to && !isLegal(platform, from, to))
      .map((to) => [from, to] as const),
  );
}
