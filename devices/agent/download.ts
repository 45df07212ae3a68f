import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { statOf } from "../durable/whole-file.ts";
import { backOffMs } from "../model/back-off.ts";
import type { AgentClock } from "./agent-clock.ts";
import { RETRY } from "./retry.ts";
import { StepError } from "./step-error.ts";

/** Tries one after the other that bring not a byte. By the waiting between them: about half an hour. */
export const BARREN_TRIES_MAX = 12;
/** A connection that brings nothing for so long is given up. Milliseconds. */
const STALL_MS = 60_000;
/** What a download leaves free on the disk. */
export const FREE_BYTES_MIN = 16 * 1024 * 1024;

export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

export interface Wanted {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface DownloadSurroundings {
  /** Where the bytes gather; an interrupted download goes on from there. */
  readonly part: string;
  /** Addresses expire: asked anew for every try. Undefined: none is known just now. */
  readonly url: () => string | undefined;
  readonly fetch: Fetch;
  readonly clock: AgentClock;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number) => void;
}

/**
 * Fetches a file whole, going on where an earlier try ended, and checks its SHA-256: only then it is there.
 *
 * @throws StepError `download-failed`, `checksum-failed`; the signal's reason
 */
export async function download(wanted: Wanted, around: DownloadSurroundings): Promise<void> {
  const { part, clock, signal } = around;
  await refuseWithoutRoom(dirname(part), wanted.bytes - (await sizeOf(part)));
  let barren = 0;
  // What is there of a former life may be anything: after a power cut its end may be zeros.
  let isResumed = (await sizeOf(part)) > 0;
  let mismatches = 0;
  let reason = "";
  for (;;) {
    const before = await sizeOf(part);
    if (before < wanted.bytes || !(await statOf(part))) {
      if (barren >= BARREN_TRIES_MAX) {
        throw new StepError("download-failed", `${wanted.name}: ${reason}`);
      }
      if (barren > 0) await clock.sleep(backOffMs(RETRY, barren, around.random()), signal);
      isResumed ||= before > 0;
      try {
        await fetchMore(wanted, before, around);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof StepError) throw error;
        reason = error instanceof Error ? error.message : String(error);
      }
      barren = (await sizeOf(part)) > before ? 0 : barren + 1;
      if ((await sizeOf(part)) < wanted.bytes) {
        barren = Math.max(barren, 1);
        continue;
      }
    }
    if ((await sizeOf(part)) === wanted.bytes && (await sha256Of(part)) === wanted.sha256) return;
    await forgetDownload(part);
    // What was gathered over several tries may be of two files; what came in one is what the site has.
    mismatches += 1;
    if (!isResumed || mismatches > 1) {
      throw new StepError("checksum-failed", `${wanted.name} is not what the site announced`);
    }
    isResumed = false;
    barren = 0;
  }
}

export async function forgetDownload(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(`${part}.etag`, { force: true });
}

async function fetchMore(
  { bytes }: Wanted,
  have: number,
  { part, url, fetch, signal, progress }: DownloadSurroundings,
): Promise<void> {
  const address = url();
  if (address === undefined) throw new Error("the site offers no address for it now");
  const stall = new AbortController();
  const timer = setTimeout(() => stall.abort(new Error("nothing came any more")), STALL_MS);
  const etag = have > 0 ? await textOf(`${part}.etag`) : "";
  try {
    const response = await fetch(address, {
      headers: {
        "accept-encoding": "identity",
        ...(have > 0 && { range: `bytes=${have}-` }),
        ...(etag !== "" && { "if-range": etag }),
      },
      signal: AbortSignal.any([signal, stall.signal]),
    });
    if (response.status === 416) {
      await forgetDownload(part);
      throw new Error("the site has another file now");
    }
    const isRest = response.status === 206 && begins(response, have);
    if (!isRest && response.status !== 200) {
      await response.body?.cancel();
      throw new Error(`the site answered ${response.status}`);
    }
    const tag = response.headers.get("etag") ?? "";
    if (!isRest) await writeFile(`${part}.etag`, tag.startsWith("W/") ? "" : tag);
    const file = await open(part, isRest ? "a" : "w", 0o600);
    try {
      let done = isRest ? have : 0;
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        // More than was announced is another file: there is no need to see all of it.
        await file.write(chunk);
        done += chunk.length;
        progress(done, bytes);
        if (done > bytes) break;
      }
    } finally {
      await file.sync();
      await file.close();
    }
  } finally {
    clearTimeout(timer);
  }
}

function begins(response: Response, have: number): boolean {
  return response.headers.get("content-range")?.startsWith(`bytes ${have}-`) === true;
}

/** @throws StepError `download-failed` */
export async function refuseWithoutRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= bytes + FREE_BYTES_MIN) return;
  throw new StepError(
    "download-failed",
    `no room: ${Math.max(0, bytes)} bytes are needed, ${free} are free`,
  );
}

export async function sha256Of(path: string): Promise<string> {
  return await digestOf(path, "sha256");
}

export async function digestOf(path: string, algorithm: "sha256" | "md5"): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest("hex");
}

async function sizeOf(path: string): Promise<number> {
  return (await statOf(path))?.size ?? 0;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return "";
  }
}
