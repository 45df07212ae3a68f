/** The parts of an OpenAPI 3.1 document, named after what @hono/zod-openapi makes. */
import type { Api } from "./environment.ts";

export type OpenApiDocument = ReturnType<Api["getOpenAPI31Document"]>;
export type Operation = NonNullable<NonNullable<OpenApiDocument["paths"]>[string]["get"]>;

type Reference = { readonly $ref: string };
export type SchemaOrReference = NonNullable<
  NonNullable<OpenApiDocument["components"]>["schemas"]
>[string];
export type Schema = Exclude<SchemaOrReference, Reference>;
export type Parameter = Exclude<NonNullable<Operation["parameters"]>[number], Reference>;
export type RequestBody = Exclude<NonNullable<Operation["requestBody"]>, Reference>;
export type Answer = NonNullable<Operation["responses"]>[string];

/** Said in place, not by a reference. */
export function isHere<T extends object>(value: T | Reference): value is Exclude<T, Reference> {
  return !("$ref" in value);
}
