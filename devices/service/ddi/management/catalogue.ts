import type { NewModule, NewSet } from "../../../../protocols/ddi/management/requests.ts";
import { isComplete, whyUnfit } from "../../../../protocols/ddi/management/types.ts";
import { ProtocolError } from "../../../../protocols/errors.ts";
import {
  ARTIFACTS_MAX,
  type DistributionSet,
  MODULES_MAX,
  type ModuleArtifact,
  SETS_MAX,
  type SoftwareModule,
} from "../../../model/ddi-catalogue.ts";
import { AppError } from "../../../model/errors.ts";
import type { PackageFile } from "../../../model/package.ts";
import type { ManagementContext } from "./management-context.ts";

/** One request changes the catalogue at a time: each sees what the one before wrote. */
export const CATALOGUE_TURN = "catalogue";

/** Makes modules, all or none. @throws AppError "conflict" for a name and version that is there already */
export function makeModules(
  { catalogue, lock, site }: ManagementContext,
  wanted: readonly NewModule[],
  by: string,
): Promise<readonly SoftwareModule[]> {
  return lock.run(CATALOGUE_TURN, async () => {
    const present = catalogue.modules().filter(isThere);
    needRoom(present.length + wanted.length, MODULES_MAX, "software modules");
    needNew(wanted, present, ({ name, version, type }) => [name, version, type], "software module");
    const numbers = await catalogue.numbers(wanted.length);
    const made = wanted.map(({ encrypted: _encrypted, ...fields }, index): SoftwareModule => {
      const { id, ...times } = madeNow(numbers[index], site.now(), by);
      return { id, ...fields, artifacts: [], locked: false, deleted: false, ...times };
    });
    await catalogue.write({ modules: made });
    return made;
  });
}

/**
 * Makes sets of modules, all or none.
 *
 * @throws AppError "not-found" for a module that is not there, "conflict" for a name and version that is;
 *   ProtocolError `management-unfit` for modules that the set's type does not have
 */
export function makeSets(
  { catalogue, lock, site }: ManagementContext,
  wanted: readonly NewSet[],
  by: string,
): Promise<readonly DistributionSet[]> {
  return lock.run(CATALOGUE_TURN, async () => {
    const present = catalogue.sets().filter(isThere);
    needRoom(present.length + wanted.length, SETS_MAX, "distribution sets");
    needNew(wanted, present, ({ name, version }) => [name, version], "distribution set");
    for (const { type, modules } of wanted) {
      const kinds = modules.map((id) => needModule(catalogue.module(id), id).type);
      const problem = whyUnfit(type, kinds);
      if (problem !== undefined) throw new ProtocolError("management-unfit", problem);
    }
    const numbers = await catalogue.numbers(wanted.length);
    const made = wanted.map(({ requiredMigrationStep: _step, ...fields }, index) => {
      const { id, ...times } = madeNow(numbers[index], site.now(), by);
      const modules = [...new Set(fields.modules)];
      return { id, ...fields, modules, locked: false, deleted: false, ...times };
    });
    await catalogue.write({ sets: made });
    return made;
  });
}

/**
 * Says that a stored file is an artifact of a module.
 *
 * @throws AppError "not-found", "conflict" when the module has one of this name, "precondition-failed" when it
 *   was assigned; ProtocolError `management-quota`
 */
export function addArtifact(
  { catalogue, lock, site }: ManagementContext,
  id: number,
  file: PackageFile,
  by: string,
): Promise<ModuleArtifact> {
  return lock.run(CATALOGUE_TURN, async () => {
    const module = needChangeable(needModule(catalogue.module(id), id));
    checkArtifact(module, file.name);
    const [number] = await catalogue.numbers(1);
    const artifact = { ...file, ...madeNow(number, site.now(), by) };
    await catalogue.write({
      modules: [changed(module, { artifacts: [...module.artifacts, artifact] }, site.now(), by)],
    });
    return artifact;
  });
}

/** What can be said before its bytes have come. @throws as `addArtifact` */
export function needRoomForArtifact(
  { catalogue }: ManagementContext,
  id: number,
  name: string | undefined,
): void {
  checkArtifact(needChangeable(needModule(catalogue.module(id), id)), name);
}

function checkArtifact(module: SoftwareModule, name: string | undefined): void {
  if (module.artifacts.length >= ARTIFACTS_MAX) {
    throw tooMany(ARTIFACTS_MAX, "artifacts in a module");
  }
  if (module.artifacts.some((one) => one.name === name)) {
    throw new AppError("conflict", `the module ${module.id} has an artifact ${name} already`);
  }
}

/** @throws AppError "not-found", "precondition-failed" when the module was assigned */
export function removeArtifact(
  { catalogue, lock, site }: ManagementContext,
  id: number,
  artifact: number,
  by: string,
): Promise<void> {
  return lock.run(CATALOGUE_TURN, async () => {
    const module = needModule(catalogue.module(id), id);
    const { id: known } = needArtifact(module, artifact);
    needChangeable(module);
    const artifacts = module.artifacts.filter((one) => one.id !== known);
    await catalogue.write({ modules: [changed(module, { artifacts }, site.now(), by)] });
  });
}

