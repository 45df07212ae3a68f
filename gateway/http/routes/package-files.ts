import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  importChanges,
  PackageFileSchema,
  packageFile,
  packageFileJsonSchema,
  type WrittenPackageFile,
} from "../package-file.ts";
import { type PolicyRoutesDeps, writePolicy } from "../policy-write.ts";
import type { RevisionDraftDeps } from "../revision-draft.ts";
import { PackageSchema, packageJson } from "../schemas/policy.ts";
import { needPackage, revisionsOf } from "./packages.ts";

export interface PackageFileRoutesDeps extends PolicyRoutesDeps, RevisionDraftDeps {
  readonly now: () => number;
}

const tags = ["packages"];
const ExportedFileSchema = z
  .custom<WrittenPackageFile>()
  .openapi({ type: "object", description: "A PackageFile" });

/** Packages as files: out of one gateway, into another. */
export function packageFileRoutes(deps: PackageFileRoutesDeps): Api {
  const { policy } = deps;
  const api = newApi();

  const exported = createRoute({
    method: "get",
    path: "/packages/{id}/export",
    tags,
    summary: "A package with its revisions as one JSON file",
    description:
      "Contents are named by SHA-256; values of metrics are computed anew by whoever imports it.",
    ...guarded("reports:read"),
    request: {
      params: z.object({ id: z.string() }),
      query: z.strictObject({
        revision: z.string().optional().openapi({ description: "This one alone" }),
      }),
    },
    responses: { 200: json(ExportedFileSchema, "The file"), ...PROBLEMS },
  });
  api.openapi(exported, (c) => {
    const current = policy.read();
    const owner = needPackage(current, c.req.valid("param").id);
    const { revision } = c.req.valid("query");
    const all = revisionsOf(current, owner.id);
    const wanted = revision === undefined ? all : all.filter(({ id }) => id === revision);
    if (revision !== undefined && wanted.length === 0) {
      throw new AppError("not-found", `no revision ${revision} of the package ${owner.id}`);
    }
    c.header("Content-Disposition", `attachment; filename="${revision ?? owner.id}.outpost.json"`);
    return c.json(packageFile(owner, wanted), 200);
  });

  const imported = createRoute({
    method: "post",
    path: "/packages/import",
    tags,
    summary: "Make a package and its revisions of a file that was exported",
    description:
      "All of it or nothing. What is here already, just like in the file, stays; what is here and differs is " +
      "409. Upload the files that it names first.",
    ...guarded("policy:write"),
    request: body(PackageFileSchema),
    responses: {
      200: json(PackageSchema, "All of it is here already"),
      201: json(PackageSchema, "What was missing was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(imported, async (c) => {
    const { id, changes } = await importChanges(c.req.valid("json"), policy.read(), deps);
    await writePolicy(deps, c, "package.import", changes);
    const owner = needPackage(policy.read(), id);
    const shown = packageJson(owner, revisionsOf(policy.read(), id));
    return c.json(shown, changes.length === 0 ? 200 : 201);
  });

  const schema = createRoute({
    method: "get",
    path: "/package-file-schema",
    tags,
    summary: "The form of an exported package, as a JSON Schema",
    ...guarded("reports:read"),
    responses: {
      200: json(z.record(z.string(), z.unknown()), "JSON Schema, 2020-12"),
      ...PROBLEMS,
    },
  });
  let made: ReturnType<typeof packageFileJsonSchema> | undefined;
  api.openapi(schema, (c) => {
    made ??= packageFileJsonSchema();
    return c.json({ ...made }, 200);
  });

  return api;
}
