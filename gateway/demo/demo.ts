/**
 * The demo: a hub, two sites in different time zones, devices of every family. One site loses its line and is
 * even killed in the middle of its maintenance window, works on alone, and afterwards the hub's report
 * is what the sites say, row by row.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PullKind } from "../../devices/simulator/pull/kinds.ts";
import type { ApiClient } from "../client/api-client.ts";
import { allInstallations, type Installation } from "../client/rows.ts";
import { Distributions, Sites, UploadedFile } from "./answers.ts";
import { differences } from "./compare.ts";
import { FAMILIES, type Family, type GivenFile, KIOSK_APP } from "./families.ts";
import { FAMILY_HEAD, familiesWithout, familyGroups } from "./family-table.ts";
import type { Screen } from "./screen.ts";
import { type Branch, type BranchPlan, Stage, settled } from "./stage.ts";
import { untruths } from "./truth.ts";

const MINUTE_MS = 60_000;
/** A Saturday afternoon in Europe: both windows of the night are still to come. */
const START_MS = Date.UTC(2026, 2, 7, 16, 0);
/** All devices poll once in each. */
const STEP_MS = 10 * MINUTE_MS;
const SETTLE_MS = 20_000;
const SEED = 2026;
const PROBLEMS_SHOWN = 20;
/** A folder of this name is where a kiosk's app has a file. */
const BLOCKED_BY = "settings.json";

const FLEET = {
  mix: {
    standard: 3,
    compact: 1,
    basic: 1,
    shy: 1,
    tight: 1,
    legacy: 1,
    windows11: 2,
    windows10: 1,
  },
  pullers: new Map<PullKind, number>([
    ["ce", 2],
    ["swupdate", 2],
    ["rauc", 2],
    ["mender", 2],
    ["ios", 3],
    ["android", 3],
  ]),
  kiosks: 3,
} as const;

const BRANCHES: readonly BranchPlan[] = [
  { site: "vienna", name: "Vienna", timeZone: "Europe/Vienna", ...FLEET },
  { site: "lisbon", name: "Lisbon", timeZone: "Europe/Lisbon", ...FLEET },
];

/** The window of every site: 22:00 to 24:00 by its own clock. */
const WINDOW = {
  name: "Night",
  start: "2026-03-01T22:00",
  recurrence: "FREQ=DAILY",
  durationMinutes: 120,
} as const;
/** 22:00 in Vienna, 22:00 in Lisbon, and the end of both. */
const WINDOWS_BEGIN_MS = Date.UTC(2026, 2, 7, 21, 0);
const KILL_MS = Date.UTC(2026, 2, 7, 23, 0);
const WINDOWS_END_MS = Date.UTC(2026, 2, 8, 0, 0);
const LAST_REPORTS_MS = Date.UTC(2026, 2, 8, 1, 0);

export interface DemoOptions {
  readonly screen: Screen;
  /** Called when the story is told, while everything still runs. */
  readonly afterwards: (stage: DemoPlaces) => Promise<void>;
}

/** Where the consoles are. */
export interface DemoPlaces {
  readonly consoles: readonly { readonly name: string; readonly url: string }[];
  readonly administrator: string;
  readonly password: string;
  /** Machines that are played by folders here: their apps are really there. */
  readonly kiosks: readonly { readonly name: string; readonly root: string }[];
  /** The hub's report is the sites', every family is in it, and the devices bear it out. */
  readonly isRight: boolean;
}

