import { AppError } from "../../devices/model/errors.ts";
import type { Sha256 } from "../../devices/model/ids.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import { type BlobStore, SYNC_EVERY_BYTES } from "./blob-store.ts";
import type { DiskFloor } from "./disk-floor.ts";
import { PartialFile } from "./partial-file.ts";
import { judgeAnswer, type PullFailure } from "./pull-answer.ts";
import { verifyFile } from "./scrub.ts";
import { StallWatch } from "./stall-watch.ts";

/** A transfer that brings no byte for so long is broken off and resumed. */
export const STALL_MS = 60_000;

export interface ContentRequest {
  readonly sha256: Sha256;
  /** To be sent as they are: `accept-encoding`, and `range` with `if-range` when resuming. */
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** The part of a `Response` that is used. The body must be as it travelled, never decompressed. */
export interface ContentResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** Asks the hub for a file; throws when the hub cannot be reached. */
export type FetchContent = (request: ContentRequest) => Promise<ContentResponse>;

export interface TransferDeps {
  readonly store: BlobStore;
  readonly diskFloor: DiskFloor;
  readonly fetchContent: FetchContent;
  /** Told of every byte that came over the line. */
  readonly onFetched: (bytes: number) => void;
  /** Default `STALL_MS`. */
  readonly stallMs?: number | undefined;
}

/** An attempt that did not end with the file: what to tell people, and how to go on. */
export class TransferFailed extends Error {
  override readonly name = "TransferFailed";
  readonly failure: PullFailure;
  /** Some bytes more are here than before, so the line works. */
  readonly progressed: boolean;

  constructor(failure: PullFailure, progressed: boolean, cause?: unknown) {
    super(failure.problem, { cause });
    this.failure = failure;
    this.progressed = progressed;
  }
}

/**
 * One attempt at bringing one file from the hub into the store, going on where the last one stood.
 *
 * Resolves when the file is in the store, verified. Throws `TransferFailed` otherwise; what was
 * received and belongs to the file is on the disk by then, and written down. `onBytes` is told how many
 * bytes of the file are here.
 */
export async function transfer(
  deps: TransferDeps,
  file: PackageFile,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  if (deps.store.has(file.sha256) || (await adoptStray(deps.store, file))) return;
  const attempt = new Attempt(deps, file, signal, onBytes);
  try {
    await attempt.run();
  } catch (error) {
    throw await attempt.giveUp(error);
  } finally {
    await attempt.close();
  }
}

/** The file may be here already: a crash came between its name and the index. */
async function adoptStray(store: BlobStore, file: PackageFile): Promise<boolean> {
  if (!store.strays().includes(file.sha256)) return false;
  const found = await verifyFile(store.folder.blobPath(file.sha256), file.sha256);
  if (found) await store.adoptStray(found, file.name, found.bytes);
  else await store.quarantine(file.sha256, "A file on the gateway's disk was damaged.");
  return found !== undefined;
}

class Attempt {
  readonly #deps: TransferDeps;
  readonly #file: PackageFile;
  readonly #watch: StallWatch;
  readonly #onBytes: (bytes: number) => void;
  #partial: PartialFile | undefined;
  /** The validator of what is in the partial file. */
  #etag: string | null = null;
  #startBytes = 0;

  constructor(
    deps: TransferDeps,
    file: PackageFile,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ) {
    this.#deps = deps;
    this.#file = file;
    this.#watch = new StallWatch(deps.stallMs ?? STALL_MS, signal);
    this.#onBytes = onBytes;
  }

