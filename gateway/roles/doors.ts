import type { ConsoleDeps } from "../console/console-deps.ts";
import type { Console } from "../console/console-routes.ts";
import type { BlobIndex } from "../content/blob-index.ts";
import type { BlobStore } from "../content/blob-store.ts";
import { readContents } from "../content/file-contents.ts";
import { type DocumentedPart, docsRoutes } from "../http/docs.ts";
import type { Api } from "../http/environment.ts";
import { healthRoutes } from "../http/health.ts";
import type { IdentifyOptions, SessionCookie } from "../http/identify.ts";
import { notFound } from "../http/on-error.ts";
import type { ReadinessCheck } from "../http/use-cases.ts";
import type { BlobView } from "../reports/report-reader.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";

/** Where each role keeps its sessions in a browser: both may share one host. [D20] */
export const SITE_COOKIE: SessionCookie = { name: "outpost-site", path: "/" };
export const HUB_COOKIE: SessionCookie = { name: "outpost-hub", path: "/hub" };

export interface CommonDoors {
  readonly checks: readonly ReadinessCheck[];
  readonly parts: readonly DocumentedPart[];
}

/**
 * Health, metrics and documentation. They answer at the root; a hub's also under its own path, where
 * its sessions reach. [D20, D21]
 *
 * @param path where the role's sessions are valid
 */
export function mountCommon(
  app: Api,
  path: "/" | "/hub",
  { checks, parts }: CommonDoors,
  { metrics, log }: RoleOptions,
  identify: IdentifyOptions,
  version: string,
): void {
  const health = healthRoutes({ checks, metrics, log, identify });
  const docs = docsRoutes({ title: "Outpost", version, parts, identify });
  for (const base of new Set(["/", path])) {
    app.route(base, health);
    app.route(base, docs);
  }
}

/** An address that nobody has: a page for people, by the console it belongs to; else a problem. */
export function answerNotFound(
  app: Api,
  consoles: { readonly site: Console | undefined; readonly hub: Console | undefined },
): void {
  app.notFound(async (c) => {
    const isHub = /^\/hub(?:\/|$)/.test(c.req.path);
    const page = await (isHub ? consoles.hub : consoles.site)?.notFound(c);
    return page ?? notFound(c);
  });
}

/** The files of a gateway with what was served of them, for the content page. */
export async function listFiles(index: BlobIndex): Promise<readonly BlobView[]> {
  const served = new Map<string, { requests: number; bytes: number }>();
  for (const { sha256, requests, bytes } of await index.listServed()) {
    const sum = served.get(sha256) ?? { requests: 0, bytes: 0 };
    served.set(sha256, { requests: sum.requests + requests, bytes: sum.bytes + bytes });
  }
  return (await index.list()).map((record) => ({
    sha256: record.sha256,
    md5: record.md5,
    name: record.name,
    bytes: record.bytes,
    state: record.state,
    filledBytes: record.state === "complete" ? record.bytes : record.filledBytes,
    problem: record.problem,
    servedRequests: served.get(record.sha256)?.requests ?? 0,
    servedBytes: served.get(record.sha256)?.bytes ?? 0,
  }));
}

export function consoleFiles(index: BlobIndex, blobs: BlobStore): ConsoleDeps["files"] {
  return {
    list: () => listFiles(index),
    receive: (source, upload) => blobs.receive(source, upload),
    describe: (sha256) => readContents(blobs, sha256),
  };
}

/** A timer of real time for live pages, which ends with the process. */
export const every: ConsoleDeps["every"] = (milliseconds, tick) => {
  const timer = setInterval(tick, milliseconds);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};

/** That the database can be written is tried this often at most. */
const WRITE_CHECK_MS = 30_000;

/** What must hold before a gateway is ready, with the reason when it does not. */
export function readinessChecks(name: string, foundation: Foundation): ReadinessCheck[] {
  let writtenAtMs = Number.NEGATIVE_INFINITY;
  return [
    {
      name: `${name}-database`,
      check: async () => {
        // A probe asks every few seconds; a write each time would wear the disk and wake live pages.
        if (performance.now() - writtenAtMs < WRITE_CHECK_MS) return undefined;
        await foundation.values.put("readiness/checked-at", String(foundation.clock.now()));
        writtenAtMs = performance.now();
        return undefined;
      },
    },
    {
      name: `${name}-disk`,
      check: async () => {
        using room = await foundation.diskFloor.reserve(0);
        await room.check();
        return undefined;
      },
    },
    {
      name: `${name}-clock`,
      check: () => {
        const year = new Date(foundation.clock.now()).getUTCFullYear();
        return year >= 2024
          ? undefined
          : `the clock says ${year}: set it, or maintenance windows come at the wrong time`;
      },
    },
  ];
}
