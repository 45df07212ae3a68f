import { expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { contact, hearReports } from "../../../devices/service/contact/contact.ts";
import { reportWork } from "../../../devices/service/contact/report-work.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { DdiSite } from "../../harness/ddi-site.ts";
import { MenderSite } from "../../harness/mender-site.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { SiteCore } from "../../harness/site-core.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const ROUNDS = 3;
const STEPS = 60;
const HOUR_MS = 3_600_000;
/** The machine may be busy with others. */
const TIMEOUT_MS = 60_000;

/** Work as one protocol's device has it in hand: which, and how it says how far it is. */
interface Job {
  readonly distribution: DistributionId;
  say(word: "begun" | "done" | "failed"): Promise<unknown>;
}

/** A device of one protocol at a site. */
interface Hand extends AsyncDisposable {
  readonly core: SiteCore;
  readonly id: DeviceId;
  distribute(version: string, mode: "automatic" | "on-demand"): Promise<DistributionId>;
  /** Comes, and takes what it is offered. */
  come(): Promise<Job | undefined>;
}

async function agentHand(): Promise<Hand> {
  const core = await SiteCore.open();
  const { context } = core;
  const made = await registerDevice(
    context,
    { stableId: "box", platform: "Windows", protocol: "agent" },
    "test",
  );
  const { id } = made.device;
  const words = { begun: "installing", done: "succeeded", failed: "action-failed" };
  return {
    core,
    id,
    distribute: (version, mode) => core.distributeAgent(version, { mode }),
    come: () =>
      contact(context, id, { protocol: "agent" }, (offers) => {
        const [work] = [...offers.inHand, ...offers.newWork];
        if (!work) return undefined;
        offers.offered(work);
        const { attempt } = work;
        const distribution = work.distribution.id;
        const about = { distribution, attempt, source: "agent", protocol: "agent" } as const;
        const say: Job["say"] = (word) =>
          hearReports(context, id, "agent", (ledger) =>
            reportWork(context, ledger, { ...about, value: words[word] }),
          );
        return { distribution, say };
      }),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}

async function menderHand(): Promise<Hand> {
  const site = await MenderSite.open();
  const { core } = site;
  const { id, box } = await site.device();
  const byArtifact = new Map<string, DistributionId>();
  const words = { begun: "installing", done: "success", failed: "failure" };
  return {
    core,
    id,
    distribute: async (version, mode) => {
      const distribution = await core.distributeMender(version, { mode });
      byArtifact.set(`tool-${version}`, distribution);
      return distribution;
    },
    come: async () => {
      await box.authenticate();
      const next = await box.next();
      const distribution = byArtifact.get(next?.artifact.artifact_name ?? "");
      if (!next || !distribution) return undefined;
      return { distribution, say: (word) => box.says(next.id, words[word]) };
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

async function ddiHand(): Promise<Hand> {
  const site = await DdiSite.open();
  const { core } = site;
  const box = await site.device("kiosk");
  const words = {
    begun: ["proceeding", "none"],
    done: ["closed", "success"],
    failed: ["closed", "failure"],
  } as const;
  return {
    core,
    id: box.id,
    distribute: (version, mode) => site.distribute(version, { mode }),
    come: async () => {
      const { deploymentBase } = await box.poll();
      if (deploymentBase === undefined) return undefined;
      await box.ask(deploymentBase);
      const number = Number(/\/(\d+)(?:\?|$)/.exec(deploymentBase)?.[1]);
      const jobs = await core.context.store.jobs(box.id);
      const job = jobs.find((one) => one.id === number);
      if (!job) throw new Error(`no job ${number}`);
      const say: Job["say"] = (word) => {
        const [execution, finished] = words[word];
        return box.report(`/deploymentBase/${number}`, execution, finished);
      };
      return { distribution: job.distribution, say };
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

// Goal: whatever is stopped, retried, superseded, repeated, late, or forgotten by a restart, a row is
// Installed only where the device said so of that very distribution.
test.each([
  ["agent", agentHand],
  ["ddi", ddiHand],
  ["mender", menderHand],
])(
  `%s: installed is only what the device said it installed (TEST_SEED=${SEED})`,
  async (_, open) => {
    const random = seededRandom(SEED);
    const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
    for (let round = 0; round < ROUNDS; round++) {
      await using hand = await open();
      const { core, id } = hand;
      const { context } = core;
      await core.addWindow("2026-11-01T22:00", 180);
      const distributions: DistributionId[] = [];
      const jobs: Job[] = [];
      const saidDone = new Set<DistributionId>();
      const say = async (job: Job | undefined, word: "begun" | "done" | "failed") => {
        if (!job) return;
        if (word === "done") saidDone.add(job.distribution);
        await job.say(word);
      };
      const key = (distribution: DistributionId) => ({
        site: context.site,
        device: id,
        distribution,
      });
      /** An administrator may be told that it cannot be done. */
      const tried = (work: Promise<unknown>) => work.catch(() => undefined);
      const steps = [
        async () => {
          const mode = random() < 0.5 ? "automatic" : "on-demand";
          distributions.push(await hand.distribute(`1.${distributions.length}`, mode));
        },
        async () => {
          const one = pick(distributions);
          if (one) await tried(requestInstallation(context, key(one), "test"));
        },
        async () => {
          const one = pick(distributions);
          if (one) await tried(retryInstallation(context, key(one), "test"));
        },
        async () => {
          const one = pick(distributions);
          if (random() < 0.5 || !one) return;
          const stopped = core.policy.distributions.map((old) =>
            old.id === one ? { ...old, stoppedAtMs: core.nowMs } : old,
          );
          await core.change({ distributions: stopped });
        },
        async () => {
          const job = await hand.come();
          if (job) jobs.push(job);
        },
        () => say(jobs.at(-1), "begun"),
        () => say(jobs.at(-1), random() < 0.7 ? "done" : "failed"),
        // Late, or twice.
        () => say(pick(jobs), pick(["begun", "done", "failed"] as const) ?? "begun"),
        async () => core.restart(),
        () => core.advance(Math.ceil(random() * 3) * HOUR_MS),
      ];
      // What it says does count: else nothing below would mean anything.
      const first = await hand.distribute("0.9", "on-demand");
      distributions.push(first);
      await requestInstallation(context, key(first), "test");
      const begun = await hand.come();
      await say(begun, "begun");
      expect((await core.row(id, first)).status).toBe("installing");
      await say(begun, "done");
      expect((await core.row(id, first)).status).toBe("installed");
      for (let step = 0; step < STEPS; step++) {
        await pick(steps)?.();
        const rows = (await context.store.view(id))?.installations ?? [];
        const installed = rows.filter(({ status }) => status === "installed");
        const unsaid = installed.filter(({ distribution }) => !saidDone.has(distribution));
        expect([step, unsaid.map(({ distribution }) => distribution)]).toEqual([step, []]);
      }
    }
  },
  TIMEOUT_MS,
);
