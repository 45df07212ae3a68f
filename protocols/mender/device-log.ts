import { z } from "zod";
import { readAs } from "../agent/read-message.ts";

/** Bytes of a log. A client sends what one deployment wrote, mostly some ten thousand. */
export const LOG_BYTES_MAX = 4 * 1024 * 1024;
const LINES_MAX = 50_000;

const Log = z.object({
  messages: z
    .array(
      z.object({
        timestamp: z.string().nullish(),
        level: z.string().nullish(),
        message: z.string().nullish(),
      }),
    )
    .max(LINES_MAX),
});

export interface LogLine {
  readonly time: string;
  readonly level: string;
  readonly message: string;
}

/** @throws ProtocolError `mender-log` */
export function readLog(body: Uint8Array): readonly LogLine[] {
  return readAs("mender-log", Log, body).messages.map(({ timestamp, level, message }) => ({
    time: timestamp ?? "",
    level: level ?? "",
    message: message ?? "",
  }));
}

/** The first line that tells of an error: what follows it is mostly its consequence. */
export function firstError(lines: readonly LogLine[]): string | null {
  const line = lines.find(
    ({ level, message }) => /^(error|fatal|panic)$/i.test(level) && message.trim() !== "",
  );
  return line?.message.trim() ?? null;
}

/** The log as text, a line each. */
export function logText(lines: readonly LogLine[]): string {
  return lines
    .map(({ time, level, message }) => [time, level, message].filter(Boolean).join(" "))
    .join("\n");
}
