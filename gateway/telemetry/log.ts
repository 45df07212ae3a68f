import pino from "pino";
import type { Log, LogFields } from "../../devices/ports/log.ts";
import { isSecretName, REDACTED, scrub } from "./redact.ts";

/** Causes deeper than this are left out. */
const CAUSES_MAX = 5;

export interface LogOptions {
  readonly level: "silent" | "error" | "warn" | "info";
  readonly now: () => number;
  /** Where the lines go. Standard output by default. */
  readonly stream?: { write(line: string): unknown };
  /** On every line, such as `{ role: "site" }`. */
  readonly fields?: LogFields;
}

/**
 * JSON lines: `{"level":"info","time":"…Z","event":"install-finished", …fields}`.
 *
 * Pino writes to a stream of this process; its transports need a worker, which a compiled binary
 * does not have.
 */
export function jsonLog({ level, now, stream, fields = {} }: LogOptions): Log {
  const options: pino.LoggerOptions = {
    level,
    base: clean(fields),
    messageKey: "event",
    timestamp: () => `,"time":"${new Date(now()).toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
  };
  const logger = pino(options, stream ?? pino.destination({ fd: 1, sync: true }));
  return {
    info: (event, more = {}) => logger.info(clean(more), event),
    warn: (event, more = {}) => logger.warn(clean(more), event),
    error: (event, error, more = {}) =>
      logger.error({ ...clean(more), error: describeError(error) }, event),
  };
}

function clean(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (isSecretName(name) && value !== null && value !== undefined) return [name, REDACTED];
      return [name, typeof value === "string" ? scrub(value) : value];
    }),
  );
}

interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack?: string;
  readonly cause?: DescribedError;
}

function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: scrub(String(error)) };
  return {
    type: error.name,
    message: scrub(error.message),
    ...(error.stack !== undefined && { stack: scrub(error.stack) }),
    ...(error.cause !== undefined &&
      depth < CAUSES_MAX && { cause: describeError(error.cause, depth + 1) }),
  };
}
