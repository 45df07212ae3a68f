/**
 * Complete updates of OMA DM devices, at a site in a process of its own with its database on the
 * disk (WAL, synchronous=FULL: an answer leaves after its COMMIT).
 *
 * Sketch of what to expect: a message is 3 KB of XML in (saxes alone: 0.1 ms), a plan over 20 rows,
 * five rows in a group commit and 1 KB of XML out; at 0.3 ms of CPU each, one core does about 3,000 a
 * second, and the echo server 30,000.
 */

import type { ByteDeviceOptions, Knowledge } from "./byte-device.ts";
import { LoadClient, startEcho } from "./drive.ts";
import type { LoadResult, LoadRound } from "./load-client.ts";
import { type BenchResult, compared, result } from "./result.ts";
import { cpuSeconds, peakRssMib } from "./server-figures.ts";
import { latencyAt, median } from "./statistics.ts";
import { basicDevices, fullDevices, UpdateSite } from "./update-site.ts";

const DEVICES = 500;
const INSTALLATIONS = 10_000;
const WARM_UPDATES = 2;
const MEASURED_UPDATES = 4;
const SLOW_UPDATES = 1;
/** Of each kind, on each device: echoing is quick, and a short time cannot be measured well. */
const ECHO_SESSIONS = 20;
const IDLE_MS = 2_500;
const STARTS = 3;
/** Of one update: it is sent, it is under way, it is done. */
const SESSIONS = 3;

const ONCE = { sessions: 1 };

/** One or more rounds of load put together. */
interface Measured {
  readonly messages: number;
  readonly sessions: number;
  readonly seconds: number;
  readonly serverCpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
}

type Round = LoadResult & { readonly knows: Knowledge; readonly serverCpuSeconds: number };

export async function benchSyncml(): Promise<BenchResult[]> {
  const otherApps = INSTALLATIONS / DEVICES - WARM_UPDATES - MEASURED_UPDATES;
  await using site = await UpdateSite.start(DEVICES, otherApps);
  const { updates, echoed } = await measureUpdates(site);
  const idle = await measureIdle(site, { challenged: false });
  const challenged = await measureIdle(site, { challenged: true });
  const rssMib = peakRssMib(site.pid);
  const startMs = await startTime(site);
  const slow = await measureSlowDisk(site);

  const perSecond = updates.messages / updates.seconds;
  const echoPerSecond = echoed.messages / echoed.seconds;
  return [
    compared("syncml.messages_per_s", perSecond, "1/s", "echo", echoPerSecond, ">= 2500"),
    result("syncml.sessions_per_s", updates.sessions / updates.seconds, "1/s"),
    result("syncml.updates_per_s", updates.sessions / updates.seconds / SESSIONS, "1/s"),
    compared(
      "syncml.messages_per_cpu_s",
      updates.messages / updates.serverCpuSeconds,
      "1/s",
      "echo",
      echoed.messages / echoed.serverCpuSeconds,
    ),
    result("syncml.sessions_per_cpu_s", updates.sessions / updates.serverCpuSeconds, "1/s"),
    result("syncml.ratio_to_echo", perSecond / echoPerSecond, "1"),
    compared("syncml.p50_ms", updates.p50Ms, "ms", "echo", echoed.p50Ms),
    compared("syncml.p99_ms", updates.p99Ms, "ms", "echo", echoed.p99Ms, "< 250"),
    result("syncml.request_bytes", updates.requestBytes / updates.messages, "bytes"),
    result("syncml.answer_bytes", updates.answerBytes / updates.messages, "bytes"),
    result("syncml.slow_disk_messages_per_s", slow.messages / slow.seconds, "1/s"),
    result("syncml.slow_disk_p50_ms", slow.p50Ms, "ms"),
    result("syncml.slow_disk_p99_ms", slow.p99Ms, "ms"),
    result("syncml.idle_messages_per_s", idle.messages / idle.seconds, "1/s"),
    result("syncml.idle_messages_per_cpu_s", idle.messages / idle.serverCpuSeconds, "1/s"),
    result("syncml.idle_p99_ms", idle.p99Ms, "ms"),
    result("syncml.idle_request_bytes", idle.requestBytes / idle.messages, "bytes"),
    result("syncml.idle_answer_bytes", idle.answerBytes / idle.messages, "bytes", {
      aim: "< 150", // Needs WBXML: the namespaces and names of XML alone take more.
    }),
    result("syncml.challenged_sessions_per_s", challenged.sessions / challenged.seconds, "1/s"),
    result("site.rss_mib", rssMib, "MiB", { aim: "< 200" }),
    result("site.start_ms", startMs, "ms", { aim: "< 1000" }),
  ];
}

