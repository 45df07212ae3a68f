import { CLONE_WINDOW_MS } from "../limits.ts";
import type { HelloRequest } from "../messages/messages.ts";
import { FORMER_INSTANCES_MAX, type FormerInstance, type SiteRecord } from "../ports/hub-store.ts";

/** What a hello comes to, and the site's record after it. */
export type HelloDecision =
  | { readonly verdict: "welcome"; readonly site: SiteRecord }
  | { readonly verdict: "adopt"; readonly site: SiteRecord; readonly reason: string }
  | {
      readonly verdict: "refused";
      readonly site: SiteRecord;
      readonly code: "revoked" | "cloned";
      readonly message: string;
    };

/**
 * The fence. [PROTOCOL 2.4 to 2.8] Pure: who may speak for a site, and whether it goes on where the
 * hub left off or has to start again under a new incarnation.
 *
 * A process that starts takes over from the one before. One that was replaced and still speaks shows
 * that two appliances have one identity: it is refused, and the alarm names both.
 *
 * @param at `nowMs` by the gateway's clock; in real time: now, and when the challenge was issued that
 *   the process signed, so when it was alive
 */
export function decideHello(
  site: SiteRecord,
  hello: HelloRequest,
  at: { readonly nowMs: number; readonly realMs: number; readonly challengedRealMs: number },
): HelloDecision {
  const { nowMs } = at;
  const measured = { ...site, clockOffsetMs: hello.timeMs - nowMs };
  if (site.revokedAtMs !== null) {
    const message = `the hub has revoked the site ${site.id}; it needs a new join code`;
    return { verdict: "refused", site: measured, code: "revoked", message };
  }
  const replaced = site.formerInstances.find(({ instance }) => instance === hello.instance);
  if (replaced !== undefined && at.challengedRealMs < replaced.replacedRealMs) {
    // Written before it was replaced and late on its way: no proof of life, and no longer of use.
    return { verdict: "refused", site, code: "cloned", message: "this process was replaced" };
  }
  if (replaced !== undefined && isAlive(site, nowMs)) {
    const message =
      `two appliances use the identity of site ${site.id}: ${site.instance} speaks for it, ` +
      `${hello.instance} still runs. Turn one off, or join it as a site of its own.`;
    return {
      verdict: "refused",
      site: { ...site, alarm: message },
      code: "cloned",
      message,
    };
  }
  const speaking: SiteRecord = {
    ...measured,
    instance: hello.instance,
    formerInstances: formerAfter(site, hello.instance, at.realMs),
    lastSeenMs: nowMs,
  };
  const reason = reasonToAdopt(site, hello);
  if (reason === undefined) return { verdict: "welcome", site: speaking };
  return {
    verdict: "adopt",
    reason,
    site: {
      ...speaking,
      incarnation: nextIncarnation(Math.max(site.incarnation, hello.incarnation), at.realMs),
      acknowledgedFrame: 0,
      needsSnapshot: true,
    },
  };
}

/**
 * A number that was never given before, also by a hub whose disk went back since: above the last one
 * known, and no lower than the seconds that have passed since 2026.
 */
export function nextIncarnation(last: number, realMs: number): number {
  return Math.max(last + 1, Math.floor((realMs - INCARNATION_EPOCH_MS) / 1000));
}

const INCARNATION_EPOCH_MS = Date.UTC(2026, 0, 1);

function reasonToAdopt(site: SiteRecord, hello: HelloRequest): string | undefined {
  if (hello.mustAdopt) return "the site was restored, or joined again";
  if (hello.incarnation !== site.incarnation) return "the site's incarnation is over";
  if (hello.frameSeq < site.acknowledgedFrame) {
    return "the site is behind what the hub has acknowledged: its disk was restored or copied";
  }
  if (hello.acknowledgedFrame > site.acknowledgedFrame) {
    return "the hub is behind what it has acknowledged: it was restored";
  }
  return undefined;
}

function isAlive(site: SiteRecord, nowMs: number): boolean {
  return site.lastSeenMs !== null && nowMs - site.lastSeenMs < CLONE_WINDOW_MS;
}

function formerAfter(
  site: SiteRecord,
  instance: string,
  realMs: number,
): readonly FormerInstance[] {
  const others = site.formerInstances.filter((former) => former.instance !== instance);
  if (site.instance === "" || site.instance === instance) return others;
  return [{ instance: site.instance, replacedRealMs: realMs }, ...others].slice(
    0,
    FORMER_INSTANCES_MAX,
  );
}
