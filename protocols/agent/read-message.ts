import type { ZodType } from "zod";
import { ProtocolError, quoted } from "../errors.ts";

/**
 * A JSON message of a shape.
 *
 * @throws ProtocolError with this rule and the pointer of what is wrong
 */
export function readAs<T>(rule: string, shape: ZodType<T>, body: Uint8Array): T {
  const read = shape.safeParse(jsonIn(rule, body));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const pointer = (issue?.path ?? []).map((part) => `/${String(part)}`).join("");
  throw new ProtocolError(rule, `${quoted(pointer || "the message")}: ${issue?.message}`);
}

function jsonIn(rule: string, body: Uint8Array): unknown {
  try {
    return JSON.parse(DECODER.decode(body));
  } catch (cause) {
    throw new ProtocolError(rule, "the message is no JSON in UTF-8", { cause });
  }
}

const DECODER = new TextDecoder("utf-8", { fatal: true });
