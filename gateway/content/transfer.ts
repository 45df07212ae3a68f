import { AppError } from "../../devices/model/errors.ts";
import type { BlobFolder } from "./blob-folder.ts";
import { SYNC_EVERY_BYTES } from "./blob-store.ts";
import type { DiskFloor, Reservation } from "./disk-floor.ts";
import { PartialFile } from "./partial-file.ts";
import { judgeAnswer, type PullFailure, type PullVerdict } from "./pull-answer.ts";
import { type Beats, StallWatch } from "./stall-watch.ts";
import type { TransferTarget } from "./transfer-target.ts";

export interface TransferRequest {
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

export interface TransferDeps {
  readonly folder: BlobFolder;
  readonly diskFloor: DiskFloor;
  /**
   * Asks for the file. Throws `TransferFailed` when it must not be asked for, anything else when the
   * sender cannot be reached.
   */
  readonly ask: (request: TransferRequest) => Promise<ContentResponse>;
  /** Told of every byte that came over the line. */
  readonly onFetched: (bytes: number) => void;
  /** When it is looked whether anything has arrived; every `STALL_MS` unless a test says so. */
  readonly stallBeats?: Beats | undefined;
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
 * One attempt at bringing one file, going on where the last one stood.
 *
 * Resolves when the target has it, verified. Throws `TransferFailed` otherwise; what was received and
 * belongs to the file is on the disk by then, and written down. `onBytes` is told how many bytes of
 * the file are here.
 */
export async function transfer(
  deps: TransferDeps,
  target: TransferTarget,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const attempt = new Attempt(deps, target, signal, onBytes);
  try {
    await attempt.run();
  } catch (error) {
    throw await attempt.giveUp(error);
  } finally {
    await attempt.close();
  }
}

class Attempt {
  readonly #deps: TransferDeps;
  readonly #target: TransferTarget;
  readonly #watch: StallWatch;
  readonly #onBytes: (bytes: number) => void;
  #partial: PartialFile | undefined;
  /** The validator of what is in the partial file. */
  #validator: string | null = null;
  /** The whole file's length, as soon as somebody told it. */
  #bytes: number | undefined;
  #startBytes = 0;

  constructor(
    deps: TransferDeps,
    target: TransferTarget,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
  ) {
    this.#deps = deps;
    this.#target = target;
    this.#bytes = target.bytes;
    this.#watch = new StallWatch(signal, deps.stallBeats);
    this.#onBytes = onBytes;
  }

