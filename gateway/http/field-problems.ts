import type { z } from "zod";
import type { $ZodIssue } from "zod/v4/core";
import { AppError } from "../../devices/model/errors.ts";
import type { ProblemField } from "./problem.ts";

/** Where in a request a wrong field is. */
type RequestPart = "body" | "parameters";

/** What does not fit a schema, field by field, with what to do about it. */
export function fieldProblems(issues: readonly $ZodIssue[], part: RequestPart): ProblemField[] {
  return issues.flatMap((issue) => fieldsOf(issue, part));
}

/** The same as one sentence. */
export function inWords(problems: readonly ProblemField[]): string {
  return problems
    .map(({ parameter, pointer, detail }) => `${parameter ?? (pointer || "the body")}: ${detail}`)
    .join("; ");
}

/**
 * What a form or a line of a file says, held to the schema that the API holds it to.
 *
 * @throws AppError "unprocessable" that names every wrong field
 */
export function needValid<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = fieldProblems(parsed.error.issues, "body");
  throw new AppError("unprocessable", inWords(problems), {
    fields: problems.map(({ pointer = "", detail }) => ({ pointer, message: detail })),
  });
}

/** What is wrong with a part is wrong with the whole, at its place. */
export async function atPointer<Result>(
  pointer: string,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AppError) || error.fields.length === 0) throw error;
    const fields = error.fields.map((one) => ({ ...one, pointer: pointer + one.pointer }));
    throw new AppError(error.code, error.message, { fields });
  }
}

function fieldsOf(issue: $ZodIssue, part: RequestPart): ProblemField[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => place([...path, key], part, "there is no such field"));
  }
  return [place(path, part, explain(issue))];
}

function place(path: readonly string[], part: RequestPart, detail: string): ProblemField {
  if (part === "parameters") return { parameter: path.join("."), detail };
  const escaped = path.map((part) => part.replaceAll("~", "~0").replaceAll("/", "~1"));
  return { pointer: escaped.map((part) => `/${part}`).join(""), detail };
}

/** What to do about it, in plain words. */
function explain(issue: $ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `give ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_big":
      return `at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "too_small":
      return issue.minimum === 1 && issue.origin === "string"
        ? "this must not be empty"
        : `at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return `use one of: ${issue.values.map(String).join(", ")}`;
    default:
      return issue.message;
  }
}

function unitOf(origin: string): string {
  return { string: " characters", array: " entries" }[origin] ?? "";
}

/** What a schema expects, as people call it. */
const KINDS: Readonly<Record<string, string>> = {
  array: "a list",
  boolean: "true or false",
  int: "a whole number",
  never: "nothing: the gateway computes it",
  number: "a number",
  object: "an object with fields",
  record: "an object with fields",
  string: "a text",
};
