import { setTimeout as wait } from "node:timers/promises";
import { type Behaviour, FIELD } from "../../../devices/simulator/behaviour.ts";
import { SimulatedDevice } from "../../../devices/simulator/device.ts";
import { Fleet, type FleetStep, type FleetSummary } from "../../../devices/simulator/fleet.ts";
import { planFleet } from "../../../devices/simulator/fleet-plan.ts";
import type { ProfileChange } from "../../../devices/simulator/profiles.ts";
import { ApiClient } from "../../client/api-client.ts";
import { enrolFleet } from "../../demo/branch.ts";
import { CommandError, command, JSON_ARG } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { type Datagrams, hearDatagrams } from "../hear-datagrams.ts";
import { readWholeNumber, siteUrl, tokenOf } from "../options.ts";
import { FLEET_ARGS, type FleetArgs, readChange, readMix } from "../simulated-fleet.ts";
import { stopSignal } from "../stop-signal.ts";
import { tableText } from "../table.ts";
import type { Terminal } from "../terminal.ts";

/** More devices than this do not fit into the memory this command promises to stay within. */
const DEVICES_MAX = 2_000;
const TICK_MS = 250;
const REPORT_MS = 5_000;

/** The others are words for people as they are. */
const STATUS_NAMES: Readonly<Record<string, string>> = {
  none: "nothing to do",
  "waiting-for-user": "waiting for the user",
  "download-failed": "download failed",
};

interface Totals {
  sessions: number;
  /** Those of them that a notification began. */
  called: number;
  messages: number;
  readonly problems: Record<string, number>;
}

/** `outpost simulate`: a fleet of devices against a running site, in real time. */
export const simulateCommand = command({
  about: "Run a fleet of simulated devices against a site.",
  args: {
    site: { type: "string", required: true, valueHint: "URL", description: "The site's address." },
    devices: { type: "string", default: "20", valueHint: "N", description: "How many devices." },
    seed: {
      type: "string",
      default: "1",
      valueHint: "S",
      description: "Decides everything random.",
    },
    token: {
      type: "string",
      valueHint: "FILE",
      description: "File with an API token that may register devices; else OUTPOST_TOKEN.",
    },
    codes: {
      type: "string",
      valueHint: "FILE",
      description: "File with one enrolment code per line, instead of a token.",
    },
    ...FLEET_ARGS,
    listen: {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "Listen for notifications (UDP) there, and tell the site so: called devices begin a session.",
    },
    interval: {
      type: "string",
      default: "60",
      valueHint: "SECONDS",
      description: "Between polls.",
    },
    speed: {
      type: "string",
      default: "1",
      valueHint: "N",
      description: "Downloads and installations run this many times faster.",
    },
    for: { type: "string", valueHint: "SECONDS", description: "End after this time." },
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const url = siteUrl(args.site);
    const count = readWholeNumber("devices", args.devices, 1, DEVICES_MAX);
    const seed = readWholeNumber("seed", args.seed, 0, 2 ** 31);
    const behaviour: Behaviour = {
      ...FIELD,
      pollIntervalMs: readWholeNumber("interval", args.interval, 1, 86_400) * 1000,
      slowness: 1 / readWholeNumber("speed", args.speed, 1, 1_000),
    };
    const untilMs =
      args.for === undefined
        ? Number.POSITIVE_INFINITY
        : Date.now() + readWholeNumber("for", args.for, 1, 31_536_000) * 1000;
    const mix = readMix(args);
    const change = readChange(args);
    if (args.codes !== undefined) refuseWithCodes(args);
    using datagrams = args.listen === undefined ? undefined : await hearDatagrams(args.listen);
    const named = { count, seed, prefix: "simulated", change, listensAt: datagrams?.address };
    const common = { ...named, startMs: Date.now(), behaviour, fetch };
    const fleet =
      args.codes === undefined
        ? await enrolFleet(
            { client: new ApiClient(url, await tokenOf(args.token, terminal)), url },
            { ...common, ...(mix !== undefined && { mix }) },
          )
        : fleetFromCodes(url, await readCodes(args.codes, count), common);
    terminal.err(`${count} devices are switched on.`);
    if (datagrams) terminal.err(`They listen for notifications at ${datagrams.address}.`);
    return await runFleet(fleet, { untilMs, json: args.json === true, terminal, datagrams });
  },
});

