import type { Work } from "../../install/plan-types.ts";
import { CANCEL_REFUSED, isInHand, isOfFormerLife } from "../../install/waiting.ts";
import type { DeviceAttribute, PullProtocol } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import type { Installation, Reason } from "../../model/installation.ts";
import type { DeviceChanges, DeviceView } from "../../ports/site-store.ts";
import { Ledger } from "../ledger.ts";
import { planDevice, replan } from "../replan.ts";
import type { SiteContext } from "../site-context.ts";
import { AskedContent } from "./asked-content.ts";
import { circumstances } from "./settled-plans.ts";

/**
 * How exactly the time of a device's last contact is kept, in milliseconds: a contact in which nothing
 * happened is written only when the last one on disk is older. So an idle fleet costs no commits.
 */
export const CONTACT_NOTE_MS = 60_000;

/** What a device tells of itself when it comes; missing facts stay as they are. */
export type ToldFacts = Partial<
  Pick<Device, "manufacturer" | "model" | "osVersion" | "osMajor" | "osPlatform" | "cpu">
>;

export interface Said {
  readonly protocol: PullProtocol;
  readonly facts?: ToldFacts;
  /** From what it told of itself by name before; all of them are replaced. The same list changes nothing. */
  readonly attributes?: (former: readonly DeviceAttribute[]) => readonly DeviceAttribute[];
}

/** Work that a device has and is not to do any more. [D3, D4] */
export interface EndedWork {
  readonly row: Installation;
  readonly reason: Extract<Reason, "stopped" | "superseded">;
}

/** What there is for a device that has come. */
export interface Offers {
  /** Everything that is decided is written here; it is durable before the answer leaves. */
  readonly ledger: Ledger;
  /** May be started now. */
  readonly newWork: readonly Work[];
  /** Was offered before, and its end was not told: it is offered again until it is. */
  readonly inHand: readonly Work[];
  /** Metrics of what is installed that the device is to evaluate now; answer with `reportCheck`. */
  readonly checks: readonly Work[];
  /** To be called off; answer with `reportCancelled` or `refuseCancel`. */
  readonly ended: readonly EndedWork[];
  /** When something will come up by itself, as far as is known: an instant, a retry. */
  readonly nextContactMs: number | null;
  /** Says that the answer carries this work. Saying it again changes nothing. */
  offered(work: Work): void;
}

/**
 * A device has come in its protocol. Takes in what it says of itself, plans, and has `answer` choose from
 * what there is for it. One commit, then the answer: a device that does not get it comes again and is
 * offered the same.
 *
 * @throws AppError "not-found" for a device that is not served here in this protocol (any more)
 */
export function contact<T>(
  context: SiteContext,
  id: DeviceId,
  said: Said,
  answer: (offers: Offers) => T | Promise<T>,
): Promise<T> {
  return context.lock.run(id, async () => {
    const { view, ledger } = await admit(context, id, said.protocol);
    tellFacts(ledger, said.facts ?? {});
    if (said.attributes) {
      const former = await context.store.attributes(id);
      const told = said.attributes(former);
      if (told !== former) ledger.setAttributes(told);
    }
    const now = circumstances(context, view);
    const settled = ledger.isUntouched ? context.settled.find(now) : undefined;
    const content = new AskedContent(context.content);
    const planned = settled ?? planDevice(context, ledger, { contact: true, content });
    const { changeCount } = ledger;
    const result = await answer({
      ledger,
      newWork: planned.work,
      inHand: planned.inHand,
      checks: planned.checks.map(({ work }) => work),
      ended: endedWork(ledger),
      nextContactMs: nextContactMs(ledger, context.now()),
      offered: (work) => offer(context, ledger, work, said.protocol),
    });
    // What is sent waits for the device from now on. Where nothing is, planning again says the same.
    if (ledger.changeCount !== changeCount) replan(context, ledger, { contact: false });
    const isIdle = await leave(context, { view, ledger }, { isSettled: settled !== undefined });
    if (isIdle && !settled) context.settled.keep(context, now, planned, content);
    return result;
  });
}

