import type { Element } from "../../../protocols/syncml/element.ts";
import { type ClientSettings, pollResponse } from "../../../protocols/wince/answers.ts";
import type { CePoll } from "../../../protocols/wince/requests.ts";
import type { Work } from "../../install/plan-types.ts";
import type { Device } from "../../model/device.ts";
import { AppError } from "../../model/errors.ts";
import { contact } from "../contact/contact.ts";
import type { CeContext } from "./ce-context.ts";
import { deliveredParts } from "./desired.ts";
import { pollFacts, saidOf } from "./hear-inventory.ts";
import { packageIdOf } from "./package-id.ts";
import { progressIn, progressOf } from "./progress.ts";
import { CE_RANGES } from "./settings.ts";
import { partsOf } from "./work-parts.ts";

/** After so long a device that is asked to wait for the policy comes again. */
export const POLICY_RETRY_MS = 60_000;

export interface PollAnswer {
  readonly root: Element;
  /** Says whether the device may take this for a poll that told it everything. */
  readonly isWhole: boolean;
}

/**
 * A device asks what it is to have: what it was given before, and what the plan releases now. What is
 * listed here is not offered yet: that is what its instructions are.
 *
 * @throws AppError "unavailable" where the list would be empty only because policy is not known yet
 */
export async function answerPoll(
  context: CeContext,
  device: Device,
  poll: CePoll,
  {
    clientVersion,
    hasPolled,
  }: { readonly clientVersion: string | null; readonly hasPolled: boolean },
): Promise<PollAnswer> {
  const { site } = context;
  const nowMs = site.now();
  const said = saidOf(
    [
      ...poll.said,
      ...(clientVersion === null ? [] : [{ name: "ClientVersion", value: clientVersion }]),
    ],
    "",
    await site.store.attributes(device.id),
    nowMs,
  );
  const jobs = await site.store.jobs(device.id);
  return contact(site, device.id, { ...said, facts: missingFacts(device, poll) }, (offers) => {
    const { ledger, newWork, inHand, nextContactMs } = offers;
    const progress = progressIn(ledger.device, jobs);
    const parts = deliveredParts({
      device: ledger.device,
      rows: ledger.rows,
      progress,
      policy: site.policy.read(),
    });
    const fresh = newWork.map((work) => ({
      distribution: work.distribution.id,
      attempt: work.attempt,
      part: 0,
    }));
    const ids = [...new Set([...parts, ...fresh].map((part) => packageIdOf(ledger.device, part)))];
    const isKnown = context.isPolicyKnown();
    if (ids.length === 0 && !isKnown && hasPolled) {
      throw new AppError("unavailable", "what the device is to have is not known here yet", {
        retryAfterMs: POLICY_RETRY_MS,
      });
    }
    const more = inHand.some((work) => {
      const at = progressOf(progress, ledger.device, {
        distribution: work.distribution.id,
        attempt: work.attempt,
      });
      return hasFurtherParts(work, ledger.device, at);
    });
    const soon = more || newWork.some((work) => hasFurtherParts(work, ledger.device, undefined));
    const settings = clientSettings(context, nextContactMs, soon ? "soon" : "as-set");
    return { root: pollResponse(settings, ids), isWhole: ids.length > 0 || isKnown };
  });
}

/** An inventory tells the facts better than a poll: what is known stays. */
function missingFacts(device: Device, poll: CePoll) {
  const { cpu, osPlatform } = pollFacts(poll);
  return {
    ...(device.cpu === null && cpu !== undefined ? { cpu } : {}),
    ...(device.osPlatform === null && osPlatform !== undefined ? { osPlatform } : {}),
  };
}

function hasFurtherParts(
  work: Work,
  device: Device,
  at: ReturnType<typeof progressOf> | undefined,
): boolean {
  const reading = partsOf(work, device, at?.facts ?? device);
  return "parts" in reading && (at?.part ?? 0) + 1 < reading.parts.length;
}

/** A device whose next part or whose instant comes sooner than its next poll is asked to poll by then. */
function clientSettings(
  { site, settings }: CeContext,
  nextContactMs: number | null,
  pace: "soon" | "as-set",
): ClientSettings {
  const { machineInventory, machineInventorySeconds, ...set } = settings();
  const [soonest] = CE_RANGES.pollSeconds;
  const due = nextContactMs === null ? Infinity : Math.ceil((nextContactMs - site.now()) / 1000);
  const wanted = pace === "soon" ? soonest : due;
  return {
    ...set,
    pollSeconds: Math.max(soonest, Math.min(set.pollSeconds, wanted)),
    machineInventorySeconds: machineInventory ? machineInventorySeconds : null,
  };
}
