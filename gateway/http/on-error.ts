import type { ErrorHandler, NotFoundHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { AppError } from "../../devices/model/errors.ts";
import type { Log } from "../../devices/ports/log.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import type { AppEnv } from "./environment.ts";
import { problem, problemOf, problemResponse } from "./problem.ts";

/** Codes of the answers that Hono's own middleware throws. */
const CODE_OF: Readonly<Record<number, string>> = {
  400: "invalid",
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  413: "too-large",
  415: "unsupported-media-type",
};

/** The one place an exception becomes an answer. Handlers throw; they do not catch to answer. */
export function onError(log: Log): ErrorHandler<AppEnv> {
  return (error, c) => {
    const requestId = c.get("requestId");
    if (error instanceof AppError || error instanceof ProtocolError)
      c.set("refusal", error.message);
    if (error instanceof AppError) {
      const headers = new Headers();
      if (error.retryAfterMs !== undefined) {
        headers.set("Retry-After", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
      }
      if (error.code === "unauthorized") headers.set("WWW-Authenticate", 'Bearer realm="outpost"');
      return problemResponse(problemOf(error, requestId), headers);
    }
    if (error instanceof ProtocolError) {
      const { message, rule } = error;
      return problemResponse(problem(400, "invalid", message, { requestId, rule }));
    }
    if (error instanceof HTTPException) {
      if (error.status < 400) return error.getResponse();
      const code = CODE_OF[error.status] ?? "invalid";
      const detail = error.message || "the request was refused";
      return problemResponse(problem(error.status, code, detail, { requestId }));
    }
    log.error("unhandled", error, { requestId, method: c.req.method, path: c.req.path });
    const detail = `Something went wrong here. The log has the particulars under ${requestId}.`;
    return problemResponse(problem(500, "internal", detail, { requestId }));
  };
}

export const notFound: NotFoundHandler<AppEnv> = (c) =>
  problemResponse(
    problem(404, "not-found", `there is nothing at ${c.req.method} ${c.req.path}`, {
      requestId: c.get("requestId"),
    }),
  );
