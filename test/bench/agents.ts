/**
 * Devices that come and ask for work, at a site in a process of its own with its database on the disk
 * (WAL, synchronous=FULL: an answer leaves after its COMMIT).
 *
 * Sketch of what to expect: an idle check-in is a token to hash and find, a plan over ten rows and no
 * commit; at 0.2 ms of CPU, one core does 5,000 a second. A cycle is six requests with four commits in groups.
 */
import { AgentSite } from "./agent-site.ts";
import { BenchProcess } from "./drive.ts";
import type { PullDevice, PullResult, PullRound, PullSetup } from "./pull-client.ts";
import { type BenchResult, compared, result } from "./result.ts";
import { cpuSeconds } from "./server-figures.ts";
import { latencyAt } from "./statistics.ts";

const DEVICES = 500;
const OTHER_APPS = 10;
const IDLE_MS = 4_000;
const WARM_IDLE_MS = 1_000;
const WARM_CYCLES = 1;
const MEASURED_CYCLES = 3;

/** How much is measured; less of it to try whether all works. */
export interface AgentsBench {
  readonly devices: number;
  readonly idleMs: number;
  readonly cycles: number;
}

interface Measured extends PullResult {
  readonly serverCpuSeconds: number;
}

type Client = BenchProcess<PullSetup, PullRound, PullResult>;

export async function benchAgents(
  { devices, idleMs, cycles }: AgentsBench = {
    devices: DEVICES,
    idleMs: IDLE_MS,
    cycles: MEASURED_CYCLES,
  },
): Promise<BenchResult[]> {
  await using site = await AgentSite.start(devices, OTHER_APPS);
  const idle = await withClient(site, site.agents, async (client) => {
    await play(site, client, { kind: "first" });
    await client.ask({ kind: "idle", ms: Math.min(WARM_IDLE_MS, idleMs), conditional: true });
    return play(site, client, { kind: "idle", ms: idleMs, conditional: true });
  });
  needOnly(idle, "304");
  const { polls, conditional } = await withClient(site, site.ddi, async (client) => {
    await play(site, client, { kind: "first" });
    await client.ask({ kind: "idle", ms: Math.min(WARM_IDLE_MS, idleMs), conditional: false });
    return {
      polls: await play(site, client, { kind: "idle", ms: idleMs, conditional: false }),
      conditional: await play(site, client, { kind: "idle", ms: idleMs, conditional: true }),
    };
  });
  needOnly(polls, "200");
  const cycle = await measureCycles(site, cycles);

  const perSecond = idle.messages / idle.seconds;
  const ddiPerSecond = polls.messages / polls.seconds;
  return [
    compared("agents.idle_checkins_per_s", perSecond, "1/s", "DDI", ddiPerSecond, ">= 3000"),
    result("agents.idle_checkins_per_cpu_s", idle.messages / idle.serverCpuSeconds, "1/s"),
    result("agents.idle_p99_ms", p99(idle), "ms"),
    compared("agents.idle_bytes", bytesOf(idle), "bytes", "DDI", bytesOf(polls), "< 450"),
    result("agents.idle_answer_bytes", idle.answerBytes / idle.messages, "bytes", {
      aim: "< 150",
    }),
    result("agents.cycles_per_s", cycle.works / cycle.seconds, "1/s"),
    result("agents.cycles_per_cpu_s", cycle.works / cycle.serverCpuSeconds, "1/s"),
    result("agents.cycle_messages_per_s", cycle.messages / cycle.seconds, "1/s"),
    result("agents.cycle_p99_ms", p99(cycle), "ms"),
    result("ddi.polls_per_s", ddiPerSecond, "1/s"),
    result("ddi.polls_per_cpu_s", polls.messages / polls.serverCpuSeconds, "1/s"),
    result("ddi.conditional_polls_per_s", conditional.messages / conditional.seconds, "1/s"),
    result("ddi.conditional_poll_bytes", bytesOf(conditional), "bytes"),
  ];
}

async function measureCycles(site: AgentSite, cycles: number): Promise<Measured> {
  return withClient(site, site.agents, async (client) => {
    await play(site, client, { kind: "first" });
    const rounds: Measured[] = [];
    for (let cycle = 0; cycle < WARM_CYCLES + cycles; cycle++) {
      await site.nextUpdate();
      const played = await play(site, client, { kind: "cycle" });
      await site.checkInstalled();
      if (cycle >= WARM_CYCLES) rounds.push(played);
    }
    return together(rounds);
  });
}

async function withClient<T>(
  site: AgentSite,
  devices: readonly PullDevice[],
  use: (client: Client) => Promise<T>,
): Promise<T> {
  await using client: Client = new BenchProcess("pull-client.ts", { port: site.port, devices });
  return await use(client);
}

async function play(site: AgentSite, client: Client, round: PullRound): Promise<Measured> {
  const before = cpuSeconds(site.pid);
  const played = await client.ask(round);
  const wrong = Object.keys(played.statuses).filter((status) => !/^(200|204|304)$/.test(status));
  if (wrong.length > 0) {
    throw new Error(`the server refused load: ${JSON.stringify(played.statuses)}`);
  }
  return { ...played, serverCpuSeconds: cpuSeconds(site.pid) - before };
}

/** @throws when something else was measured than what is said */
function needOnly({ statuses, messages }: Measured, status: string): void {
  if (statuses[status] === messages) return;
  throw new Error(`idle devices were answered ${JSON.stringify(statuses)}, not ${status} alone`);
}

function bytesOf({ requestBytes, answerBytes, messages }: Measured): number {
  return (requestBytes + answerBytes) / messages;
}

function p99({ latenciesMs }: Measured): number {
  return latencyAt(
    [...latenciesMs].sort((a, b) => a - b),
    0.99,
  );
}

function together(rounds: readonly Measured[]): Measured {
  const sum = (of: (round: Measured) => number) => rounds.reduce((all, one) => all + of(one), 0);
  return {
    messages: sum((round) => round.messages),
    seconds: sum((round) => round.seconds),
    latenciesMs: rounds.flatMap((round) => round.latenciesMs),
    requestBytes: sum((round) => round.requestBytes),
    answerBytes: sum((round) => round.answerBytes),
    statuses: {},
    works: sum((round) => round.works),
    serverCpuSeconds: sum((round) => round.serverCpuSeconds),
  };
}