  async run(): Promise<void> {
    let partial = await this.#openPartial();
    using reservation = await this.#deps.diskFloor.reserve(this.#file.bytes - partial.bytes);

    const answer = await this.#ask(partial.bytes);
    if (answer.verdict === "whole") partial = await this.#startAgain(answer.etag);
    let syncedBytes = partial.bytes;
    for await (const chunk of this.#chunksOf(answer.body)) {
      if (partial.bytes + chunk.length > this.#file.bytes) {
        throw corrupt(`The hub sent more than the ${this.#file.bytes} bytes of this file.`);
      }
      await partial.append(chunk);
      this.#deps.onFetched(chunk.length);
      this.#onBytes(partial.bytes);
      if (partial.bytes - syncedBytes < SYNC_EVERY_BYTES) continue;
      reservation.wrote(partial.bytes - syncedBytes);
      syncedBytes = await partial.sync();
      await this.#note(syncedBytes);
      await reservation.check();
      // An upload of the same bytes may have been faster.
      if (this.#deps.store.has(this.#file.sha256)) return;
    }
    await this.#finish(partial);
  }

  /** What to throw after `error`, once what is worth keeping is kept and written down. */
  async giveUp(error: unknown): Promise<unknown> {
    const failed = asTransferFailed(error);
    const partial = this.#partial;
    if (!failed || !partial) return failed ?? error;
    const { failure } = failed;
    if (failure.startAgain) {
      await partial.close();
      await this.#deps.store.folder.discard(partial.path);
      await this.#note(0, failure.problem);
    } else {
      await this.#note(await partial.sync(), failure.problem);
    }
    return failed;
  }

  async close(): Promise<void> {
    this.#watch[Symbol.dispose]();
    await this.#partial?.close();
    if (!this.#partial || !this.#deps.store.has(this.#file.sha256)) return;
    await this.#deps.store.folder.discard(this.#partial.path);
  }

  async #openPartial(): Promise<PartialFile> {
    const { store } = this.#deps;
    const path = store.folder.transferPath(this.#file.sha256);
    const record = store.find(this.#file.sha256);
    // Without a strong validator nobody can promise that the rest belongs to what is here.
    if (record?.state === "filling" && record.etag !== null) {
      this.#partial = await PartialFile.resume(path, record.filledBytes);
      if (this.#partial) this.#etag = record.etag;
    }
    this.#partial ??= await PartialFile.create(path);
    this.#startBytes = this.#partial.bytes;
    this.#onBytes(this.#startBytes);
    return this.#partial;
  }

  async #ask(from: number): Promise<Answer> {
    const { sha256, bytes } = this.#file;
    if (from > 0 && from === bytes) return { verdict: "continue", body: null };
    const range = { range: `bytes=${from}-`, "if-range": this.#etag ?? "" };
    const headers = { "accept-encoding": "identity", ...(from > 0 && range) };
    const response = await this.#fetch({ sha256, headers, signal: this.#watch.signal });
    this.#watch.alive();
    const asked = { bytes, from, etag: this.#etag };
    const verdict = judgeAnswer(asked, response.status, (name) => response.headers.get(name));
    if (verdict.kind === "whole") {
      return { verdict: "whole", etag: verdict.etag, body: response.body };
    }
    if (verdict.kind === "continue") return { verdict: "continue", body: response.body };
    await response.body?.cancel().catch(() => {}); // Its connection may be gone; nobody needs it.
    throw new TransferFailed(verdict.failure, false);
  }

  async #fetch(request: ContentRequest): Promise<ContentResponse> {
    try {
      return await this.#watch.orStop(this.#deps.fetchContent(request));
    } catch (error) {
      const problem = "The hub cannot be reached.";
      throw new TransferFailed({ kind: "away", problem, startAgain: false }, false, error);
    }
  }

  /** The hub sends the whole file: what was here of it is worth nothing. */
  async #startAgain(etag: string | null): Promise<PartialFile> {
    await this.#partial?.close();
    this.#partial = await PartialFile.create(
      this.#deps.store.folder.transferPath(this.#file.sha256),
    );
    this.#startBytes = 0;
    this.#etag = etag;
    await this.#note(0);
    return this.#partial;
  }

  async *#chunksOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Uint8Array> {
    if (!body) return;
    const chunks = this.#watch.chunksOf(body);
    try {
      for (;;) {
        const next = await chunks
          .next()
          .catch((error: unknown) => Promise.reject(this.#cut(error)));
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await chunks.return(undefined);
    }
  }

  async #finish(partial: PartialFile): Promise<void> {
    const { bytes, sha256, name } = this.#file;
    if (partial.bytes < bytes) throw this.#cut(undefined);
    const found = partial.digests().sha256;
    if (found !== sha256) throw corrupt(`The hub sent wrong bytes: their SHA-256 is ${found}.`);
    await this.#deps.store.adopt(partial, name);
  }

  #cut(cause: unknown): TransferFailed {
    const hereBytes = this.#partial?.bytes ?? 0;
    const why = this.#watch.stalled
      ? "The hub sent nothing any more"
      : "The hub's answer was cut off";
    const problem = `${why} at ${hereBytes} of ${this.#file.bytes} bytes.`;
    const failure: PullFailure = { kind: "cut", problem, startAgain: false };
    return new TransferFailed(failure, hereBytes > this.#startBytes, cause);
  }

  async #note(filledBytes: number, problem: string | null = null): Promise<void> {
    const { sha256, name, bytes } = this.#file;
    await this.#deps.store.note({
      sha256,
      md5: null,
      name,
      bytes,
      state: filledBytes > 0 ? "filling" : "wanted",
      filledBytes,
      etag: filledBytes > 0 ? this.#etag : null,
      problem,
      verifiedAtMs: null,
    });
  }
}

type Answer =
  | { verdict: "whole"; etag: string | null; body: ReadableStream<Uint8Array> | null }
  | { verdict: "continue"; body: ReadableStream<Uint8Array> | null };

/** Undefined for an exception that is a bug or an outage of ours. */
function asTransferFailed(error: unknown): TransferFailed | undefined {
  if (error instanceof TransferFailed) return error;
  if (!(error instanceof AppError) || error.code !== "no-room") return undefined;
  // The part that is here is what fills the disk: it goes.
  const failure: PullFailure = { kind: "no-room", problem: error.message, startAgain: true };
  return new TransferFailed(failure, false, error);
}

function corrupt(problem: string): TransferFailed {
  return new TransferFailed({ kind: "corrupt", problem, startAgain: true }, false);
}
