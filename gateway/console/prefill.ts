import { AppError } from "../../devices/model/errors.ts";
import { parseSha256 } from "../../devices/model/ids.ts";
import type { Package } from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import { compareVersions } from "../../devices/model/version.ts";
import type { PackageFacts } from "../content/package-facts.ts";
import type { BlobView } from "../reports/report-reader.ts";
import type { ConsoleFiles } from "./console-deps.ts";
import { type FormState, FRESH_FORM } from "./form-state.ts";

/** Uploaded packages that are looked through for what an app needs. */
export const CANDIDATES_MAX = 64;

/** A form that is filled in by what the chosen file says of itself. */
export interface Prefilled {
  readonly form: FormState;
  /** The app that the file is a version of, as far as its family tells. */
  readonly known: Package | undefined;
  /** Why it could not be read, or what else has to be uploaded. */
  readonly notes: readonly string[];
}

const NOTHING: Prefilled = { form: FRESH_FORM, known: undefined, notes: [] };

/** What a form about this file begins with. A file that says nothing leaves it as it is. */
export async function prefill(
  files: Pick<ConsoleFiles, "list" | "describe">,
  policy: Policy,
  file: string,
): Promise<Prefilled> {
  const sha256 = parseSha256(file);
  if (sha256 === undefined) return NOTHING;
  const facts = await described(files, sha256);
  if (facts === undefined) return NOTHING;
  if (typeof facts === "string") return { ...NOTHING, notes: [facts] };
  const needed = await dependenciesOf(files, facts);
  return {
    form: formWith({
      name: [facts.name],
      publisher: [facts.publisher],
      version: [facts.version],
      channel: ["EnterpriseModernAppManagement"],
      fullName: [facts.fullName],
      familyName: [facts.familyName],
      minimumOsVersion: [facts.minimumOsVersion ?? ""],
      dependencies: needed.files,
    }),
    known: appOfFamily(policy, facts.familyName),
    notes: [
      ...(facts.isFramework
        ? [`${facts.name} is a framework: upload it, and name it with the apps that need it.`]
        : []),
      ...needed.missing.map(
        ({ name, minimumVersion }) =>
          `It needs ${name}, at least ${minimumVersion}: upload that as well, unless devices have it.`,
      ),
    ],
  };
}

function formWith(values: Readonly<Record<string, readonly string[]>>): FormState {
  return {
    ...FRESH_FORM,
    value: (name, initial = "") => values[name]?.[0] || initial,
    values: (name) => values[name] ?? [],
  };
}

/** What it says, or why it cannot be read. */
async function described(
  files: Pick<ConsoleFiles, "describe">,
  sha256: Parameters<ConsoleFiles["describe"]>[0],
): Promise<PackageFacts | string | undefined> {
  try {
    return await files.describe(sha256);
  } catch (error) {
    if (error instanceof AppError && error.code === "unprocessable") return error.message;
    throw error;
  }
}

interface Needed {
  readonly files: readonly string[];
  readonly missing: PackageFacts["dependencies"];
}

/** For each dependency the newest file on hand that is it, for the same processor. */
async function dependenciesOf(
  files: Pick<ConsoleFiles, "list" | "describe">,
  { dependencies, architecture }: PackageFacts,
): Promise<Needed> {
  if (dependencies.length === 0) return { files: [], missing: [] };
  const here = (await files.list()).filter(isCandidate).slice(0, CANDIDATES_MAX);
  const candidates = await Promise.all(
    here.map(async ({ sha256 }) => ({ sha256, facts: await described(files, sha256) })),
  );
  const found: string[] = [];
  const missing = dependencies.filter(({ familyName, minimumVersion }) => {
    const [best] = candidates
      .flatMap(({ sha256, facts }) =>
        typeof facts === "object" &&
        facts.familyName === familyName &&
        [architecture, "neutral"].includes(facts.architecture) &&
        compareVersions(facts.version, minimumVersion) >= 0
          ? [{ sha256, version: facts.version }]
          : [],
      )
      .sort((a, b) => compareVersions(b.version, a.version));
    if (best !== undefined) found.push(best.sha256);
    return best === undefined;
  });
  return { files: found, missing };
}

function isCandidate({ name, state }: BlobView): boolean {
  return state === "complete" && /\.(appx|msix)(bundle)?$/i.test(name);
}

function appOfFamily(policy: Policy, familyName: string): Package | undefined {
  const revision = [...policy.revisions.values()].find(
    ({ msix }) => msix?.familyName.toLowerCase() === familyName.toLowerCase(),
  );
  return revision && policy.packages.get(revision.package);
}
