import { parseSha256 } from "../../devices/model/ids.ts";
import type { Package } from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import { compareVersions } from "../../devices/model/version.ts";
import { KIND_WORDS } from "../../devices/packages/inspect-file.ts";
import type { AppxNames, FileContents } from "../content/file-contents.ts";
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
  const contents = await files.describe(sha256);
  if (contents === undefined) return NOTHING;
  const notes = noticesOf(contents);
  if (contents.problem !== null) return { ...NOTHING, notes };
  const needed = contents.appx && (await dependenciesOf(files, contents.appx, contents));
  return {
    form: formWith({
      name: [contents.name ?? ""],
      publisher: [contents.publisher ?? ""],
      version: [contents.version ?? ""],
      ...ownFields(contents),
      ...(needed && { dependencies: needed.files }),
    }),
    known: knownApp(policy, contents),
    notes: [
      ...notes,
      ...(contents.appx?.isFramework
        ? [`${contents.name} is a framework: upload it, and name it with the apps that need it.`]
        : []),
      ...(needed?.missing ?? []).map(
        ({ name, minimumVersion }) =>
          `It needs ${name}, at least ${minimumVersion}: upload that as well, unless devices have it.`,
      ),
    ],
  };
}

/** What somebody should know of a file: first what is wrong with it. */
export function noticesOf({ kind, problem, warnings }: FileContents): readonly string[] {
  if (problem === null) return warnings;
  return [
    `It begins like ${KIND_WORDS[kind]}, but is no whole one: ${problem.message}`,
    ...warnings,
  ];
}

/** What only files of its kind say. */
function ownFields(contents: FileContents): Readonly<Record<string, readonly string[]>> {
  const { appx, msi, xap, apk } = contents;
  if (appx) {
    return {
      channel: ["EnterpriseModernAppManagement"],
      fullName: [appx.fullName],
      familyName: [appx.familyName],
      minimumOsVersion: [appx.minimumOsVersion ?? ""],
    };
  }
  if (msi) {
    return {
      channel: ["EnterpriseDesktopAppManagement"],
      productCode: [msi.productCode],
      upgradeCode: [msi.upgradeCode ?? ""],
    };
  }
  if (xap) return { channel: ["EnterpriseAppManagement"], productId: [xap.productId] };
  if (apk) return { platform: ["Android"], channel: ["reported"] };
  return {};
}

function formWith(values: Readonly<Record<string, readonly string[]>>): FormState {
  return {
    ...FRESH_FORM,
    value: (name, initial = "") => values[name]?.[0] || initial,
    values: (name) => values[name] ?? [],
  };
}

interface Needed {
  readonly files: readonly string[];
  readonly missing: AppxNames["dependencies"];
}

/** For each dependency the newest file on hand that is it, for the same processor. */
async function dependenciesOf(
  files: Pick<ConsoleFiles, "list" | "describe">,
  { dependencies }: AppxNames,
  { architecture }: FileContents,
): Promise<Needed> {
  if (dependencies.length === 0) return { files: [], missing: [] };
  const here = (await files.list()).filter(isCandidate).slice(0, CANDIDATES_MAX);
  const candidates = await Promise.all(
    here.map(async ({ sha256 }) => ({ sha256, facts: await files.describe(sha256) })),
  );
  const found: string[] = [];
  const missing = dependencies.filter(({ familyName, minimumVersion }) => {
    const [best] = candidates
      .flatMap(({ sha256, facts }) =>
        facts?.version &&
        facts.appx?.familyName === familyName &&
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

/** By what stays the same from version to version. */
function knownApp(policy: Policy, { appx, msi, xap }: FileContents): Package | undefined {
  const isSame = (one: string | null | undefined, other: string | null | undefined) =>
    !!one && one.toLowerCase() === other?.toLowerCase();
  const revision = [...policy.revisions.values()].find(
    (one) =>
      isSame(one.msix?.familyName, appx?.familyName) ||
      isSame(one.msi?.upgradeCode, msi?.upgradeCode),
  );
  if (revision !== undefined) return policy.packages.get(revision.package);
  return [...policy.packages.values()].find(({ productId }) => isSame(productId, xap?.productId));
}
