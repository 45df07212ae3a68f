import type { TargetAnswer } from "../../../../protocols/ddi/management/answers.ts";
import type { NewTarget } from "../../../../protocols/ddi/management/requests.ts";
import { parseClockTime } from "../../../../protocols/ddi/polling-time.ts";
import { ProtocolError } from "../../../../protocols/errors.ts";
import type { TargetNote } from "../../../model/ddi-catalogue.ts";
import type { Device } from "../../../model/device.ts";
import { AppError } from "../../../model/errors.ts";
import { DEVICES_MAX } from "../../../model/limits.ts";
import { sha256Hex } from "../../../model/sha256.ts";
import { removeDevice } from "../../change-device.ts";
import { deviceOfToken, TOKEN_CHARACTERS } from "../../contact/device-token.ts";
import { isNameTaken, registerDevice } from "../../register-device.ts";
import { randomName } from "../../site-context.ts";
import { autoConfirmOf, isReserved, wantsConfigData } from "../attributes.ts";
import { pollingIntervalOf } from "../poll.ts";
import { type Action, actionsOf } from "./actions.ts";
import { POLICY_TURN, takenFrom } from "./cancel.ts";
import type { ManagementContext } from "./management-context.ts";

/** A device that is served by DDI, by the name that it has there. */
export interface Target {
  readonly device: Device;
  readonly controllerId: string;
}

/** All of them, in order of name. */
export async function listTargets(context: ManagementContext): Promise<readonly Target[]> {
  const { store } = context.site;
  const found: Target[] = [];
  for (const id of await store.deviceIds()) {
    const device = await store.find(id);
    if (device?.protocol !== "ddi") continue;
    const controllerId = await controllerIdOf(context, device);
    if (controllerId !== undefined) found.push({ device, controllerId });
  }
  return found.sort((a, b) => (a.controllerId < b.controllerId ? -1 : 1));
}

/** @throws AppError "not-found" */
export async function needTarget(
  context: ManagementContext,
  controllerId: string,
): Promise<Target> {
  const device = await findTarget(context, controllerId);
  if (device) return { device, controllerId };
  throw new AppError("not-found", `there is no target ${controllerId}`);
}

async function findTarget(
  { site }: ManagementContext,
  controllerId: string,
): Promise<Device | undefined> {
  const device = await site.store.findByAlias("ddi", controllerId);
  return device?.removedAtMs === null && device.protocol === "ddi" ? device : undefined;
}

async function controllerIdOf(
  { site, aliasesOf }: ManagementContext,
  { id, stableId }: Device,
): Promise<string | undefined> {
  for (const name of [stableId, ...(await aliasesOf(id))]) {
    if ((await site.store.findByAlias("ddi", name))?.id === id) return name;
  }
  return undefined;
}

/**
 * Registers devices under the names that a tool gives them, with its tokens or new ones.
 *
 * @throws AppError "conflict" for a name or a token that is taken; ProtocolError `management-quota`. None of
 *   them is registered then
 */
export function makeTargets(
  context: ManagementContext,
  wanted: readonly NewTarget[],
  by: string,
): Promise<readonly Target[]> {
  return context.lock.run("targets", async () => {
    await checkTargets(context, wanted);
    const made: Target[] = [];
    for (const one of wanted) made.push(await makeTarget(context, one, by));
    return made;
  });
}

async function checkTargets(
  { site }: ManagementContext,
  wanted: readonly NewTarget[],
): Promise<void> {
  const names = new Set<string>();
  const tokens = new Set<string>();
  for (const { controllerId, securityToken: token } of wanted) {
    if (names.has(controllerId) || (await isNameTaken(site, controllerId, "ddi"))) {
      throw new AppError("conflict", `there is a device ${controllerId} already`);
    }
    names.add(controllerId);
    if (token === null) continue;
    if (tokens.has(token) || (await deviceOfToken(site, "ddi", token)) !== undefined) {
      throw new AppError("conflict", `the token of ${controllerId} is another target's`);
    }
    tokens.add(token);
  }
  if ((await site.store.deviceIds()).length + names.size > DEVICES_MAX) {
    throw new ProtocolError("management-quota", `a site has at most ${DEVICES_MAX} devices`);
  }
}

async function makeTarget(
  { site, catalogue }: ManagementContext,
  { controllerId, name, description, securityToken }: NewTarget,
  by: string,
): Promise<Target> {
  const token = securityToken ?? randomName(site, TOKEN_CHARACTERS);
  const note: TargetNote = { description, token, createdBy: by };
  // Before the device: a token that nobody can read any more would be lost.
  await catalogue.write({ notes: [[controllerId, note]] });
  const { device } = await registerDevice(
    site,
    {
      stableId: controllerId,
      protocol: "ddi",
      platform: "Windows",
      osPlatform: "Linux",
      token,
      ...(name === null ? {} : { name }),
    },
    by,
  );
  return { device, controllerId };
}

