import type { z } from "@hono/zod-openapi";
import { fieldError } from "../../devices/model/errors.ts";
import { parseRevisionId, parseSha256, type Sha256 } from "../../devices/model/ids.ts";
import type { WantedMetric } from "../../devices/model/metric.ts";
import type {
  AgentInstall,
  Package,
  PackageFile,
  Revision,
  RevisionSource,
} from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { PolicyChange } from "../../sync/ports/policy-author.ts";
import type { BlobRecord } from "../content/blob-index.ts";
import { checkedSource } from "../content/content-origin.ts";
import { actionsWithOwnNames } from "./given-tokens.ts";
import type { MetricEditor } from "./metric-editor.ts";
import { idFromName, isRepetition } from "./policy-write.ts";
import { checkInstall, revisionRecord } from "./routes/revision-checks.ts";
import { wantedMetric } from "./schemas/agent-install.ts";
import type { NewRevisionSchema } from "./schemas/policy.ts";
import type { LocalSettingsStore } from "./use-cases.ts";

/** Finds a file that is known to this gateway; `BlobStore.find` is one. */
export type FindFile = (
  sha256: Sha256,
) => Pick<BlobRecord, "sha256" | "name" | "bytes" | "state"> | undefined;

/** What a revision is held to. */
export interface RevisionDraftDeps {
  readonly findFile: FindFile;
  readonly role: { readonly kind: RevisionSource["fetchedBy"] };
  readonly settings: Pick<LocalSettingsStore, "read">;
  readonly metrics: MetricEditor;
}

/** A revision that was checked, before its metrics are computed. */
export interface RevisionDraft {
  readonly id: string;
  readonly fields: Omit<Revision, "id" | "package" | "createdAtMs"> & { readonly package: string };
  readonly wanted: readonly WantedMetric[];
}

/**
 * A revision as somebody wants it, with its files and all that follows filled in.
 *
 * @throws AppError "unprocessable" naming every wrong field
 */
export function draftRevision(
  owner: Package,
  given: z.output<typeof NewRevisionSchema>,
  deps: RevisionDraftDeps,
): RevisionDraft {
  const {
    id,
    file: named,
    source: offered,
    channel,
    msi,
    msix,
    agent,
    ddi,
    mender,
    ...rest
  } = given;
  if (named && offered) throw fieldError("/source", "either a file or a source, not both");
  const filesOf = (list: readonly GivenFile[], pointer: string) =>
    list.map((each, n) => fileOf(each, deps.findFile, `${pointer}/${n}`));
  const file = named && fileOf(named, deps.findFile, "/file");
  const source = offered && sourceOf(offered, deps);
  const install = checkInstall(owner, {
    version: rest.version,
    channel,
    file,
    source,
    msi,
    msix: msix && {
      ...msix,
      familyName: msix.familyName,
      dependencies: filesOf(msix.dependencies, "/msix/dependencies"),
    },
    agent: agent && {
      ...withOwnNames(agent, deps.settings),
      files: filesOf(agent.files, "/agent/files"),
      metrics: [],
    },
    ddi: ddi && {
      ...ddi,
      chunks: ddi.chunks.map((chunk, n) => ({
        ...chunk,
        name: chunk.name ?? owner.id,
        version: chunk.version ?? rest.version,
        files: filesOf(chunk.files, `/ddi/chunks/${n}/files`),
      })),
    },
    mender,
  });
  return {
    id: id ?? idFromName(`${owner.id}-${rest.version}`, () => Bun.randomUUIDv7()),
    fields: { package: owner.id, ...rest, file, source, ...install },
    wanted: agent?.metrics.map(wantedMetric) ?? [],
  };
}

/**
 * The revision that is there already, just like this: what was fetched since, and metrics as they were
 * edited, belong to it and not to the request.
 *
 * @throws AppError "conflict" when another one has its id
 */
export function revisionInPlace(
  { id, fields }: RevisionDraft,
  policy: Policy,
): Revision | undefined {
  const parsed = parseRevisionId(id);
  const known = parsed && policy.revisions.get(parsed);
  const { file, agent, ...common } = fields;
  const repeated = {
    ...common,
    ...(fields.source === null && { file }),
    agent: agent && { ...agent, metrics: known?.agent?.metrics ?? [] },
  };
  return isRepetition(repeated, known, id) ? known : undefined;
}

/** The record of a draft, with its metrics computed. @throws AppError as `MetricEditor.computeAll` */
export async function revisionChange(
  { id, fields, wanted }: RevisionDraft,
  metrics: MetricEditor,
): Promise<PolicyChange> {
  const agent = fields.agent && {
    ...fields.agent,
    metrics: await metrics.computeAll(wanted, fields.agent.files, "/agent/metrics"),
  };
  return { kind: "revision", id, body: revisionRecord({ id, ...fields, agent }) };
}

function withOwnNames(
  { actions, uninstall }: Pick<AgentInstall, "actions" | "uninstall">,
  settings: RevisionDraftDeps["settings"],
): Pick<AgentInstall, "actions" | "uninstall"> {
  const aliases = settings.read().tokenAliases;
  return {
    actions: actionsWithOwnNames(actions, aliases, "/agent/actions"),
    uninstall: actionsWithOwnNames(uninstall, aliases, "/agent/uninstall"),
  };
}

interface GivenFile {
  readonly sha256: string;
  readonly name?: string | undefined;
}

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
  { role, settings }: RevisionDraftDeps,
): RevisionSource {
  const { url, problem } = checkedSource(given.url, settings.read().contentOrigins);
  if (problem !== undefined) throw fieldError("/source/url", problem);
  const sha256 = given.sha256 === null ? null : (parseSha256(given.sha256) ?? null);
  return { url, sha256, fetchedBy: role.kind };
}
