/**
 * Complete updates of OMA DM devices, at a site in a process of its own with its database on the
 * disk (WAL, synchronous=FULL: an answer leaves after its COMMIT).
 *
 * Sketch of what to expect: a message is 3 KB of XML in (saxes alone: 0.1 ms), a plan over 20 rows,
 * five rows in a group commit and 1 KB of XML out; at 0.3 ms of CPU each, one core does about 3,000 a
 * second, and the echo server 30,000.
 */

import { ENCODINGS, type Encoding } from "../../protocols/syncml/encoding.ts";
import type { ByteDeviceOptions, Knowledge } from "./byte-device.ts";
import { LoadClient, startEcho } from "./drive.ts";
import type { LoadResult, LoadRound } from "./load-client.ts";
import { type BenchResult, compared, result } from "./result.ts";
import { cpuSeconds, peakRssMib } from "./server-figures.ts";
import { latencyAt, median } from "./statistics.ts";
import { basicDevices, fullDevices, UpdateSite } from "./update-site.ts";

const DEVICES = 500;
const INSTALLATIONS = 10_000;
/** In each encoding, by turns. */
const WARM_UPDATES = 1;
const MEASURED_UPDATES = 3;
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
  const updatesOfAll = (WARM_UPDATES + MEASURED_UPDATES) * ENCODINGS.length;
  await using site = await UpdateSite.start(DEVICES, INSTALLATIONS / DEVICES - updatesOfAll);
  const { xml, wbxml } = await measureUpdates(site);
  const { updates, echoed } = xml;
  const idle = await measureIdle(site, "xml", { challenged: false });
  const idleWbxml = await measureIdle(site, "wbxml", { challenged: false });
  const challenged = await measureIdle(site, "xml", { challenged: true });
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
    ...wbxmlFigures(wbxml, updates),
    result("syncml.slow_disk_messages_per_s", slow.messages / slow.seconds, "1/s"),
    result("syncml.slow_disk_p50_ms", slow.p50Ms, "ms"),
    result("syncml.slow_disk_p99_ms", slow.p99Ms, "ms"),
    ...idleFigures("syncml.idle", idle),
    ...idleFigures("syncml.wbxml_idle", idleWbxml),
    result("syncml.challenged_sessions_per_s", challenged.sessions / challenged.seconds, "1/s"),
    result("site.rss_mib", rssMib, "MiB", { aim: "< 200" }),
    result("site.start_ms", startMs, "ms", { aim: "< 1000" }),
  ];
}

/** The same updates in WBXML, beside those in XML. */
function wbxmlFigures({ updates, echoed }: Updates, xml: Measured): BenchResult[] {
  const per = (measured: Measured, what: "seconds" | "serverCpuSeconds") =>
    measured.messages / measured[what];
  return [
    compared(
      "syncml.wbxml_messages_per_s",
      per(updates, "seconds"),
      "1/s",
      "XML",
      per(xml, "seconds"),
      ">= 2500",
    ),
    compared(
      "syncml.wbxml_messages_per_cpu_s",
      per(updates, "serverCpuSeconds"),
      "1/s",
      "XML",
      per(xml, "serverCpuSeconds"),
    ),
    result("syncml.wbxml_ratio_to_echo", per(updates, "seconds") / per(echoed, "seconds"), "1"),
    compared("syncml.wbxml_p50_ms", updates.p50Ms, "ms", "XML", xml.p50Ms),
    compared("syncml.wbxml_p99_ms", updates.p99Ms, "ms", "XML", xml.p99Ms, "< 250"),
    compared(
      "syncml.wbxml_request_bytes",
      updates.requestBytes / updates.messages,
      "bytes",
      "XML",
      xml.requestBytes / xml.messages,
    ),
    compared(
      "syncml.wbxml_answer_bytes",
      updates.answerBytes / updates.messages,
      "bytes",
      "XML",
      xml.answerBytes / xml.messages,
    ),
  ];
}

function idleFigures(name: string, idle: Measured): BenchResult[] {
  const answerBytes = idle.answerBytes / idle.messages;
  // XML's namespaces and names alone take more than is wanted.
  const isForAims = name.includes("wbxml");
  return [
    result(`${name}_messages_per_s`, idle.messages / idle.seconds, "1/s"),
    result(`${name}_messages_per_cpu_s`, idle.messages / idle.serverCpuSeconds, "1/s"),
    result(`${name}_p99_ms`, idle.p99Ms, "ms"),
    result(`${name}_request_bytes`, idle.requestBytes / idle.messages, "bytes"),
    result(`${name}_answer_bytes`, answerBytes, "bytes", isForAims ? { aim: "< 150" } : {}),
    result(
      `${name}_both_ways_bytes`,
      idle.requestBytes / idle.messages + answerBytes,
      "bytes",
      isForAims ? { aim: "< 450" } : {},
    ),
  ];
}

interface Updates {
  readonly updates: Measured;
  readonly echoed: Measured;
}

async function measureUpdates(site: UpdateSite): Promise<Readonly<Record<Encoding, Updates>>> {
  const xml = await Player.start(site, "xml");
  const wbxml = await Player.start(site, "wbxml");
  try {
    for (let update = 0; update < WARM_UPDATES + MEASURED_UPDATES; update++) {
      for (const player of [xml, wbxml]) {
        const played = await playUpdate(site, player.client);
        if (update >= WARM_UPDATES) player.rounds.push(...played);
      }
    }
  } finally {
    await xml.client[Symbol.asyncDispose]();
    await wbxml.client[Symbol.asyncDispose]();
  }
  return { xml: await xml.measured(), wbxml: await wbxml.measured() };
}

/** All devices in one encoding, and what was measured with them. */
class Player {
  readonly client: LoadClient;
  readonly rounds: Round[] = [];
  readonly #devices: readonly ByteDeviceOptions[];

  static async start(site: UpdateSite, encoding: Encoding): Promise<Player> {
    const devices = fullDevices(site.accounts, encoding);
    const player = new Player(site.port, devices);
    await player.client.play({ ...site.firstContact(), until: ONCE, answers: null });
    return player;
  }

  private constructor(port: number, devices: readonly ByteDeviceOptions[]) {
    this.#devices = devices;
    this.client = new LoadClient({ port, devices });
  }

  async measured(): Promise<Updates> {
    const echoed = await measureEcho(this.#devices, this.rounds);
    return { updates: together(this.rounds), echoed };
  }
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
  encoding: Encoding,
  options: { readonly challenged: boolean },
): Promise<Measured> {
  const devices = basicDevices(site.accounts, encoding, options);
  await using client = new LoadClient({ port: site.port, devices });
  const { knows } = site.firstContact();
  await client.play({ knows, until: ONCE, answers: null });
  const round = { knows, until: { ms: IDLE_MS }, answers: null };
  return together([await play(client, site.pid, round)]);
}

/** The same updates with 20 ms added to every commit, as on cheap flash. */
async function measureSlowDisk(site: UpdateSite): Promise<Measured> {
  await site.restartWithSlowCommits();
  await using client = new LoadClient({
    port: site.port,
    devices: fullDevices(site.accounts, "xml"),
  });
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