/** Removes the device from the site. What tools assigned to it is not for one that comes back under its name. */
export async function removeTarget(
  context: ManagementContext,
  { device, controllerId }: Target,
  by: string,
): Promise<void> {
  const { site, catalogue, policy, lock } = context;
  await lock.run(POLICY_TURN, async () => {
    // First what it was assigned: a removal that is cut short can be asked for again while there is a target.
    const changes = (await actionsOf(context, device)).flatMap(({ assignment, distribution }) =>
      assignment && distribution ? (takenFrom(device.id, distribution, site.now()) ?? []) : [],
    );
    if (changes.length > 0) await policy.write(changes, by);
    await removeDevice(site, device.id);
  });
  await catalogue.write({ notes: [[controllerId, null]] });
}

/** What it told of itself by name; null while it has told nothing. */
export async function attributesOf(
  { site }: ManagementContext,
  { device }: Target,
): Promise<Readonly<Record<string, string>> | null> {
  const told = (await site.store.attributes(device.id)).filter(({ name }) => !isReserved(name));
  if (told.length === 0) return null;
  return Object.fromEntries(told.map(({ name, value }) => [name, value]));
}

/** A target as tools read it. @param mayReadToken the token is for whoever may manage devices */
export async function targetAnswer(
  context: ManagementContext,
  { device, controllerId }: Target,
  mayReadToken: boolean,
): Promise<TargetAnswer> {
  const { site, catalogue, settings } = context;
  const note = catalogue.note(controllerId);
  const actions = await actionsOf(context, device);
  const attributes = await site.store.attributes(device.id);
  const installed = installedOf(actions);
  const { seconds } = pollingIntervalOf(context, site.policy.read(), device);
  const { lastContactMs } = device;
  const nextRequestAtMs = lastContactMs === null ? null : lastContactMs + seconds * 1000;
  const graceMs = (parseClockTime(settings().pollingOverdueTime) ?? 0) * 1000;
  return {
    controllerId,
    name: device.name,
    description: note?.description ?? null,
    createdBy: note?.createdBy,
    createdAtMs: device.registeredAtMs,
    modifiedAtMs: Math.max(device.registeredAtMs, lastContactMs ?? 0),
    updateStatus: updateStatusOf(device, actions),
    lastRequestAtMs: lastContactMs,
    nextRequestAtMs,
    overdue: nextRequestAtMs !== null && site.now() > nextRequestAtMs + graceMs,
    installedAtMs: installed?.state.ended?.atMs ?? null,
    securityToken: mayReadToken ? await tokenOf(context, device, note) : null,
    requestAttributes: wantsConfigData(attributes, installed?.state.ended?.atMs ?? null),
    autoConfirmActive: autoConfirmOf(attributes) !== null,
  };
}

/** Null when it has another one by now, which was shown once and is not kept. */
async function tokenOf(
  { site }: ManagementContext,
  { id }: Device,
  note: TargetNote | undefined,
): Promise<string | null> {
  const text = note?.token ?? null;
  if (text === null) return null;
  const digest = sha256Hex(text);
  const tokens = await site.store.tokens(id);
  return tokens.some((one) => one.protocol === "ddi" && one.digest === digest) ? text : null;
}

/** The action whose set the device is to have: the last that was neither cancelled nor failed. */
export function assignedOf(actions: readonly Action[]): Action | undefined {
  return actions.findLast(
    ({ assignment, isCancel, status }) =>
      assignment !== undefined && !isCancel && status !== "error",
  );
}

/** The action whose set the device installed last. */
export function installedOf(actions: readonly Action[]): Action | undefined {
  return actions
    .filter(({ state }) => state.ended?.outcome === "installed")
    .toSorted((a, b) => (a.state.ended?.atMs ?? 0) - (b.state.ended?.atMs ?? 0))
    .at(-1);
}

function updateStatusOf(
  { lastContactMs }: Device,
  actions: readonly Action[],
): TargetAnswer["updateStatus"] {
  if (actions.some(({ active }) => active)) return "pending";
  if (actions.findLast(({ isCancel }) => !isCancel)?.status === "error") return "error";
  if (assignedOf(actions) ?? installedOf(actions)) return "in_sync";
  return lastContactMs === null ? "unknown" : "registered";
}
