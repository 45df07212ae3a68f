import { setTimeout as wait } from "node:timers/promises";
import { type Behaviour, FIELD } from "../../../devices/simulator/behaviour.ts";
import type { Fleet, FleetStep, FleetSummary } from "../../../devices/simulator/fleet.ts";
import { FIELD_PC } from "../../../devices/simulator/pc/course.ts";
import { ApiClient } from "../../client/api-client.ts";
import { enrolFleet } from "../../demo/branch.ts";
import { command, JSON_ARG } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { type Datagrams, hearDatagrams } from "../hear-datagrams.ts";
import { readWholeNumber, siteUrl, tokenOf } from "../options.ts";
import { fleetFromAccounts, fleetFromCodes, refuseWithFiles } from "../simulated-accounts.ts";
import { FLEET_ARGS, readChange, readFleetMix, refuseDeaf } from "../simulated-fleet.ts";
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
      description:
        "File with one enrolment code per line, instead of a token. PCs (windows11, windows10) enrol with it as Windows does (MS-MDE2); a handheld shows it as its first password.",
    },
    accounts: {
      type: "string",
      valueHint: "FILE",
      description:
        "File with one account per line, instead of a token: DevId,user name,password and, where the device wants to know its server, server id,server password.",
    },
    ...FLEET_ARGS,
    listen: {
      type: "string",
      valueHint: "HOST:PORT",
      description:
        "Listen for notifications (UDP) there, and tell the site so: called handhelds begin a session.",
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
    const wanted = readFleetMix(args, count);
    const { mix, pullers } = wanted;
    const change = readChange(args);
    refuseWithFiles(args, wanted);
    refuseDeaf(args, wanted);
    using datagrams = args.listen === undefined ? undefined : await hearDatagrams(args.listen);
    const named = {
      count: wanted.count,
      seed,
      prefix: "simulated",
      change,
      listensAt: datagrams?.address,
    };
    const pcs = { ...FIELD_PC, ...behaviour };
    const common = { ...named, startMs: Date.now(), behaviour, pcs, fetch };
    const fleet =
      args.codes !== undefined
        ? await fleetFromCodes(url, args.codes, { ...common, mix })
        : args.accounts !== undefined
          ? await fleetFromAccounts(url, args.accounts, { ...common, mix })
          : await enrolFleet(
              { client: new ApiClient(url, await tokenOf(args.token, terminal)), url },
              { ...common, pullers, ...(mix !== undefined && { mix }) },
            );
    terminal.err(`${count} devices are switched on.`);
    if (datagrams) terminal.err(`Handhelds listen for notifications at ${datagrams.address}.`);
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