  async run(): Promise<void> {
    let partial = await this.#openPartial();
    // Room is kept before anybody is asked, where it is known how much.
    using early = this.#bytes === undefined ? undefined : await this.#reserve(this.#bytes, partial);
    const answer = await this.#ask(partial.bytes);
    if (answer.verdict.kind === "whole") {
      partial = await this.#startAgain(answer.verdict.validator);
    }
    using late = early ? undefined : await this.#reserve(this.#bytes ?? partial.bytes, partial);
    await this.#receive(partial, answer.body, early ?? late);
    if (!this.#target.isHere()) await this.#finish(partial);
  }

  async #receive(
    partial: PartialFile,
    body: ReadableStream<Uint8Array> | null,
    reservation: Reservation | undefined,
  ): Promise<void> {
    const { bytesMax, sender } = this.#target;
    let syncedBytes = partial.bytes;
    for await (const chunk of this.#chunksOf(body)) {
      const limit = Math.min(this.#bytes ?? bytesMax, bytesMax);
      if (partial.bytes + chunk.length > limit) {
        throw corrupt(`${sender} sent more than the ${limit} bytes of this file.`);
      }
      await partial.append(chunk);
      this.#deps.onFetched(chunk.length);
      this.#onBytes(partial.bytes);
      if (partial.bytes - syncedBytes < SYNC_EVERY_BYTES) continue;
      reservation?.wrote(partial.bytes - syncedBytes);
      syncedBytes = await partial.sync();
      await this.#note(syncedBytes);
      await reservation?.check();
      // An upload of the same bytes may have been faster.
      if (this.#target.isHere()) return;
    }
  }

  /** What to throw after `error`, once what is worth keeping is kept and written down. */
  async giveUp(error: unknown): Promise<unknown> {
    const failed = asTransferFailed(error);
    const partial = this.#partial;
    if (!failed || !partial) return failed ?? error;
    const { failure } = failed;
    if (failure.startAgain) {
      await partial.close();
      await this.#deps.folder.discard(partial.path);
      await this.#note(0, failure.problem);
    } else {
      await this.#note(await partial.sync(), failure.problem);
    }
    return failed;
  }

  async close(): Promise<void> {
    this.#watch[Symbol.dispose]();
    await this.#partial?.close();
    if (!this.#partial || !this.#target.isHere()) return;
    await this.#deps.folder.discard(this.#partial.path);
  }

  async #openPartial(): Promise<PartialFile> {
    const { partialPath: path } = this.#target;
    // Without a validator nobody can promise that the rest belongs to what is here.
    const kept = this.#target.kept();
    if (kept) {
      this.#partial = await PartialFile.resume(path, kept.filledBytes);
      if (this.#partial) this.#validator = kept.validator;
    }
    this.#partial ??= await PartialFile.create(path);
    this.#startBytes = this.#partial.bytes;
    this.#onBytes(this.#startBytes);
    return this.#partial;
  }

  #reserve(bytes: number, partial: PartialFile): Promise<Reservation> {
    return this.#deps.diskFloor.reserve(Math.max(0, bytes - partial.bytes));
  }

  async #ask(from: number): Promise<Answer> {
    const { sender, bytesMax } = this.#target;
    if (from > 0 && from === this.#bytes) {
      return { verdict: { kind: "continue", bytes: from }, body: null };
    }
    const range = { range: `bytes=${from}-`, "if-range": this.#validator ?? "" };
    const headers = { "accept-encoding": "identity", ...(from > 0 && range) };
    const response = await this.#fetch({ headers, signal: this.#watch.signal });
    this.#watch.alive();
    const asked = { sender, bytes: this.#bytes, from, validator: this.#validator };
    const verdict = judgeAnswer(asked, response.status, (name) => response.headers.get(name));
    if (verdict.kind !== "failed") {
      this.#bytes = verdict.bytes;
      if ((verdict.bytes ?? 0) <= bytesMax) return { verdict, body: response.body };
    }
    await response.body?.cancel().catch(() => {}); // Its connection may be gone; nobody needs it.
    if (verdict.kind === "failed") throw new TransferFailed(verdict.failure, false);
    throw corrupt(`${sender} has a file of ${this.#bytes} bytes; at most ${bytesMax} are taken.`);
  }

  async #fetch(request: TransferRequest): Promise<ContentResponse> {
    try {
      return await this.#watch.orStop(this.#deps.ask(request));
    } catch (error) {
      if (error instanceof TransferFailed) throw error;
      const problem = `${this.#target.sender} cannot be reached.`;
      throw new TransferFailed({ kind: "away", problem, startAgain: false }, false, error);
    }
  }

  /** The whole file comes: what was here of it is worth nothing. */
  async #startAgain(validator: string | null): Promise<PartialFile> {
    await this.#partial?.close();
    this.#partial = await PartialFile.create(this.#target.partialPath);
    this.#startBytes = 0;
    this.#validator = validator;
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
    // A body that was broken off merely ends; without a length only that tells it from a whole one.
    const isBroken =
      this.#bytes === undefined ? this.#watch.signal.aborted : partial.bytes < this.#bytes;
    if (isBroken) throw this.#cut(undefined);
    await this.#target.finish(partial);
  }

  #cut(cause: unknown): TransferFailed {
    const { sender } = this.#target;
    const hereBytes = this.#partial?.bytes ?? 0;
    const why = this.#watch.stalled ? "sent nothing any more" : "broke off";
    const problem = `${sender} ${why} at ${hereBytes} of ${this.#bytes ?? "unknown"} bytes.`;
    const failure: PullFailure = { kind: "cut", problem, startAgain: false };
    return new TransferFailed(failure, hereBytes > this.#startBytes, cause);
  }

  async #note(filledBytes: number, problem: string | null = null): Promise<void> {
    const validator = filledBytes > 0 ? this.#validator : null;
    await this.#target.note({ filledBytes, validator, bytes: this.#bytes, problem });
  }
}

interface Answer {
  readonly verdict: Exclude<PullVerdict, { kind: "failed" }>;
  readonly body: ReadableStream<Uint8Array> | null;
}

/** Undefined for an exception that is a bug or an outage of ours. */
function asTransferFailed(error: unknown): TransferFailed | undefined {
  if (error instanceof TransferFailed) return error;
  if (!(error instanceof AppError) || error.code !== "no-room") return undefined;
  // The part that is here is what fills the disk: it goes.
  const failure: PullFailure = { kind: "no-room", problem: error.message, startAgain: true };
  return new TransferFailed(failure, false, error);
}

/** What came is not the file: it is thrown away, and asked for again after a long pause. */
export function corrupt(problem: string): TransferFailed {
  return new TransferFailed({ kind: "corrupt", problem, startAgain: true }, false);
}