async function runFleet(
  fleet: Fleet,
  {
    untilMs,
    json,
    terminal,
    datagrams,
  }: { untilMs: number; json: boolean; terminal: Terminal; datagrams: Datagrams | undefined },
) {
  const stop = stopSignal(Date.now);
  const totals: Totals = { sessions: 0, called: 0, messages: 0, problems: {} };
  let reportMs = Date.now() + REPORT_MS;
  while (!stop.aborted && Date.now() < untilMs) {
    addTo(totals, await fleet.step(Date.now()));
    for (const datagram of datagrams?.take() ?? []) {
      const step = await fleet.hear(datagram, Date.now());
      totals.called += step.sessions;
      addTo(totals, step);
    }
    const line = describe(fleet.summary(), totals);
    if (terminal.isTty && !json) terminal.overwrite(line.slice(0, terminal.columns - 1));
    else if (Date.now() >= reportMs) {
      terminal.out(json ? JSON.stringify({ ...fleet.summary(), ...totals }) : line);
      reportMs = Date.now() + REPORT_MS;
    }
    await wait(TICK_MS);
  }
  if (terminal.isTty && !json) terminal.overwrite("");
  const summary = fleet.summary();
  if (json) terminal.out(JSON.stringify({ ...summary, ...totals }));
  else {
    const rows = Object.entries(summary.byStatus).map(([status, number]) => [
      STATUS_NAMES[status] ?? status,
      number,
    ]);
    for (const text of tableText(["state", "count"], rows)) terminal.out(text);
    terminal.out(describe(summary, totals));
  }
  return Object.keys(totals.problems).length === 0 ? EXIT.ok : EXIT.negative;
}

function addTo(totals: Totals, { sessions, messages, problems }: FleetStep): void {
  totals.sessions += sessions;
  totals.messages += messages;
  for (const [end, number] of Object.entries(problems)) {
    totals.problems[end] = (totals.problems[end] ?? 0) + number;
  }
}

function describe({ devices, busy, byStatus }: FleetSummary, totals: Totals): string {
  const problems = Object.entries(totals.problems).map(([end, number]) => `${number} ${end}`);
  const failed = (byStatus.failed ?? 0) + (byStatus["download-failed"] ?? 0);
  return [
    `${devices} devices`,
    `${busy} busy`,
    `${byStatus.installed ?? 0} installed`,
    `${failed} failed`,
    `${totals.sessions} sessions`,
    ...(totals.called > 0 ? [`${totals.called} of them called for`] : []),
    `${totals.messages} messages`,
    ...(problems.length > 0 ? [`problems: ${problems.join(", ")}`] : []),
  ].join(", ");
}

/** A code is the password of the first, basic, credential. [D14] */
function fleetFromCodes(
  url: string,
  codes: readonly string[],
  options: {
    readonly count: number;
    readonly seed: number;
    readonly prefix: string;
    readonly startMs: number;
    readonly behaviour: Behaviour;
    readonly change: ProfileChange;
    readonly fetch: typeof fetch;
  },
): Fleet {
  const plans = planFleet(options.count, options.seed, {
    mix: { basic: 1 },
    prefix: options.prefix,
  });
  return new Fleet(
    plans.map((plan, index) => {
      const password = codes[index] ?? "";
      const account = { serverUrl: `${url}/syncml`, userName: plan.stableId, password };
      return new SimulatedDevice(plan, account, options);
    }),
  );
}

async function readCodes(path: string, count: number): Promise<string[]> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new CommandError(`${path} does not exist.`, EXIT.usage);
  const codes = (await file.text())
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (codes.length >= count) return codes;
  throw new CommandError(
    `${path} has ${codes.length} codes for ${count} devices: each device needs one of its own.`,
    EXIT.usage,
  );
}

/** A code is a password that is used once, and no password of the server comes with it. */
function refuseWithCodes(args: FleetArgs & { readonly listen?: string | undefined }): void {
  const given = ["profile", "mix", "auth", "server-auth", "listen"] as const;
  const wrong = given.find((name) => args[name] !== undefined);
  if (wrong === undefined) return;
  throw new CommandError(`--${wrong} needs a token: codes enrol plain devices.`, EXIT.usage);
}
