import { describe, expect, test } from "bun:test";
import type { SiteId } from "../../../devices/model/ids.ts";
import { decideHello } from "../../../sync/hub/decide-hello.ts";
import { CLONE_WINDOW_MS } from "../../../sync/limits.ts";
import type { HelloRequest } from "../../../sync/messages/messages.ts";
import { FORMER_INSTANCES_MAX, type SiteRecord } from "../../../sync/ports/hub-store.ts";

const NOW_MS = 1_795_000_000_000;
const REAL_MS = 5_000_000;

const SITE: SiteRecord = {
  id: "prague" as SiteId,
  name: "Prague",
  timeZone: "Europe/Prague",
  publicKey: "",
  sealingKey: "",
  nextPublicKey: null,
  nextSealingKey: null,
  keysSinceMs: null,
  instance: "first",
  formerInstances: [],
  incarnation: 2,
  acknowledgedFrame: 10,
  needsSnapshot: false,
  joinedAtMs: 1,
  lastSeenMs: NOW_MS - 1000,
  asOfMs: null,
  clockOffsetMs: null,
  confirmedPolicyVersion: 0,
  alarm: null,
  revokedAtMs: null,
};

const HELLO: HelloRequest = {
  version: 1,
  site: SITE.id,
  challenge: "c",
  instance: "second",
  incarnation: 2,
  frameSeq: 11,
  acknowledgedFrame: 10,
  mustAdopt: false,
  timeMs: NOW_MS + 90_000,
};

describe("decideHello()", () => {
  test("[2.4] a process that starts takes over from the one before", () => {
    const decision = decide(SITE, HELLO);
    expect(decision.verdict).toBe("welcome");
    expect(decision.site).toMatchObject({
      instance: "second",
      formerInstances: [{ instance: "first", replacedRealMs: REAL_MS }],
      incarnation: 2,
    });
  });

  test("[2.4] the same process may say hello again", () => {
    const decision = decide(SITE, { ...HELLO, instance: "first" });
    expect(decision).toMatchObject({ verdict: "welcome", site: { formerInstances: [] } });
  });

  test("[2.4] only so many former processes are remembered, the newest first", () => {
    let site = SITE;
    for (let start = 0; start <= FORMER_INSTANCES_MAX + 1; start += 1) {
      site = decide(site, { ...HELLO, instance: `start-${start}` }).site;
    }
    expect(site.formerInstances).toHaveLength(FORMER_INSTANCES_MAX);
    expect(site.formerInstances[0]?.instance).toBe(`start-${FORMER_INSTANCES_MAX}`);
  });

  test("[2.5] a replaced process that still speaks is refused, with an alarm that names both", () => {
    const replaced = decide(SITE, HELLO).site;
    const decision = decide(replaced, { ...HELLO, instance: "first" });
    expect(decision).toMatchObject({ verdict: "refused", code: "cloned" });
    expect(decision.site.alarm).toContain("first");
    expect(decision.site.alarm).toContain("second");
    expect(decision.site.instance).toBe("second");
  });

  test("[2.5] what a replaced process signed before it was replaced is no alarm", () => {
    const replaced = decide(SITE, HELLO).site;
    const late = decideHello(
      replaced,
      { ...HELLO, instance: "first" },
      { nowMs: NOW_MS, realMs: REAL_MS + 10, challengedRealMs: REAL_MS - 1 },
    );
    expect(late.verdict).toBe("refused");
    expect(late.site).toEqual(replaced);
  });

  test("[2.5] it may come back once the other one has not been seen for the window", () => {
    const replaced = { ...decide(SITE, HELLO).site, lastSeenMs: NOW_MS - CLONE_WINDOW_MS };
    expect(decide(replaced, { ...HELLO, instance: "first" }).verdict).toBe("welcome");
    const stillSeen = { ...replaced, lastSeenMs: NOW_MS - CLONE_WINDOW_MS + 1 };
    expect(decide(stillSeen, { ...HELLO, instance: "first" }).verdict).toBe("refused");
  });

  test.each<[string, Partial<HelloRequest>]>([
    ["says that it must", { mustAdopt: true }],
    ["is of an earlier incarnation", { incarnation: 1 }],
    ["is of a later incarnation than the hub knows", { incarnation: 3 }],
    ["has made fewer frames than were acknowledged", { frameSeq: 9, acknowledgedFrame: 9 }],
    ["had more acknowledged than the hub knows", { frameSeq: 12, acknowledgedFrame: 12 }],
  ])("[2.6] a site that %s gets the next incarnation", (_, change) => {
    const hello = { ...HELLO, ...change };
    const decision = decide(SITE, hello);
    expect(decision).toMatchObject({
      verdict: "adopt",
      site: {
        incarnation: Math.max(SITE.incarnation, hello.incarnation) + 1,
        acknowledgedFrame: 0,
        needsSnapshot: true,
      },
    });
  });

  test("[2.6] at the limits it goes on where it was", () => {
    expect(decide(SITE, { ...HELLO, frameSeq: 10, acknowledgedFrame: 9 }).verdict).toBe("welcome");
    expect(decide(SITE, { ...HELLO, frameSeq: 10, acknowledgedFrame: 10 }).verdict).toBe("welcome");
  });

  test("[2.7] a revoked site is refused in so many words", () => {
    const decision = decide({ ...SITE, revokedAtMs: 7 }, HELLO);
    expect(decision).toMatchObject({ verdict: "refused", code: "revoked" });
    if (decision.verdict === "refused") expect(decision.message).toContain("revoked");
  });

  test("[2.8] the difference of the clocks is stored, and decides nothing", () => {
    for (const offsetMs of [90_000, -20 * 365 * 86_400_000, 10 * 365 * 86_400_000]) {
      const decision = decide(SITE, { ...HELLO, timeMs: NOW_MS + offsetMs });
      expect(decision).toMatchObject({ verdict: "welcome", site: { clockOffsetMs: offsetMs } });
    }
  });
});

function decide(site: SiteRecord, hello: HelloRequest) {
  const at = { nowMs: NOW_MS, realMs: REAL_MS, challengedRealMs: REAL_MS };
  return decideHello(site, hello, at);
}
