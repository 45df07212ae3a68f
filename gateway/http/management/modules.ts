import type { Context } from "hono";
import type {
  DistributionSet,
  ModuleArtifact,
  SoftwareModule,
} from "../../../devices/model/ddi-catalogue.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";
import type { PackageFile } from "../../../devices/model/package.ts";
import {
  addArtifact,
  makeModules,
  needArtifact,
  needModule,
  needRoomForArtifact,
  removeArtifact,
  removeModule,
} from "../../../devices/service/ddi/management/catalogue.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import { plainFileName } from "../../../protocols/content/file-name.ts";
import {
  artifactJson,
  type HrefOf,
  moduleJson,
} from "../../../protocols/ddi/management/answers.ts";
import { pageOf, readPage, sortedBy } from "../../../protocols/ddi/management/paging.ts";
import { readModules } from "../../../protocols/ddi/management/requests.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { BlobStore } from "../../content/blob-store.ts";
import type { ServedCounter } from "../../content/served-counter.ts";
import { serveArtifact } from "../content/serve-artifact.ts";
import { receiveUpload } from "../content/upload.ts";
import type { AppEnv } from "../environment.ts";
import { type AddRoute, nothing, numberIn, say } from "./door.ts";

export const NAMED_SORTS = ["id", "name", "version", "type", "createdat", "lastmodifiedat"];

export interface ModuleRoutesDeps {
  readonly management: ManagementContext;
  readonly store: BlobStore;
  readonly served: ServedCounter;
  readonly now: () => number;
}

/** `softwaremodules`: what belongs together on a device, and its files. */
export function moduleRoutes(add: AddRoute, deps: ModuleRoutesDeps): void {
  const { management } = deps;
  const { catalogue } = management;
  const moduleOf = (c: Context<AppEnv>) => {
    const id = numberIn(c, "module");
    return needModule(catalogue.module(id), id);
  };
  const artifactOf = (c: Context<AppEnv>) => needArtifact(moduleOf(c), numberIn(c, "artifact"));
  const shown = async (artifact: ModuleArtifact, module: number, href: HrefOf) => {
    const { sha256 } = artifact;
    const hashes = { ...(await management.digests(sha256)), sha256 };
    return artifactJson({ ...artifact, hashes }, module, href);
  };

  add("GET", "/softwaremodules", "reports:read", async ({ c, href }) => {
    const query = readPage(c.req.query(), NAMED_SORTS);
    const present = catalogue.modules().filter(({ deleted }) => !deleted);
    const page = pageOf(sortedBy(present, query.sort, namedKey), query);
    return say(c, { ...page, content: page.content.map((one) => moduleJson(one, href)) });
  });

  add("POST", "/softwaremodules", "policy:write", async (visit) => {
    const { c, by, href } = visit;
    const made = await makeModules(management, readModules(await visit.body()), by);
    for (const { id, name, version } of made) {
      await visit.record("ddi.module.create", String(id), { name, version });
    }
    return say(
      c,
      made.map((one) => moduleJson(one, href)),
      201,
    );
  });

  add("GET", "/softwaremodules/:module", "reports:read", async ({ c, href }) =>
    say(c, moduleJson(moduleOf(c), href)),
  );

  add("DELETE", "/softwaremodules/:module", "policy:write", async (visit) => {
    const id = numberIn(visit.c, "module");
    await removeModule(management, id, visit.by);
    await visit.record("ddi.module.remove", String(id));
    return nothing();
  });

  const artifacts = "/softwaremodules/:module/artifacts";
  add("GET", artifacts, "reports:read", async ({ c, href }) => {
    const { id, artifacts: list } = moduleOf(c);
    return say(c, await Promise.all(list.map((one) => shown(one, id, href))));
  });

  add("POST", artifacts, "policy:write", async (visit) => {
    const { c, by, href } = visit;
    const { id } = moduleOf(c);
    const given = c.req.query("filename");
    // What cannot be taken is refused before its bytes have come.
    needRoomForArtifact(management, id, given === undefined ? undefined : plainFileName(given));
    const file = await receiveArtifact(c, deps, given);
    const artifact = await addArtifact(management, id, file, by);
    await visit.record("ddi.artifact.add", String(id), { ...file });
    return say(c, await shown(artifact, id, href), 201);
  });

  add("GET", `${artifacts}/:artifact`, "reports:read", async ({ c, href }) =>
    say(c, await shown(artifactOf(c), moduleOf(c).id, href)),
  );

  add("GET", `${artifacts}/:artifact/download`, "reports:read", async ({ c }) => {
    const { name, sha256 } = artifactOf(c);
    const { sha1 } = await management.digests(sha256);
    const blob = await deps.store.open(sha256);
    if (!blob) throw new AppError("unavailable", "the file is not on hand");
    return serveArtifact(c.req.raw, { blob, name, sha1 }, { counter: deps.served, now: deps.now });
  });

  add("DELETE", `${artifacts}/:artifact`, "policy:write", async (visit) => {
    const { c, by } = visit;
    const [module, artifact] = [numberIn(c, "module"), numberIn(c, "artifact")];
    await removeArtifact(management, module, artifact, by);
    await visit.record("ddi.artifact.remove", String(module), { artifact });
    return nothing();
  });
}

/**
 * Stores the file of a form while it arrives. It may be announced by its checksums, in the query as hawkBit
 * has them.
 *
 * @throws ProtocolError `management-multipart`, `management-checksum`
 */
async function receiveArtifact(
  c: Context<AppEnv>,
  { store, management }: Pick<ModuleRoutesDeps, "store" | "management">,
  fileName: string | undefined,
): Promise<PackageFile> {
  if (!/^\s*multipart\/form-data/i.test(c.req.header("Content-Type") ?? "")) {
    throw new ProtocolError(
      "management-multipart",
      "send the artifact as the field file of a form",
    );
  }
  const sha256 = c.req.query("sha256sum")?.toLowerCase();
  const stored = await receiveUpload(c.req.raw, fileName, {
    store,
    sha256: sha256 === undefined ? undefined : needSha256(sha256),
    otherField: (name) => {
      throw new ProtocolError("management-multipart", `/${name}: is taken in the query only`);
    },
  });
  if (stored.bytes === 0) throw new ProtocolError("management-multipart", "/file: it is empty");
  const [md5sum, sha1sum] = [c.req.query("md5sum"), c.req.query("sha1sum")];
  if (md5sum !== undefined || sha1sum !== undefined) {
    const { md5, sha1 } = await management.digests(stored.sha256);
    checkSum("MD5", md5sum, md5);
    checkSum("SHA-1", sha1sum, sha1);
  }
  return { sha256: stored.sha256, name: stored.name, bytes: stored.bytes };
}

function needSha256(text: string): Sha256 {
  const sha256 = parseSha256(text);
  if (sha256) return sha256;
  throw new ProtocolError("management-checksum", "sha256sum: 64 hexadecimal digits");
}

function checkSum(kind: string, announced: string | undefined, is: string): void {
  if (announced === undefined || announced.toLowerCase() === is) return;
  throw new ProtocolError("management-checksum", `the file's ${kind} is ${is}, not as announced`);
}

/** What a module or a set is sorted by. */
export function namedKey(one: SoftwareModule | DistributionSet, field: string): string | number {
  switch (field) {
    case "name":
    case "version":
    case "type":
      return one[field];
    case "createdat":
      return one.createdAtMs;
    case "lastmodifiedat":
      return one.modifiedAtMs;
    default:
      return one.id;
  }
}
