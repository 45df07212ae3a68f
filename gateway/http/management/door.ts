import { AppError, type ErrorCode } from "../../../devices/model/errors.ts";
import { type HrefOf, MANAGEMENT_TYPE } from "../../../protocols/ddi/management/answers.ts";
import {
  MANAGEMENT_ERRORS,
  type ManagementErrorCode,
  managementError,
  wordOfRule,
} from "../../../protocols/ddi/management/errors.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { Scope } from "../../access/role.ts";
import type { AppContext } from "../environment.ts";

/** One request of a tool, once it is known who asks and that they may. */
export interface Visit {
  readonly c: AppContext;
  /** As history and policy name who asks. */
  readonly by: string;
  /** May read what only those who manage devices may read. */
  readonly mayReadTokens: boolean;
  readonly href: HrefOf;
  body(): Promise<Uint8Array>;
  /** Writes into the audit log what was done. */
  record(
    action: string,
    subject: string,
    details?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
}

/** Adds a route below `/rest/v1`. */
export type AddRoute = (
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  scope: Scope,
  handle: (visit: Visit) => Promise<Response>,
) => void;

/** hawkBit's words for what a use-case refuses. */
const WORD_OF: Readonly<Partial<Record<ErrorCode, ManagementErrorCode>>> = {
  invalid: "invalid",
  unprocessable: "invalid",
  forbidden: "forbidden",
  "not-found": "not-found",
  conflict: "exists",
  "precondition-failed": "locked",
  "too-large": "too-large",
  "no-room": "no-room",
};

/** What a tool is told, in hawkBit's form; undefined for what hawkBit has no word for. */
export function refusalOf(error: unknown): Response | undefined {
  if (error instanceof ProtocolError) return refusal(wordOfRule(error.rule), error.message);
  const word = error instanceof AppError ? WORD_OF[error.code] : undefined;
  return word && error instanceof AppError ? refusal(word, error.message) : undefined;
}

export function refusal(word: ManagementErrorCode, message: string): Response {
  return Response.json(managementError(word, message), { status: MANAGEMENT_ERRORS[word].status });
}

/** Nobody is told more than that a name and a password are needed. */
export function unauthorized(): Response {
  return new Response(null, {
    status: 401,
    headers: { "WWW-Authenticate": 'Basic realm="outpost", charset="UTF-8"' },
  });
}

export function hrefsBelow(base: string): HrefOf {
  return (...path) =>
    [`${base}/rest/v1`, ...path.map((part) => encodeURIComponent(String(part)))].join("/");
}

/** As hawkBit answers: HAL, or plain JSON to whoever asks for that alone. */
export function say(c: AppContext, value: object, status: 200 | 201 = 200): Response {
  const accept = c.req.header("Accept")?.toLowerCase() ?? "";
  const isPlain = accept.includes("application/json") && !accept.includes(MANAGEMENT_TYPE);
  const type = isPlain ? "application/json" : MANAGEMENT_TYPE;
  return c.body(JSON.stringify(value), status, { "Content-Type": type });
}

export function nothing(): Response {
  return new Response(null, { status: 204 });
}

/** @throws AppError "not-found" for what is no number of ours */
export function numberIn(c: AppContext, name: string): number {
  const text = c.req.param(name) ?? "";
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new AppError("not-found", `there is no ${text.slice(0, 40)}`);
}
