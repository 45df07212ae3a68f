import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import type { Scope } from "../access/role.ts";
import type { Api, AppEnv } from "./environment.ts";
import { fieldProblems, inWords } from "./field-problems.ts";
import { need } from "./identify.ts";
import { PROBLEM_TYPE, problem, problemResponse } from "./problem.ts";

/** A collection of routes; what does not fit their schemas is answered with one kind of problem. */
export function newApi(): Api {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const isBody = result.target === "json" || result.target === "form";
      const errors = fieldProblems(result.error.issues, isBody ? "body" : "parameters");
      const requestId = c.get("requestId");
      const detail = inWords(errors);
      return problemResponse(
        isBody
          ? problem(422, "unprocessable", detail, { requestId, errors })
          : problem(400, "invalid", detail, { requestId, errors }),
      );
    },
  });
}

/** What a route's definition says about who may use it; the middleware holds it. */
export function guarded(scope: Scope) {
  return {
    middleware: need(scope) as MiddlewareHandler<AppEnv>,
    security: [{ token: [] }, { session: [] }],
    "x-scope": scope,
  };
}

export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

export function jsonOrCsv<Schema extends z.ZodType>(schema: Schema, description: string) {
  return {
    description,
    content: {
      "application/json": { schema },
      "text/csv": { schema: z.string().openapi({ description: "RFC 4180, UTF-8" }) },
    },
  };
}

/** A body that must be there. */
export function body<Schema extends z.ZodType>(schema: Schema) {
  return { body: { required: true, content: { "application/json": { schema } } } };
}

const ProblemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().openapi({ description: "Stable, for programs" }),
    requestId: z.string().optional(),
    allowed: z.array(z.string()).optional(),
    errors: z
      .array(
        z.object({
          pointer: z.string().optional(),
          parameter: z.string().optional(),
          detail: z.string(),
        }),
      )
      .optional(),
  })
  .openapi("Problem");

/** Every route may answer so. */
export const PROBLEMS = {
  default: {
    description: "A problem (RFC 9457): what went wrong, and which field",
    content: { [PROBLEM_TYPE]: { schema: ProblemSchema } },
  },
};