/**
 * A device reports. `hear` writes what it says on the ledger (`reportWork` and its kin); the rows are
 * explained anew, and all is durable before this resolves.
 *
 * @throws AppError "not-found" for a device that is not served here in this protocol (any more)
 */
export function hearReports<T>(
  context: SiteContext,
  id: DeviceId,
  protocol: PullProtocol,
  hear: (ledger: Ledger) => T | Promise<T>,
): Promise<T> {
  return context.lock.run(id, async () => {
    const guest = await admit(context, id, protocol);
    const { ledger } = guest;
    replan(context, ledger, { contact: false });
    const { changeCount } = ledger;
    const result = await hear(ledger);
    if (ledger.changeCount !== changeCount) replan(context, ledger, { contact: false });
    await leave(context, guest, { isSettled: false });
    return result;
  });
}

/** A device that has come: what is stored of it, and what is written of it now. */
interface Guest {
  readonly view: DeviceView;
  readonly ledger: Ledger;
}

async function admit(context: SiteContext, id: DeviceId, protocol: PullProtocol): Promise<Guest> {
  const view = await context.store.view(id);
  const { device } = view ?? {};
  if (!view || device?.removedAtMs !== null || device.protocol !== protocol) {
    throw new AppError("not-found", `no device ${id} is served here by ${protocol}`);
  }
  return { view, ledger: new Ledger(view, () => context.hlc.next()) };
}

/**
 * Makes durable what happened, and that the device was here.
 *
 * @param isSettled its rows were found as this policy has them
 * @returns true when nothing happened
 */
async function leave(
  context: SiteContext,
  { view, ledger }: Guest,
  { isSettled }: { readonly isSettled: boolean },
): Promise<boolean> {
  const nowMs = context.now();
  const lastContactMs = view.device.lastContactMs ?? Number.NEGATIVE_INFINITY;
  const isNoted = nowMs - lastContactMs < CONTACT_NOTE_MS;
  if (isNoted && isSettled && ledger.isUntouched) return true;
  const { isUntouched } = ledger;
  ledger.patchDevice({ lastContactMs: nowMs });
  const changes = ledger.changes(context.policy.read(), nowMs);
  const isIdle = isContactAlone(changes);
  if (!isNoted || !isIdle) await context.store.commit([changes]);
  return isIdle && isUntouched;
}

/** Nothing happened but that the device was here: news of it would be a fact as well. */
function isContactAlone({ device: _device, put: _put, ...rest }: DeviceChanges): boolean {
  return Object.keys(rest).length === 0;
}

function tellFacts(ledger: Ledger, facts: ToldFacts): void {
  const { device } = ledger;
  const news = Object.entries(facts).filter(
    ([key, value]) => value !== undefined && value !== device[key as keyof ToldFacts],
  );
  if (news.length > 0) ledger.patchDevice(Object.fromEntries(news));
}

function offer(
  context: SiteContext,
  ledger: Ledger,
  { distribution }: Work,
  protocol: PullProtocol,
): void {
  if (ledger.row(distribution.id)?.offeredAtMs !== null) return;
  ledger.decide(distribution.id, {
    value: "offered",
    by: "site",
    atMs: context.now(),
    text: null,
    protocol,
    change: { offeredAtMs: context.now() },
  });
}

function endedWork({ device, rows }: Ledger): EndedWork[] {
  const ended = rows.filter((row) => !row.counted && isInHand(row) && !isOfFormerLife(row, device));
  return ended.flatMap((row): EndedWork[] => {
    const { reason } = row;
    if (reason !== "stopped" && reason !== "superseded") return [];
    return row.nativeValue === CANCEL_REFUSED ? [] : [{ row, reason }];
  });
}

function nextContactMs({ instants, rows }: Ledger, nowMs: number): number | null {
  let nextMs = Number.POSITIVE_INFINITY;
  const hear = (atMs: number | null) => {
    if (atMs !== null && atMs > nowMs && atMs < nextMs) nextMs = atMs;
  };
  for (const { evaluatedAtMs, instantMs } of instants) if (evaluatedAtMs === null) hear(instantMs);
  for (const { nextAttemptMs } of rows) hear(nextAttemptMs);
  return nextMs === Number.POSITIVE_INFINITY ? null : nextMs;
}
