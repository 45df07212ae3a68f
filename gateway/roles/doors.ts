import type { ConsoleDeps } from "../console/console-deps.ts";
import type { BlobIndex } from "../content/blob-index.ts";
import type { BlobStore } from "../content/blob-store.ts";
import type { SessionCookie } from "../http/identify.ts";
import type { ReadinessCheck } from "../http/use-cases.ts";
import type { BlobView } from "../reports/report-reader.ts";
import type { Foundation } from "./foundation.ts";

/** Where each role keeps its sessions in a browser: both may share one host. [D20] */
export const SITE_COOKIE: SessionCookie = { name: "outpost-site", path: "/" };
export const HUB_COOKIE: SessionCookie = { name: "outpost-hub", path: "/hub" };

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
  };
}

/** A timer of real time for live pages, which ends with the process. */
export const every: ConsoleDeps["every"] = (milliseconds, tick) => {
  const timer = setInterval(tick, milliseconds);
  timer.unref();
  return { stop: () => clearInterval(timer) };
};

/** What must hold before a gateway is ready, with the reason when it does not. */
export function readinessChecks(name: string, foundation: Foundation): ReadinessCheck[] {
  return [
    {
      name: `${name}-database`,
      check: async () => {
        await foundation.values.put("readiness/checked-at", String(foundation.clock.now()));
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
