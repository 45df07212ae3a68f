import { createRoute, z } from "@hono/zod-openapi";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { parseRevisionId, parseSha256, type Sha256 } from "../../../devices/model/ids.ts";
import type { PackageFile, Revision, RevisionSource } from "../../../devices/model/package.ts";
import type { BlobRecord } from "../../content/blob-index.ts";
import { checkedSource } from "../../content/content-origin.ts";
import type { Api } from "../environment.ts";
import type { MetricEditor } from "../metric-editor.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import {
  idFromName,
  isRepetition,
  needWritten,
  type PolicyRoutesDeps,
  writePolicy,
} from "../policy-write.ts";
import { wantedMetric } from "../schemas/agent-install.ts";
import { NewRevisionSchema, RevisionSchema, revisionJson } from "../schemas/policy.ts";
import type { LocalSettingsStore } from "../use-cases.ts";
import { needPackage, revisionsOf } from "./packages.ts";
import { checkInstall, revisionRecord } from "./revision-checks.ts";

/** Finds a file that is known to this gateway; `BlobStore.find` is one. */
export type FindFile = (
  sha256: Sha256,
) => Pick<BlobRecord, "sha256" | "name" | "bytes" | "state"> | undefined;

export interface RevisionRoutesDeps extends PolicyRoutesDeps {
  readonly findFile: FindFile;
  readonly role: { readonly kind: RevisionSource["fetchedBy"] };
  readonly settings: Pick<LocalSettingsStore, "read">;
  readonly describeSource: (revision: Revision) => string;
  readonly metrics: MetricEditor;
}

const tags = ["packages"];
const IdParam = z.object({ id: z.string().openapi({ example: "contoso-app" }) });

/** Versions of an app. A revision is never edited: a change is a new revision. */
export function revisionRoutes(deps: RevisionRoutesDeps): Api {
  const { policy, findFile } = deps;
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/packages/{id}/revisions",
    tags,
    summary: "The revisions of a package, the oldest first",
    ...guarded("reports:read"),
    request: { params: IdParam },
    responses: { 200: json(z.array(RevisionSchema), "The revisions"), ...PROBLEMS },
  });
  api.openapi(list, (c) => {
    const current = policy.read();
    const { id } = needPackage(current, c.req.valid("param").id);
    return c.json(revisionsOf(current, id).map(revisionJson), 200);
  });

  const one = createRoute({
    method: "get",
    path: "/packages/{id}/revisions/{revision}",
    tags,
    summary: "One revision, and how far its file is that a vendor offers",
    ...guarded("reports:read"),
    request: { params: IdParam.extend({ revision: z.string() }) },
    responses: { 200: json(OneRevisionSchema, "The revision"), ...PROBLEMS },
  });
  api.openapi(one, (c) => {
    const { id, revision } = c.req.valid("param");
    const current = policy.read();
    const owner = needPackage(current, id);
    const known = revisionsOf(current, owner.id).find((each) => each.id === revision);
    if (!known) throw new AppError("not-found", `no revision ${revision} of the package ${id}`);
    const isOnItsWay = known.source !== null && known.file === null;
    const sourceState = isOnItsWay ? deps.describeSource(known) : null;
    return c.json({ ...revisionJson(known), sourceState }, 200);
  });

  const create = createRoute({
    method: "post",
    path: "/packages/{id}/revisions",
    tags,
    summary: "Make a revision of a file that was uploaded before, or that its vendor offers",
    ...guarded("policy:write"),
    request: { params: IdParam, ...body(NewRevisionSchema) },
    responses: {
      200: json(RevisionSchema, "It is there already, just like this"),
      201: json(RevisionSchema, "It was made"),
      ...PROBLEMS,
    },
  });
  api.openapi(create, async (c) => {
    const owner = needPackage(policy.read(), c.req.valid("param").id);
    const {
      id: chosen,
      file: one,
      source: offered,
      channel,
      msi,
      msix: packaged,
      agent: orders,
      ddi: modules,
      mender,
      ...rest
    } = c.req.valid("json");
    if (one && offered) throw fieldError("/source", "either a file or a source, not both");
    const filesOf = (list: readonly GivenFile[], pointer: string) =>
      list.map((each, n) => fileOf(each, findFile, `${pointer}/${n}`));
    const file = one && fileOf(one, findFile, "/file");
    const source = offered && sourceOf(offered, deps);
    const msix = packaged && {
      ...packaged,
      familyName: packaged.familyName,
      dependencies: filesOf(packaged.dependencies, "/msix/dependencies"),
    };
    const { version } = rest;
    const agent = orders && {
      ...orders,
      files: filesOf(orders.files, "/agent/files"),
      metrics: [],
    };
    const wanted = orders?.metrics.map(wantedMetric) ?? [];
    const ddi = modules && {
      ...modules,
      chunks: modules.chunks.map((chunk, n) => ({
        ...chunk,
        name: chunk.name ?? owner.id,
        version: chunk.version ?? version,
        files: filesOf(chunk.files, `/ddi/chunks/${n}/files`),
      })),
    };
    const given = { version, channel, file, source, msi, msix, agent, ddi, mender };
    const install = checkInstall(owner, given);
    const id = chosen ?? idFromName(`${owner.id}-${version}`, () => Bun.randomUUIDv7());
    const common = { package: owner.id, ...rest, source, ...install };
    const parsed = parseRevisionId(id);
    const known = parsed && policy.read().revisions.get(parsed);
    // What was fetched since, and metrics as they were edited, belong to the revision and not to the request.
    const metrics = known?.agent?.metrics ?? [];
    const repeated = { ...common, agent: install.agent && { ...install.agent, metrics } };
    if (isRepetition(source === null ? { ...repeated, file } : repeated, known, id)) {
      return c.json(revisionJson(needWritten(known, id)), 200);
    }
    const carriedOut = install.agent && {
      ...install.agent,
      metrics: await deps.metrics.computeAll(wanted, install.agent.files, "/agent/metrics"),
    };
    const body = revisionRecord({ id, ...common, agent: carriedOut, file });
    await writePolicy(deps, c, "revision.create", [{ kind: "revision", id, body }]);
    const made = needWritten(parsed && policy.read().revisions.get(parsed), `revision ${id}`);
    return c.json(revisionJson(made), 201);
  });

  return api;
}

const OneRevisionSchema = RevisionSchema.extend({
  sourceState: z.string().nullable().openapi({ description: "While the file is being fetched" }),
}).openapi("OneRevision");

type GivenFile = { readonly sha256: string; readonly name?: string | undefined };

function fileOf(given: GivenFile, findFile: FindFile, pointer: string): PackageFile {
  const sha256 = parseSha256(given.sha256);
  const known = sha256 && findFile(sha256);
  const at = `${pointer}/sha256`;
  if (!known) throw fieldError(at, "upload the file first: nobody has sent this one");
  if (known.state === "quarantined") {
    throw fieldError(at, "the file's bytes turned out to be wrong: upload it again");
  }
  return { sha256: known.sha256, name: given.name ?? known.name, bytes: known.bytes };
}

/** @throws AppError "unprocessable" for what is no web address, or not on this gateway's list of origins */
function sourceOf(
  given: { readonly url: string; readonly sha256: string | null },
  { role, settings }: RevisionRoutesDeps,
): RevisionSource {
  const { url, problem } = checkedSource(given.url, settings.read().contentOrigins);
  if (problem !== undefined) throw fieldError("/source/url", problem);
  const sha256 = given.sha256 === null ? null : (parseSha256(given.sha256) ?? null);
  return { url, sha256, fetchedBy: role.kind };
}
