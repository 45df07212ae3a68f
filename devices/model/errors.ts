/**
 * Every failure a caller may act on has one of these codes. The HTTP status, the SyncML status and
 * the metric label are each derived from the code, in one table per boundary. Any other exception is
 * a bug or an outage: it is logged whole and shown to nobody.
 */
export type ErrorCode =
  | "invalid" // The request cannot be read; repeating it cannot help.
  | "unprocessable" // It can be read, but a field is wrong: `fields` says which.
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict" // The state has moved on or forbids it; `allowed` may list what is possible.
  | "precondition-failed"
  | "too-large"
  | "unsupported" // The media type is not one we read.
  | "no-room" // The disk, a quota or a floor of free space is reached.
  | "too-many" // The caller is asked to slow down; `retryAfterMs` says for how long.
  | "unavailable"; // Try again later; `retryAfterMs` may say when.

/** One wrong field, named by a JSON pointer (RFC 6901) into the request body. */
export interface FieldError {
  readonly pointer: string;
  readonly message: string;
}

interface AppErrorOptions {
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
  readonly fields?: readonly FieldError[];
  readonly allowed?: readonly string[];
}

export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly fields: readonly FieldError[];
  readonly allowed: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.fields = options.fields ?? [];
    this.allowed = options.allowed;
  }
}

/** A 422 about one field. `pointer` is a JSON pointer, `message` says what to do. */
export function fieldError(pointer: string, message: string): AppError {
  return new AppError("unprocessable", message, { fields: [{ pointer, message }] });
}

/** For a broken invariant of ours: the only correct answer is to stop this operation. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