/** Tells the whole story. Resolves with true when the hub's report equals the sites' and is true. */
export async function runDemo({ screen, afterwards }: DemoOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "outpost-demo-"));
  try {
    await using stage = await Stage.open(folder, START_MS);
    const places = await tell(stage, screen);
    await afterwards(places);
    return places.isRight;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function tell(stage: Stage, screen: Screen): Promise<DemoPlaces> {
  screen.line(`A hub is running at ${stage.hub.url}.`);
  await prepareOrganisation(stage);
  for (const [index, plan] of BRANCHES.entries()) {
    const branch = await stage.addBranch(plan, SEED + index);
    screen.line(
      `${plan.name} (${plan.timeZone}) joined it, with ${branch.fleet.devices.length} devices: ${branch.gateway.url}`,
    );
  }
  const blocked = stage.branches.at(-1)?.kiosks.at(-1);
  if (blocked !== undefined) {
    mkdirSync(join(blocked.root, KIOSK_APP.folder.slice(1), BLOCKED_BY), { recursive: true });
    screen.line(
      `On ${blocked.plan.name} a folder is in the way of ${BLOCKED_BY}: its installation has to fail.`,
    );
  }
  for (const family of FAMILIES) await distribute(stage, family);
  screen.line(
    `The hub brings an app to each of ${FAMILIES.length} families of devices, in each site's own window from 22:00 to 24:00; MDMs take theirs when they like.`,
  );
  await settled("the sites to learn of it", SETTLE_MS, async () =>
    (await everySiteKnows(stage)) ? true : undefined,
  );
  await play(stage, screen, "the afternoon", WINDOWS_BEGIN_MS - 30 * MINUTE_MS, 90 * MINUTE_MS);

  const away = stage.branches.at(-1);
  if (away === undefined) throw new Error("the demo needs a branch");
  away.line.cut();
  screen.line(`The line of ${away.plan.name} is cut. It works on alone.`);
  await play(stage, screen, "the windows", KILL_MS - STEP_MS, STEP_MS);

  await stage.moveWithKill(KILL_MS, away);
  screen.line(
    `${away.plan.name}'s gateway was killed (kill -9) in its window, while its devices spoke to it. It is started again, and goes on where it was.`,
  );
  await play(stage, screen, "the windows", WINDOWS_END_MS, STEP_MS);
  await play(stage, screen, "the last reports", LAST_REPORTS_MS, STEP_MS);

  screen.line(await whatTheHubKnows(stage, away));
  away.line.heal();
  screen.line(`The line of ${away.plan.name} is back.`);
  return compareReports(stage, screen);
}

/** Enterprise settings, package, window: all at the hub. */
async function prepareOrganisation(stage: Stage): Promise<void> {
  await stage.hubClient.send("/api/v1/settings/enterprise", {
    method: "PATCH",
    json: { enterpriseId: "4000000001", enrollmentToken: "RGVtbyBlbnJvbG1lbnQgdG9rZW4=" },
  });
  await stage.hubClient.send("/api/v1/windows", { method: "POST", json: WINDOW });
}

/** Group, package, version and distribution of one family. */
async function distribute(stage: Stage, family: Family): Promise<void> {
  const { id, devices, app } = family;
  const hub = stage.hubClient;
  const files = await upload(hub, family);
  const { version, ...about } = app;
  const members = { kind: "filter", filter: devices };
  await hub.send(`/api/v1/groups/${id}`, { method: "PUT", json: { members } });
  await hub.send("/api/v1/packages", {
    method: "POST",
    json: { id, publisher: "Contoso", ...about },
  });
  await hub.send(`/api/v1/packages/${id}/revisions`, {
    method: "POST",
    json: { version, ...family.revision(files) },
  });
  await hub.send("/api/v1/distributions", {
    method: "POST",
    json: { id, package: id, mode: "automatic", target: { kind: "group", group: id } },
  });
}

async function upload(hub: ApiClient, family: Family): Promise<GivenFile[]> {
  const given: GivenFile[] = [];
  for (const { name, bytes } of await family.files()) {
    const { sha256 } = await hub.request(`/api/v1/files?name=${name}`, UploadedFile, {
      method: "POST",
      bytes: new Uint8Array(bytes),
      headers: { "content-type": "application/octet-stream" },
    });
    given.push({ sha256, name });
  }
  return given;
}

async function everySiteKnows(stage: Stage): Promise<boolean> {
  const lists = await Promise.all(
    stage.branches.map(({ client }) => client.request("/api/v1/distributions", Distributions)),
  );
  return lists.every(({ length }) => length === FAMILIES.length);
}

/** Moves the virtual time to `untilMs` in steps, and shows how far the devices are. */
async function play(
  stage: Stage,
  screen: Screen,
  title: string,
  untilMs: number,
  stepMs: number,
): Promise<void> {
  const beginMs = stage.nowMs;
  while (stage.nowMs < untilMs) {
    await stage.moveTo(Math.min(untilMs, stage.nowMs + stepMs));
    const time = new Date(stage.nowMs).toISOString().slice(11, 16);
    const states = stage.branches.map((branch) => `${branch.plan.name} ${describe(branch)}`);
    screen.progress(
      stage.nowMs - beginMs,
      untilMs - beginMs,
      `${title}, ${time} UTC: ${states.join(", ")}`,
    );
  }
  screen.endProgress();
}

function describe({ fleet }: Branch): string {
  const { byStatus, devices } = fleet.summary();
  return `${byStatus.installed ?? 0}/${devices} installed`;
}

/** The hub must say how old its news of a branch is, not count them as fresh. */
async function whatTheHubKnows(stage: Stage, { plan }: Branch): Promise<string> {
  const sites = await stage.hubClient.request("/api/v1/sites", Sites);
  const site = sites.find(({ id }) => id === plan.site);
  const asOf = site?.asOf?.slice(11, 16) ?? "never";
  const stale = site?.stale === true ? "and marks it as stale" : "and does not mark it as stale";
  return `Meanwhile the hub shows ${plan.name} as of ${asOf} UTC, ${stale}.`;
}

/** Waits until the hub has heard everything, then compares row by row. */
async function compareReports(stage: Stage, screen: Screen): Promise<DemoPlaces> {
  const perSite = await Promise.all(
    stage.branches.map(({ client }) => allInstallations(client, "")),
  );
  const atSites = perSite.flat();
  let atHub: readonly Installation[] = [];
  let differing: string[] = [];
  await settled("the hub to hear the rest", SETTLE_MS, async () => {
    atHub = await allInstallations(stage.hubClient, "");
    differing = differences(atSites, atHub);
    return differing.length === 0 ? true : undefined;
  }).catch(() => undefined); // The differences are shown below; that is the answer.

  screen.line("");
  screen.line("The hub's report, merged from both sites:");
  screen.table(FAMILY_HEAD, familyGroups(atHub, FAMILIES));
  const devices = stage.branches.flatMap(({ fleet }) => fleet.devices);
  const problems = [
    ...differing,
    ...familiesWithout(atHub, FAMILIES).map(({ label }) => `There is no row of ${label}.`),
    ...(await untruths(atHub, devices)),
  ];
  if (problems.length === 0) {
    screen.line(
      `The hub's ${atHub.length} rows equal the sites' ${atSites.length} rows. All ${devices.length} devices were asked: who has its app is who is said to have it.`,
    );
  } else {
    screen.line(`${problems.length} things are not as they should be:`);
    for (const text of problems.slice(0, PROBLEMS_SHOWN)) screen.line(`  ${text}`);
  }
  return {
    consoles: [
      { name: "Hub", url: `${stage.hub.url}/hub` },
      ...stage.branches.map(({ plan, gateway }) => ({ name: plan.name, url: gateway.url })),
    ],
    administrator: stage.administrator,
    password: stage.password,
    kiosks: stage.branches.flatMap(({ kiosks }) =>
      kiosks.map(({ plan, root }) => ({ name: plan.name, root })),
    ),
    isRight: problems.length === 0,
  };
}
