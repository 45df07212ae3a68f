/** Why a row waits and when it goes on: at its site, and at the hub, which hears the reason only. */
import { describe, expect, test } from "bun:test";
import { bucketOf } from "../../../devices/install/matrix.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import { type Installation, REASONS, type Reason } from "../../../devices/model/installation.ts";
import type { Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { waitingAway, waitingHere } from "../../../gateway/reports/waiting.ts";
import { emptyPolicy } from "../../../sync/policy/build-policy.ts";
import { deviceNamed, rowOf } from "../../contracts/site-rows.ts";

const NOW_MS = 1_795_000_000_000;
/** 0x80072EE7, the server's name could not be found: a failure that may pass. */
const MAY_PASS = -2147012889;

/** A row as the hub has it from the status document. */
function heard(reason: Reason | null, change: Partial<Installation> = {}): Installation {
  return rowOf("till", "d1", {
    status: "pending_install",
    state: "Command Scheduled",
    operation: "install",
    attempt: 1,
    reason,
    reasonDetail: "",
    nextAttemptMs: null,
    lastError: null,
    stale: false,
    observedAtMs: NOW_MS,
    ...change,
  });
}

function away(row: Installation, policy = policyWith("automatic"), enrolment = "enabled") {
  const device = deviceNamed("till", { enrolment: enrolment as "enabled" });
  return waitingAway(row, bucketOf(row.status, row.operation), device, policy);
}

function policyWith(mode: Distribution["mode"], channel = "EnterpriseAppManagement"): Policy {
  const row = heard(null);
  const distribution = { id: row.distribution, mode } as Distribution;
  const revision = { id: row.revision, channel } as Revision;
  return {
    ...emptyPolicy(),
    distributionsById: new Map([[distribution.id, distribution]]),
    revisions: new Map([[revision.id, revision]]),
    enterprise: { ...emptyPolicy().enterprise, enterpriseId: "4000000001", enrollmentToken: "t" },
  };
}

describe("at the hub", () => {
  test.each(REASONS)("%s: a row says why and what comes next, or that its site knows", (reason) => {
    const told = away(heard(reason));
    expect(told.reasonDetail).not.toBe("");
    expect(told.nextAttemptMs === null).toBe(told.nextAttemptNote !== "");
  });

  test("a pending row without a reason says that its site has not given one", () => {
    expect(away(heard(null))).toEqual({
      reasonDetail: "its site has not said why",
      nextAttemptMs: null,
      nextAttemptNote: "the site knows",
      siteKnowsMore: true,
    });
  });

  test("a row that waits for nothing says nothing", () => {
    const done = heard(null, { status: "installed", state: "App is installed" });
    expect(away(done)).toMatchObject({
      reasonDetail: "",
      nextAttemptNote: "",
      siteKnowsMore: false,
    });
  });

  test("the moment in the window is the site's, and never taken for the next contact", () => {
    expect(away(heard("window"))).toMatchObject({
      nextAttemptNote: "in the device's next maintenance window",
      siteKnowsMore: true,
    });
    expect(
      away(heard("user", { status: "failed", state: "User rejected app install" })),
    ).toMatchObject({ reasonDetail: "the user said no: it is asked again", siteKnowsMore: true });
    expect(away(heard("user"))).toMatchObject({ reasonDetail: "the user is asked to confirm" });
    expect(away(heard("instant"))).toMatchObject({
      nextAttemptNote: "in the maintenance window that is open now",
      siteKnowsMore: true,
    });
  });

  test("an on-demand retry has the time that its site has", () => {
    const failed = { status: "failed", state: "Installation failed", lastError: MAY_PASS } as const;
    const first = away(heard("retry-backoff", failed), policyWith("on-demand"));
    expect(first).toMatchObject({
      reasonDetail: "a failure that may pass: attempt 2 of 3 follows",
      nextAttemptMs: NOW_MS + 15 * 60_000,
      nextAttemptNote: "",
      siteKnowsMore: false,
    });
    const second = away(heard("retry-backoff", { ...failed, attempt: 2 }), policyWith("on-demand"));
    expect(second.nextAttemptMs).toBe(NOW_MS + 30 * 60_000);
    expect(away(heard("retry-backoff", failed))).toMatchObject({
      nextAttemptMs: null,
      nextAttemptNote: "in the device's next maintenance window",
    });
    expect(away(heard("retry-backoff", { stale: true, attempt: 3 }))).toMatchObject({
      nextAttemptNote: "once somebody retries it",
    });
  });

  test("what stands in the way of an enrolment is told as far as the device has said it", () => {
    const told = (enrolment: string, policy = policyWith("automatic")) =>
      away(heard("enrolment"), policy, enrolment).reasonDetail;
    expect(told("revoked")).toContain("REVOKED");
    expect(told("install-disabled")).toContain("INSTALL_DISABLED");
    expect(told("enabled", emptyPolicy())).toContain("no enterprise id is set");
    expect(told("enabled")).toBe("the site's own settings or the device stand in the way");
    const row = heard("enrolment");
    const unknown = waitingAway(row, "pending", undefined, policyWith("automatic"));
    expect(unknown).toMatchObject({ siteKnowsMore: true, nextAttemptNote: "once it is enrolled" });
  });

  test("a decision that ended the row is told in its site's own words once the journal is here", () => {
    const before = away(heard("superseded"));
    expect(before).toMatchObject({ siteKnowsMore: true });
    const words = "superseded by distribution pos-7";
    expect(away(heard("superseded", { reasonDetail: words }))).toEqual({
      reasonDetail: words,
      nextAttemptMs: null,
      nextAttemptNote: "never: the newer distribution is what counts",
      siteKnowsMore: false,
    });
  });

  test("a contact is waited for, by the site or for a report", () => {
    expect(away(heard("contact")).reasonDetail).toContain("speaks to its site");
    const reported = away(heard("contact"), policyWith("automatic", "reported"));
    expect(reported.reasonDetail).toBe("waiting for a report about this device");
  });

  test("what a device says of its own work is told, here and away", () => {
    const msi = (reason: Reason, nativeValue: string, change: Partial<Installation> = {}) =>
      heard(reason, { source: "windows-msi", nativeValue, ...change });
    const signedOut = msi("user", "48");
    expect(away(signedOut)).toMatchObject({
      reasonDetail: "it goes on once its user signs in",
      nextAttemptNote: "once the user signs in",
    });
    const retries = msi("retry-backoff", "55", { status: "installing" });
    const note = "when the device tries again, by itself";
    expect(away(retries)).toMatchObject({ nextAttemptNote: note, nextAttemptMs: null });
    expect(waitingHere(retries, "pending").nextAttemptNote).toBe(note);
    const claimed = msi("contact", "70", { status: "installing" });
    expect(away(claimed).reasonDetail).toContain("its inventory has to show the app");
    // Given up by the device, it is ours to send again.
    const lost = msi("retry-backoff", "parked", { stale: true });
    expect(away(lost).nextAttemptNote).toBe("in the device's next maintenance window");
  });

  test("a wrong clock is told beside the reason, not in its place", () => {
    const clock = "The site's clock was ahead when it wrote this; its times may be wrong.";
    const told = away(heard("compliance", { reasonDetail: clock }));
    expect(told.reasonDetail).toBe(`the device is out of compliance. ${clock}`);
  });
});

describe("at the site", () => {
  test.each(REASONS)("%s: without a time the row says what has to happen first", (reason) => {
    const told = waitingHere(heard(reason, { reasonDetail: "as planned" }), "pending");
    expect(told).toMatchObject({ reasonDetail: "as planned", siteKnowsMore: false });
    expect(told.nextAttemptNote).not.toBe("");
  });

  test("a time needs no words; what ended never promises a contact", () => {
    const timed = waitingHere(heard("window", { nextAttemptMs: 5 }), "pending");
    expect(timed).toMatchObject({ nextAttemptMs: 5, nextAttemptNote: "" });
    expect(waitingHere(heard("stopped"), "pending").nextAttemptNote).toContain("never");
    expect(waitingHere(heard("superseded"), "pending").nextAttemptNote).toContain("never");
  });
});
