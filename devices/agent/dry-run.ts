import type { PlanStep } from "../../protocols/agent/answers.ts";
import type { AgentStore } from "./agent-store.ts";
import { type LookAt, unmetMetrics } from "./metrics.ts";
import type { StepTask } from "./run.ts";
import type { SiteClient } from "./site-client.ts";
import { prepareStep, type Surroundings } from "./steps.ts";

interface DryRun {
  readonly store: AgentStore;
  readonly client: SiteClient;
  readonly around: Omit<Surroundings, "urlOf">;
  readonly look: LookAt;
  readonly stop: AbortSignal;
  readonly say: (text: string) => void;
}

/** Says what the site wants done and how it would be done now. Nothing is done, and nothing reported. */
export async function dryRun({ store, client, around, look, stop, say }: DryRun): Promise<void> {
  if (store.state.run) say(`Under way: ${store.state.run.work.package.name}.`);
  const polled = await client.poll(undefined, { etag: undefined, waitSeconds: 0, signal: stop });
  const plan = polled?.plan;
  if (!plan || plan.work.length === 0) return say("There is nothing to do.");
  for (const work of plan.work) {
    say(`${work.package.name} ${work.package.version}: ${work.operation} (${work.do})`);
    const unmet = await unmetMetrics(work.metrics, look);
    for (const { metric, reason } of unmet) say(`  metric ${metric} does not hold: ${reason}`);
    if (work.metrics.length > 0 && unmet.length === 0) say("  all metrics hold");
    for (const step of work.steps) {
      say(`  ${step.index + 1}. ${step.kind}: ${await howTo(step)}`);
    }
    async function howTo(step: PlanStep): Promise<string> {
      if (step.skip !== undefined) return `left out: ${step.skip}`;
      if (step.problem !== undefined) return `would fail: ${step.problem}`;
      if (step.kind === "WarmBoot") return "restarts the device when the package is done";
      try {
        const task = await prepareStep(step, work, { ...around, urlOf: () => undefined });
        return step.kind === "Download" ? `${step.source} to ${step.target}` : taskText(task);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        return `as the device is now it would fail: ${reason}`;
      }
    }
  }
}

function taskText(task: StepTask): string {
  switch (task.kind) {
    case "download":
      return "";
    case "program":
      return [task.program, ...task.args].map((word) => JSON.stringify(word)).join(" ");
    case "terminate":
      return task.processes.map(({ name, pid }) => `${name} (${pid})`).join(", ");
    default:
      return task.items.map(({ from, to }) => (to === null ? from : `${from} -> ${to}`)).join(", ");
  }
}