async function measureUpdates(
  site: UpdateSite,
): Promise<{ readonly updates: Measured; readonly echoed: Measured }> {
  const devices = fullDevices(site.accounts);
  await using client = new LoadClient({ port: site.port, devices });
  await client.play({ ...site.firstContact(), until: ONCE, answers: null });
  const rounds: Round[] = [];
  for (let update = 0; update < WARM_UPDATES + MEASURED_UPDATES; update++) {
    const played = await playUpdate(site, client);
    if (update >= WARM_UPDATES) rounds.push(...played);
  }
  return { updates: together(rounds), echoed: await measureEcho(devices, rounds) };
}

/** The three sessions of an update on every device, and that it is installed then. */
async function playUpdate(site: UpdateSite, client: LoadClient): Promise<Round[]> {
  const rounds: Round[] = [];
  for await (const knows of site.nextUpdate()) {
    rounds.push(await play(client, site.pid, { knows, until: ONCE, answers: null }));
  }
  await site.checkInstalled();
  return rounds;
}

/** The same client and requests, against a server that reads them and sends them back. */
async function measureEcho(
  devices: readonly ByteDeviceOptions[],
  rounds: readonly Round[],
): Promise<Measured> {
  await using echo = await startEcho();
  await using client = new LoadClient({ port: echo.port, devices });
  const echoed: Round[] = [];
  const kinds = rounds.slice(-SESSIONS);
  for (const { knows, heard } of kinds) {
    await play(client, echo.pid, { knows, until: { sessions: 4 }, answers: heard }); // To warm up.
  }
  for (const { knows, heard } of kinds) {
    const until = { sessions: ECHO_SESSIONS };
    echoed.push(await play(client, echo.pid, { knows, until, answers: heard }));
  }
  return together(echoed);
}

/** Check-ins of devices that have nothing to do, one message each, or two when challenged. */
async function measureIdle(
  site: UpdateSite,
  options: { readonly challenged: boolean },
): Promise<Measured> {
  const devices = basicDevices(site.accounts, options);
  await using client = new LoadClient({ port: site.port, devices });
  const { knows } = site.firstContact();
  await client.play({ knows, until: ONCE, answers: null });
  const round = { knows, until: { ms: IDLE_MS }, answers: null };
  return together([await play(client, site.pid, round)]);
}

/** The same updates with 20 ms added to every commit, as on cheap flash. */
async function measureSlowDisk(site: UpdateSite): Promise<Measured> {
  await site.restartWithSlowCommits();
  await using client = new LoadClient({ port: site.port, devices: fullDevices(site.accounts) });
  const rounds: Round[] = [];
  await playUpdate(site, client); // To warm up.
  for (let update = 0; update < SLOW_UPDATES; update++) {
    for await (const knows of site.nextUpdate()) {
      using _slow = site.slowCommits();
      rounds.push(await play(client, site.pid, { knows, until: ONCE, answers: null }));
    }
  }
  await site.checkInstalled();
  return together(rounds);
}

/** From spawn to /readyz 200 with an up-to-date database; the median of a few. */
async function startTime(site: UpdateSite): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) times.push(await site.restart());
  return median(times);
}

/** @param pid of the server */
async function play(client: LoadClient, pid: number, round: LoadRound): Promise<Round> {
  const before = cpuSeconds(pid);
  const played = await client.play(round);
  return { ...played, knows: round.knows, serverCpuSeconds: cpuSeconds(pid) - before };
}

function together(rounds: readonly Round[]): Measured {
  const sum = (of: (round: Round) => number) => rounds.reduce((all, one) => all + of(one), 0);
  const latenciesMs = rounds.flatMap((round) => round.latenciesMs).sort((a, b) => a - b);
  return {
    messages: sum((round) => round.messages),
    sessions: sum((round) => round.sessions),
    seconds: sum((round) => round.seconds),
    serverCpuSeconds: sum((round) => round.serverCpuSeconds),
    p50Ms: latencyAt(latenciesMs, 0.5),
    p99Ms: latencyAt(latenciesMs, 0.99),
    requestBytes: sum((round) => round.requestBytes),
    answerBytes: sum((round) => round.answerBytes),
  };
}