/**
 * Takes a module away. One that a set names is kept, marked; its name is free again.
 *
 * @throws AppError "not-found"
 */
export function removeModule(
  { catalogue, lock, site }: ManagementContext,
  id: number,
  by: string,
): Promise<void> {
  return lock.run(CATALOGUE_TURN, async () => {
    const module = needModule(catalogue.module(id), id);
    const isNamed = catalogue.sets().some(({ modules }) => modules.includes(id));
    if (!isNamed) return catalogue.write({ forget: { modules: [id] } });
    await catalogue.write({ modules: [changed(module, { deleted: true }, site.now(), by)] });
  });
}

/**
 * Takes a set away: it is assigned to nobody any more. Where it was assigned it goes on, and it is kept,
 * marked. Modules that were taken away go with their last set.
 *
 * @throws AppError "not-found"
 */
export function removeSet(
  { catalogue, lock, site }: ManagementContext,
  id: number,
  by: string,
): Promise<void> {
  return lock.run(CATALOGUE_TURN, async () => {
    const set = needSet(catalogue.set(id), id);
    if (set.locked) {
      return catalogue.write({ sets: [changed(set, { deleted: true }, site.now(), by)] });
    }
    const others = catalogue.sets().filter((one) => one.id !== id);
    const orphans = set.modules.filter(
      (module) =>
        catalogue.module(module)?.deleted === true &&
        !others.some(({ modules }) => modules.includes(module)),
    );
    await catalogue.write({ forget: { sets: [id], modules: orphans } });
  });
}

/** One that was taken away is no module any more. @throws AppError "not-found" */
export function needModule(module: SoftwareModule | undefined, id: number): SoftwareModule {
  if (module && isThere(module)) return module;
  throw new AppError("not-found", `there is no software module ${id}`);
}

/** @throws AppError "not-found" */
export function needArtifact({ id, artifacts }: SoftwareModule, artifact: number): ModuleArtifact {
  const found = artifacts.find((one) => one.id === artifact);
  if (found) return found;
  throw new AppError("not-found", `the software module ${id} has no artifact ${artifact}`);
}

/** One that was taken away is no set any more. @throws AppError "not-found" */
export function needSet(set: DistributionSet | undefined, id: number): DistributionSet {
  if (set && isThere(set)) return set;
  throw new AppError("not-found", `there is no distribution set ${id}`);
}

/** The modules of a set, those that were taken away since too. */
export function modulesOf(
  { catalogue }: ManagementContext,
  { modules }: DistributionSet,
): readonly SoftwareModule[] {
  return modules.flatMap((id) => catalogue.module(id) ?? []);
}

/** Can it be assigned? */
export function isSetComplete(
  { type }: DistributionSet,
  modules: readonly SoftwareModule[],
): boolean {
  const kinds = modules.map((one) => one.type);
  return isComplete(type, kinds) && modules.every(({ artifacts }) => artifacts.length > 0);
}

function isThere({ deleted }: Pick<SoftwareModule, "deleted">): boolean {
  return !deleted;
}

function needChangeable(module: SoftwareModule): SoftwareModule {
  if (!module.locked) return module;
  throw new AppError(
    "precondition-failed",
    `the software module ${module.id} is locked: a set of it was assigned, and devices act by it`,
  );
}

interface Named {
  readonly name: string;
  readonly version: string;
  readonly type: string;
}

/** @param keyOf what no two have in common */
function needNew(
  wanted: readonly Named[],
  present: readonly Named[],
  keyOf: (one: Named) => readonly string[],
  what: string,
): void {
  const taken = new Set(present.map((one) => JSON.stringify(keyOf(one))));
  for (const one of wanted) {
    const key = JSON.stringify(keyOf(one));
    if (taken.has(key)) {
      throw new AppError("conflict", `there is a ${what} ${one.name}:${one.version} already`);
    }
    taken.add(key);
  }
}

function needRoom(count: number, max: number, what: string): void {
  if (count > max) throw tooMany(max, what);
}

function tooMany(max: number, what: string): ProtocolError {
  return new ProtocolError("management-quota", `there are at most ${max} ${what}`);
}

function madeNow(id: number | undefined, nowMs: number, by: string) {
  if (id === undefined) throw new Error("invariant broken: a number was not given");
  return { id, createdAtMs: nowMs, createdBy: by, modifiedAtMs: nowMs, modifiedBy: by };
}

function changed<T extends SoftwareModule | DistributionSet>(
  one: T,
  change: Partial<T>,
  nowMs: number,
  by: string,
): T {
  return { ...one, ...change, modifiedAtMs: nowMs, modifiedBy: by };
}
