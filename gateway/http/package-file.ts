/**
 * A package with its revisions as one JSON file, to be kept, edited and taken to another gateway. Contents
 * are named by SHA-256 and travel beside it; what is computed from them is not in it, and is computed anew.
 */
import { z } from "@hono/zod-openapi";
import { parsePackageId } from "../../devices/model/ids.ts";
import type { NumberedMetric } from "../../devices/model/metric.ts";
import type { Package, PackageFile, Revision } from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { PolicyChange } from "../../sync/ports/policy-author.ts";
import { atPointer } from "./field-problems.ts";
import { isRepetition } from "./policy-write.ts";
import {
  draftRevision,
  type RevisionDraftDeps,
  revisionChange,
  revisionInPlace,
} from "./revision-draft.ts";
import { checkedPackage } from "./routes/package-checks.ts";
import { RecordId } from "./schemas/common.ts";
import { NewRevisionSchema, PackageFieldsSchema } from "./schemas/policy.ts";

const FORMAT = "outpost-package/1";
const REVISIONS_MAX = 1_000;

export const PackageFileSchema = z
  .strictObject({
    $schema: z.string().max(1_000).optional().describe("For editors; not read"),
    format: z.literal(FORMAT),
    package: PackageFieldsSchema.extend({ id: RecordId }),
    revisions: z
      .array(NewRevisionSchema.extend({ id: RecordId }))
      .max(REVISIONS_MAX)
      .describe("In the order in which they were made"),
  })
  .describe("A package and its revisions. Files are named by SHA-256 and uploaded before")
  .openapi("PackageFile");
export type GivenPackageFile = z.output<typeof PackageFileSchema>;

/** As the API takes it. */
export type WrittenPackageFile = z.input<typeof PackageFileSchema>;

/** A package and revisions of it as a file that `importChanges` takes as the same. */
export function packageFile(owner: Package, revisions: readonly Revision[]): WrittenPackageFile {
  const { createdAtMs: _, ...fields } = owner;
  return { format: FORMAT, package: fields, revisions: revisions.map(writtenRevision) };
}

/** What importing a file writes; nothing for what is there already, just like this. */
export interface PackageImport {
  readonly id: string;
  readonly changes: readonly PolicyChange[];
}

/**
 * @throws AppError "unprocessable" naming every wrong field of what is looked at first; "conflict" when the
 *   package or a revision is here and differs
 */
export async function importChanges(
  given: GivenPackageFile,
  policy: Policy,
  deps: RevisionDraftDeps & { readonly now: () => number },
): Promise<PackageImport> {
  const { id, ...wanted } = given.package;
  const fields = await atPointer("/package", () => checkedPackage({ id, ...wanted }, policy));
  const parsed = parsePackageId(id);
  if (!parsed) throw new Error("the schema lets only ids through");
  const known = policy.packages.get(parsed);
  const changes: PolicyChange[] = [];
  if (!isRepetition(fields, known, id)) {
    changes.push({ kind: "package", id, body: { id, ...fields } });
  }
  const owner = { id: parsed, ...fields, createdAtMs: known?.createdAtMs ?? deps.now() };
  for (const [n, one] of given.revisions.entries()) {
    const change = await atPointer(`/revisions/${n}`, async () => {
      const draft = draftRevision(owner, one, deps);
      return revisionInPlace(draft, policy) ? undefined : revisionChange(draft, deps.metrics);
    });
    if (change) changes.push(change);
  }
  return { id, changes };
}

/** The form of such a file as a JSON Schema (2020-12), for editors and other programs. */
export function packageFileJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(PackageFileSchema, { io: "input", reused: "ref" });
  const $id = `urn:${FORMAT.replace("/", ":")}`;
  return { $schema, $id, title: "A package of Outpost", ...schema };
}

function writtenRevision(revision: Revision): WrittenPackageFile["revisions"][number] {
  const {
    package: _,
    createdAtMs: __,
    file,
    source,
    msi,
    msix,
    agent,
    ddi,
    mender,
    ...rest
  } = revision;
  return {
    ...rest,
    targeting: { ...rest.targeting },
    // A vendor's file that was fetched is pinned: another gateway fetches the same or none.
    ...(source
      ? { source: { url: source.url, sha256: source.sha256 ?? file?.sha256 ?? null } }
      : file && { file: named(file) }),
    ...(msi && { msi: { ...msi, fallbackUrls: [...msi.fallbackUrls] } }),
    ...(msix && { msix: { ...msix, dependencies: msix.dependencies.map(named) } }),
    ...(agent && {
      agent: {
        files: agent.files.map(named),
        actions: [...agent.actions],
        uninstall: [...agent.uninstall],
        metrics: agent.metrics.map(writtenMetric),
      },
    }),
    ...(ddi && {
      ddi: {
        handling: ddi.handling,
        chunks: ddi.chunks.map((chunk) => ({
          ...chunk,
          files: chunk.files.map(named),
          metadata: [...chunk.metadata],
        })),
      },
    }),
    ...(mender && {
      mender: { artifactName: mender.artifactName, deviceTypes: [...mender.deviceTypes] },
    }),
  };
}

type WrittenMetric = NonNullable<
  NonNullable<WrittenPackageFile["revisions"][number]["agent"]>["metrics"]
>[number];

function writtenMetric({ number: _, ...metric }: NumberedMetric): WrittenMetric {
  switch (metric.kind) {
    case "FileHash": {
      const { hash: _, ...wanted } = metric;
      return wanted;
    }
    case "FileVersion": {
      const { value: _, ...wanted } = metric;
      return wanted;
    }
    case "FileSize": {
      const { size: _, ...wanted } = metric;
      return wanted;
    }
  }
}

function named({ sha256, name }: PackageFile) {
  return { sha256, name };
}
