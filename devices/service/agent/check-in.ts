import type { AgentPlan } from "../../../protocols/agent/answers.ts";
import type { AgentFacts, PollRequest } from "../../../protocols/agent/requests.ts";
import type { Tellable } from "../../../protocols/agent/words.ts";
import type { Work } from "../../install/plan-types.ts";
import {
  ATTRIBUTES_MAX,
  type DeviceAttribute,
  type DeviceToken,
} from "../../model/agent-device.ts";
import type { DeviceId } from "../../model/ids.ts";
import { contact, type Offers, type ToldFacts } from "../contact/contact.ts";
import type { SiteContext } from "../site-context.ts";
import { isInventoryOld, takeInventory } from "./inventory.ts";
import { planWork, taskFor } from "./plan-work.ts";

/** A token that is older is to be replaced by its agent. [PROTOCOL 8.2] */
export const TOKEN_AGE_MS = 90 * 24 * 3_600_000;

/** What the site itself keeps by name of what an agent says begins with this. */
export const OWN_ATTRIBUTES = "agent.";

/**
 * An agent checks in. What it tells is durable, and what the plan offers is noted, before this resolves; the
 * same question gets the same plan as long as nothing happens. [PROTOCOL 3, 4]
 *
 * @param baseUrl the gateway's address as the agent reaches it
 */
export async function checkIn(
  context: SiteContext,
  id: DeviceId,
  told: PollRequest,
  { token, baseUrl }: { readonly token: DeviceToken; readonly baseUrl: () => string },
): Promise<AgentPlan> {
  const { facts, attributes, inventory } = told;
  const tells = facts !== undefined || attributes !== undefined;
  // Cached; what is not told is asked for.
  const known = tells ? undefined : await context.store.attributes(id);
  const said = {
    protocol: "agent" as const,
    ...(facts === undefined ? {} : { facts: deviceFacts(facts) }),
    ...(tells
      ? {
          attributes: (former: readonly DeviceAttribute[]) =>
            attributesAfter(former, told, context.now()),
        }
      : {}),
  };
  return contact(context, id, said, (offers) => {
    if (inventory !== undefined) takeInventory(offers.ledger, inventory, context.now());
    const tell: Tellable[] = [];
    if (facts === undefined && known && !known.some(({ name }) => name === VERSION)) {
      tell.push("facts");
    }
    if (isInventoryOld(offers.ledger, context.now())) tell.push("inventory");
    if (context.now() - token.createdAtMs >= TOKEN_AGE_MS) tell.push("token");
    return planOf(context, offers, tell, baseUrl);
  });
}

const VERSION = `${OWN_ATTRIBUTES}version`;
const CAPABILITIES = `${OWN_ATTRIBUTES}capabilities`;

function planOf(
  context: SiteContext,
  offers: Offers,
  tell: readonly Tellable[],
  baseUrl: () => string,
): AgentPlan {
  const { ledger, newWork, inHand, checks, ended, nextContactMs } = offers;
  for (const work of newWork) offers.offered(work);
  const { device } = ledger;
  const tasks = [
    ...[...newWork, ...inHand].flatMap((work) => {
      const row = ledger.row(work.distribution.id);
      return row ? [{ work, task: taskFor(device, work, row) }] : [];
    }),
    ...checks.map((work) => ({ work, task: "check" as const })),
  ].sort((a, b) => compareAge(a.work, b.work));
  return {
    sequence: device.sequence,
    work: tasks.map(({ work, task }) =>
      planWork(device, work, task, (file) =>
        context.content.urlFor(file, device.id, context.now(), baseUrl()),
      ),
    ),
    cancel: ended.map(({ row, reason }) => ({
      distribution: row.distribution,
      attempt: row.attempt,
      reason,
    })),
    tell: [...tell],
    next: nextContactMs === null ? null : new Date(nextContactMs).toISOString(),
  };
}

/** What was distributed first is done first. */
function compareAge({ distribution: a }: Work, { distribution: b }: Work): number {
  return a.hlc < b.hlc ? -1 : a.hlc > b.hlc ? 1 : 0;
}

export function deviceFacts(facts: AgentFacts): ToldFacts {
  const { manufacturer, model, osVersion, osMajor, osPlatform, cpu } = facts;
  const given = { manufacturer, model, osVersion, osMajor, osPlatform, cpu };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function attributesAfter(
  former: readonly DeviceAttribute[],
  { facts, attributes }: PollRequest,
  atMs: number,
): readonly DeviceAttribute[] {
  const isOwn = ({ name }: DeviceAttribute) => name.startsWith(OWN_ATTRIBUTES);
  const own = new Map(former.filter(isOwn).map((one) => [one.name, one]));
  const keep = (name: string, value: string) => own.set(name, { name, value, atMs });
  if (facts) keep(VERSION, facts.agentVersion ?? own.get(VERSION)?.value ?? "");
  if (facts?.capabilities) keep(CAPABILITIES, facts.capabilities.join(", "));
  const others =
    attributes === undefined
      ? former.filter((one) => !isOwn(one))
      : Object.entries(attributes)
          .map(([name, value]) => ({ name, value, atMs }))
          .filter((one) => !isOwn(one));
  return [...own.values(), ...others].slice(0, ATTRIBUTES_MAX);
}
