/**
 * Sessions of OMA DM devices against a site in a process of its own.
 *
 * Sketch of what to expect: an idle check-in is one small XML document in, one out, and one row in a
 * group commit; at 0.3 ms of CPU each, one core does about 3,000 a second, and the echo server 80,000.
 */
import { z } from "zod";
import { SimulatedDevice } from "../../devices/simulator/device.ts";
import { Fleet } from "../../devices/simulator/fleet.ts";
import { planFleet } from "../../devices/simulator/fleet-plan.ts";
import { startSession } from "../../protocols/oma-dm/client-session.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import { encodeMessage } from "../../protocols/syncml/encode-message.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import { startGateway, type TestGateway } from "../harness/process.ts";
import { drive, startEcho } from "./drive.ts";
import { type LoadOrder, type LoadResult, NUMBER_HOLE } from "./load-client.ts";
import { type BenchResult, compared, result } from "./result.ts";
import { cpuSeconds, peakRssMib } from "./server-figures.ts";
import { median } from "./statistics.ts";

const DEVICES = 200;
const CONNECTIONS = 32;
const WARM_UP_MS = 2_000;
const DURATION_MS = 8_000;
const STARTS = 5;
const SLOW_COMMIT_MS = 20;
const CONTENT_TYPE = "application/vnd.syncml.dm+xml";

interface Measured extends LoadResult {
  readonly cpuSeconds: number;
}

interface Account {
  readonly stableId: string;
  readonly userName: string;
  readonly password: string;
}

const Registered = z.object({ userName: z.string(), password: z.string() });

export async function benchSyncml(): Promise<BenchResult[]> {
  await using site = await startGateway({ role: "site" });
  const accounts = await registerDevices(site);
  const idle = accounts.map((account) => [checkIn(account, true)]);
  const challenged = accounts.map((account) => [
    checkIn(account, false),
    checkIn(account, true, 2),
  ]);

  const messages = await measure(site, idle);
  const sessions = await measure(site, challenged);
  await using echo = await startEcho(messages.answerBytes);
  const echoed = await drive({ ...order(echo.port), conversations: idle });
  const perSecond = messages.messages / messages.seconds;
  const echoPerSecond = echoed.messages / echoed.seconds;
  const results: BenchResult[] = [
    compared("syncml.messages_per_s", perSecond, "1/s", "echo", echoPerSecond),
    result("syncml.messages_per_cpu_s", messages.messages / messages.cpuSeconds, "1/s"),
    result("syncml.sessions_per_s", sessions.conversations / sessions.seconds, "1/s"),
    result("syncml.sessions_per_cpu_s", sessions.conversations / sessions.cpuSeconds, "1/s"),
    result("syncml.ratio_to_echo", perSecond / echoPerSecond, "1"),
    compared("syncml.p99_ms", messages.p99Ms, "ms", "echo", echoed.p99Ms),
    result("syncml.idle_answer_bytes", messages.answerBytes, "bytes"),
    result("syncml.idle_request_bytes", idle[0]?.[0]?.length ?? 0, "bytes"),
    result("site.rss_mib", peakRssMib(pidOf(site)), "MiB"),
  ];
  results.push(...(await slowDisk(site, idle)));
  results.push(result("site.start_ms", await startTime(site), "ms"));
  return results;
}

async function registerDevices(site: TestGateway): Promise<Account[]> {
  const client = await site.signIn();
  const accounts: Account[] = [];
  const devices: SimulatedDevice[] = [];
  for (const plan of planFleet(DEVICES, 1, { mix: { basic: 1 }, prefix: "bench" })) {
    const { stableId, name } = plan;
    const { userName, password } = await client.request("/api/v1/devices", Registered, {
      method: "POST",
      json: { stableId, name, platform: "Windows", osPlatform: "Windows 10 Mobile" },
    });
    accounts.push({ stableId, userName, password });
    const account = { serverUrl: `${site.url}/syncml`, userName, password };
    devices.push(new SimulatedDevice(plan, account, { fetch, startMs: site.nowMs }));
  }
  // The first sessions ask for inventories and the like; afterwards a check-in is idle.
  const fleet = new Fleet(devices);
  for (let round = 0; round < 3; round++) await fleet.contactAll(site.nowMs);
  return accounts;
}

/** Package 1 of a basic client, with a hole for the session's number. */
function checkIn(account: Account, withCredentials: boolean, messageId = 1): string {
  const { message } = startSession({
    sessionId: NUMBER_HOLE,
    device: account.stableId,
    server: "/syncml",
    userName: account.userName,
    password: account.password,
    scheme: "syncml:auth-basic",
    nonce: null,
    waitsForChallenge: !withCredentials,
    startAlert: ALERT.clientInitiated,
    alerts: [],
    devInfo: [["./DevInfo/DevId", account.stableId]],
    maxMsgSize: null,
    answersMax: 100,
  });
  return printXml(encodeMessage({ ...message, header: { ...message.header, messageId } }));
}

async function measure(
  site: TestGateway,
  conversations: LoadOrder["conversations"],
): Promise<Measured> {
  const pid = pidOf(site);
  const before = cpuSeconds(pid);
  const load = await drive({ ...order(Number(new URL(site.url).port)), conversations });
  // The warm-up counts in CPU time but not in messages: scaled to the measured part.
  const share = DURATION_MS / (DURATION_MS + WARM_UP_MS);
  return { ...load, cpuSeconds: (cpuSeconds(pid) - before) * share };
}

function order(port: number): Omit<LoadOrder, "conversations"> {
  return {
    port,
    path: "/syncml",
    contentType: CONTENT_TYPE,
    connections: CONNECTIONS,
    warmUpMs: WARM_UP_MS,
    durationMs: DURATION_MS,
  };
}

/** The same with 20 ms added to every write to disk, as on cheap flash; needs strace. */
async function slowDisk(
  site: TestGateway,
  conversations: LoadOrder["conversations"],
): Promise<BenchResult[]> {
  if (Bun.which("strace") === null) {
    console.error("strace is not installed (apt-get install strace): no figures for a slow disk.");
    return [];
  }
  const delay = `inject=fsync,fdatasync:delay_exit=${SLOW_COMMIT_MS * 1000}`;
  const tracer = Bun.spawn(
    ["strace", "-f", "-q", "-p", String(pidOf(site)), "-e", "trace=fsync,fdatasync", "-e", delay],
    { stdout: "ignore", stderr: "ignore" },
  );
  try {
    const load = await measure(site, conversations);
    return [
      result("syncml.slow_disk_messages_per_s", load.messages / load.seconds, "1/s"),
      result("syncml.slow_disk_p99_ms", load.p99Ms, "ms"),
    ];
  } finally {
    tracer.kill("SIGINT");
    await tracer.exited;
  }
}

/** From spawn to /readyz 200 with an up-to-date database; the median of a few. */
async function startTime(site: TestGateway): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    await site.process.stop();
    const beginMs = performance.now();
    await site.restart();
    times.push(performance.now() - beginMs);
  }
  return median(times);
}

function pidOf(site: TestGateway): number {
  const { pid } = site.process;
  if (pid === undefined) throw new Error("the site is not running");
  return pid;
}
