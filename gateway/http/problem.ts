import type { AppError, ErrorCode } from "../../devices/model/errors.ts";

export const PROBLEM_TYPE = "application/problem+json";

/** RFC 9457, with a stable `code` for programs. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly requestId?: string;
  /** What is possible instead, after a 409. */
  readonly allowed?: readonly string[];
  /** Which fields are wrong: `pointer` into the body, or `parameter` of path, query or header. */
  readonly errors?: readonly ProblemField[];
  /** The rule of a protocol that the bytes break. */
  readonly rule?: string;
}

export interface ProblemField {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly detail: string;
}

/** The one table from error codes to HTTP. [D24] */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unprocessable: 422,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "precondition-failed": 412,
  "too-large": 413,
  "no-room": 507,
  "too-many": 429,
  unavailable: 503,
  unsupported: 415,
};

const TITLES: Readonly<Record<number, string>> = {
  400: "The request cannot be read",
  401: "Log in, or show an API token",
  403: "This is not allowed to you",
  404: "There is no such thing",
  409: "The state of things does not allow it",
  412: "It was changed in the meantime",
  413: "The request is too large",
  415: "This content type is not taken",
  422: "A field is wrong",
  429: "Too many attempts",
  500: "The gateway made a mistake",
  503: "Try again later",
  507: "There is no room left",
};

export function problem(
  status: number,
  code: string,
  detail: string,
  more: Pick<Problem, "allowed" | "errors" | "rule" | "requestId"> = {},
): Problem {
  return {
    type: `urn:outpost:problem:${code}`,
    title: TITLES[status] ?? "The request failed",
    status,
    detail,
    code,
    ...more,
  };
}

export function problemOf(error: AppError, requestId: string | undefined): Problem {
  return problem(STATUS_OF[error.code], error.code, error.message, {
    ...(requestId !== undefined && { requestId }),
    ...(error.allowed !== undefined && { allowed: error.allowed }),
    ...(error.fields.length > 0 && {
      errors: error.fields.map(({ pointer, message }) => ({ pointer, detail: message })),
    }),
  });
}

export function problemResponse(body: Problem, headers: Headers = new Headers()): Response {
  headers.set("Content-Type", PROBLEM_TYPE);
  return new Response(JSON.stringify(body), { status: body.status, headers });
}
