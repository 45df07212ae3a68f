import type { Distribution } from "../model/distribution.ts";
import type { Installation, Reason } from "../model/installation.ts";
import { filesOf, type Installer, type Package, type Revision } from "../model/package.ts";
import { scheduleAt } from "../windows/schedule.ts";
import type { PlanInput, PlannedReason, Work } from "./plan-types.ts";
import { isHeldByUser, type Progress, progressOf } from "./progress.ts";
import { installerFor } from "./providers.ts";
import {
  enrolmentObstacle,
  isDeclined,
  isOpen,
  needsRepair,
  retriesByItself,
  retryAtMs,
  retryDetail,
} from "./waiting.ts";

interface Explained {
  readonly reason: PlannedReason;
  /** Present when nothing stands in the way: it may be sent at this contact. */
  readonly work?: Work;
  /** Present while the device has it. */
  readonly inHand?: Work;
}

/**
 * Why a row gets no work now, in one word of the closed list, and when it will be tried; or the work
 * itself. Every row that is open, or that will be worked on again, has a reason. [D7]
 */
export function explainRow(
  input: PlanInput,
  distribution: Distribution,
  revision: Revision,
  app: Package,
  row: Installation,
): Explained {
  const { outlook } = input;
  const because = (reason: Reason | null, detail: string, nextAttemptMs: number | null = null) => ({
    reason: { distribution: distribution.id, reason, detail, nextAttemptMs },
  });
  const isAutomatic = distribution.mode === "automatic";

  if (needsRepair(row, distribution, revision)) {
    return outlook.hasWindows
      ? because("window", "will be installed again in the next window", outlook.nextMs)
      : because("no-window", "will be installed again once a window is set");
  }
  if (retriesByItself(row, revision, distribution)) {
    return because(
      isDeclined(row) ? "user" : "retry-backoff",
      retryDetail(row),
      isAutomatic ? outlook.nextMs : retryAtMs(row),
    );
  }
  if (!isOpen(row)) return because(null, "");
  if (row.stale) {
    return because("retry-backoff", "lost again and again: an administrator can retry it");
  }
  if (row.offeredAtMs !== null) {
    const installer = installerIn(input, revision, app);
    return {
      ...explainInHand(input, distribution, installer, row),
      ...(installer === undefined
        ? {}
        : { inHand: workOf(distribution, revision, app, installer, row) }),
    };
  }
  return explainWaiting(input, distribution, revision, app, row);
}

function explainInHand(
  input: PlanInput,
  distribution: Distribution,
  installer: Installer | undefined,
  row: Installation,
): Explained {
  const because = (reason: Reason, detail: string) => ({
    reason: { distribution: distribution.id, reason, detail, nextAttemptMs: null },
  });
  // It cannot even be asked how the work goes.
  const { enrolment } = input.device;
  const isOut =
    enrolment === "unenrolled" ||
    enrolment === "unknown" ||
    input.policy.enterprise.enterpriseId === null;
  const isCutOff = isOut && installer !== undefined;
  const obstacle = isCutOff ? enrolmentObstacle(input.device, input.policy, installer) : null;
  if (obstacle !== null) return because("enrolment", obstacle);
  const progress = progressOf(row);
  if (progress) return because(progress.reason, progress.detail);
  return (row.state ?? "").startsWith("Prompted user")
    ? because("user", "the user is asked to confirm")
    : because("contact", "sent; the device tells how it goes at its next contact");
}

/** A row of which nothing was sent yet: the obstacles, the one that decides first. */
function explainWaiting(
  input: PlanInput,
  distribution: Distribution,
  revision: Revision,
  app: Package,
  row: Installation,
): Explained {
  const { device, outlook, nowMs, content } = input;
  const because = (reason: Reason, detail: string, nextAttemptMs: number | null = null) => ({
    reason: { distribution: distribution.id, reason, detail, nextAttemptMs },
  });
  if (device.compliance === "out-of-compliance") {
    return because("compliance", "the device is out of compliance");
  }
  const installer = installerIn(input, revision, app);
  if (installer === undefined) {
    return because("contact", "waiting for a report about this device");
  }
  const obstacle = enrolmentObstacle(device, input.policy, installer);
  if (obstacle !== null) return because("enrolment", obstacle);

  const isReleased = row.releasedUntilMs !== null && nowMs < row.releasedUntilMs;
  if (row.requestedAtMs === null && !isReleased) {
    if (distribution.mode === "on-demand") {
      return because("available-on-demand", "installs when it is asked for");
    }
    if (!outlook.hasWindows) {
      return because("no-window", "no maintenance window applies to this device");
    }
    if (outlook.instantMs === null && outlook.nextMs === null) {
      return because("no-window", "the maintenance windows of this device are over for good");
    }
    if (outlook.instantMs === null) {
      return because("window", "waits for the maintenance window", outlook.nextMs);
    }
    return outlook.instantMs <= nowMs
      ? because("contact", "its turn has come: it is sent at the device's next contact")
      : because("instant", "the window is open; the device's turn comes", outlook.instantMs);
  }

  const schedule = distribution.schedule && scheduleAt(distribution.schedule, nowMs);
  if (schedule !== null && schedule.openUntilMs === null) {
    return schedule.nextMs === null
      ? because("no-window", "the schedule of its distribution is over for good")
      : because("window", "waits for the schedule of its distribution", schedule.nextMs);
  }

  if (distribution.operation === "install" && revision.file === null && revision.source) {
    return because("content", content.describeSource(revision));
  }
  const files = distribution.operation === "install" ? filesOf(revision) : [];
  const missing = files.find((file) => !content.has(file.sha256));
  if (missing) return because("content", content.describeMissing(missing.sha256));
  // What its user has to be there for is tried at each contact.
  const held = isHeldByUser(row) ? progressOf(row) : undefined;
  const { reason, detail } = held ?? NEXT_CONTACT;
  return {
    ...because(reason, detail),
    work: workOf(distribution, revision, app, installer, row),
  };
}

/** What a row stands for, as something to carry out. */
export function workOf(
  distribution: Distribution,
  revision: Revision,
  app: Package,
  installer: Installer,
  { operation, attempt }: Pick<Installation, "operation" | "attempt">,
): Work {
  return { distribution, revision, package: app, installer, operation, attempt };
}

const NEXT_CONTACT: Progress = {
  reason: "contact",
  detail: "will be sent at the device's next contact",
};

/** By what the device gets it; undefined when the site does not install it. */
function installerIn(
  { device, policy }: PlanInput,
  revision: Revision,
  app: Package,
): Installer | undefined {
  return installerFor(device, revision, app, policy.enterprise.platforms);
}
