/**
 * The demo: a hub, two sites in different time zones, forty devices. One site loses its line and is
 * even killed in the middle of its maintenance window, works on alone, and afterwards the hub's report
 * is what the sites say, row by row.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allInstallations, type Installation } from "../client/rows.ts";
import { Created, Distributions, Sites, UploadedFile } from "./answers.ts";
import { countByStatus, differences } from "./compare.ts";
import { makeSampleApp, type SampleApp } from "./sample-app.ts";
import type { Screen } from "./screen.ts";
import { type Branch, type BranchPlan, Stage, settled } from "./stage.ts";

const MINUTE_MS = 60_000;
/** A Saturday afternoon in Europe: both windows of the night are still to come. */
const START_MS = Date.UTC(2026, 2, 7, 16, 0);
const STEP_MS = 5 * MINUTE_MS;
const SETTLE_MS = 20_000;
const SEED = 2026;
const DIFFERENCES_SHOWN = 20;

const BRANCHES: readonly BranchPlan[] = [
  { site: "vienna", name: "Vienna", timeZone: "Europe/Vienna", devices: 20 },
  { site: "lisbon", name: "Lisbon", timeZone: "Europe/Lisbon", devices: 20 },
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

const APP = {
  productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
  title: "Stock Count",
  version: "2.0.0.0",
  publisher: "Contoso",
  payloadBytes: 400_000,
} as const;

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
  readonly equal: boolean;
}

/** Tells the whole story. Resolves with true when the hub's report equals the sites'. */
export async function runDemo({ screen, afterwards }: DemoOptions): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), "outpost-demo-"));
  try {
    await using stage = await Stage.open(folder, START_MS);
    const places = await tell(stage, screen);
    await afterwards(places);
    return places.equal;
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
      `${plan.name} (${plan.timeZone}) joined it, with ${plan.devices} handhelds: ${branch.gateway.url}`,
    );
  }
  const app = await makeSampleApp(APP);
  await distribute(stage, app);
  screen.line(
    `The hub distributes ${app.title} ${app.version} (${app.fileName}, ${app.bytes.length} bytes) to all devices, automatically, in the window from 22:00 to 24:00 of each site.`,
  );
  await settled("the sites to learn of it", SETTLE_MS, async () =>
    (await everySiteKnows(stage)) ? true : undefined,
  );
  await play(stage, screen, "the afternoon", WINDOWS_BEGIN_MS - 30 * MINUTE_MS, 30 * MINUTE_MS);

  const away = stage.branches.at(-1);
  if (away === undefined) throw new Error("the demo needs a branch");
  away.line.cut();
  screen.line(`The line of ${away.plan.name} is cut. It works on alone.`);
  await play(stage, screen, "the windows", KILL_MS, STEP_MS);

  await away.gateway.kill();
  screen.line(`${away.plan.name}'s gateway is killed (kill -9) in the middle of its window.`);
  await stage.restart(away.gateway);
  screen.line("It is started again, and goes on where it was.");
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

async function distribute(stage: Stage, app: SampleApp): Promise<void> {
  const hub = stage.hubClient;
  const file = await hub.request(`/api/v1/files?name=${app.fileName}`, UploadedFile, {
    method: "POST",
    bytes: new Uint8Array(app.bytes),
    headers: { "content-type": "application/octet-stream" },
  });
  const { id } = await hub.request("/api/v1/packages", Created, {
    method: "POST",
    json: {
      id: "stock-count",
      name: app.title,
      platform: "Windows",
      productId: app.productId,
      publisher: app.publisher,
    },
  });
  await hub.send(`/api/v1/packages/${id}/revisions`, {
    method: "POST",
    json: { version: app.version, file: { sha256: file.sha256, name: app.fileName } },
  });
  await hub.send("/api/v1/distributions", {
    method: "POST",
    json: { id: "stock-count-2", package: id, mode: "automatic", target: { kind: "all" } },
  });
}

async function everySiteKnows(stage: Stage): Promise<boolean> {
  const lists = await Promise.all(
    stage.branches.map(({ client }) => client.request("/api/v1/distributions", Distributions)),
  );
  return lists.every(({ length }) => length > 0);
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
  const { byStatus, devices } = fleet.summary(APP.productId);
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

  for (const [index, rows] of perSite.entries()) {
    showReport(screen, `${stage.branches[index]?.plan.name} says:`, rows);
  }
  showReport(screen, "The hub's merged report says:", atHub);
  const equal = differing.length === 0 && atSites.length > 0;
  if (equal) {
    screen.line(`The hub's ${atHub.length} rows equal the sites' ${atSites.length} rows.`);
  } else {
    screen.line(`The reports differ in ${differing.length} places:`);
    for (const text of differing.slice(0, DIFFERENCES_SHOWN)) screen.line(`  ${text}`);
  }
  return {
    consoles: [
      { name: "Hub", url: `${stage.hub.url}/hub` },
      ...stage.branches.map(({ plan, gateway }) => ({ name: plan.name, url: gateway.url })),
    ],
    administrator: stage.administrator,
    password: stage.password,
    equal,
  };
}

function showReport(screen: Screen, title: string, rows: readonly Installation[]): void {
  screen.line("");
  screen.line(title);
  screen.table(
    ["status", "state", "waits for", "devices"],
    countByStatus(rows).map(({ status, state, reason, count }) => [status, state, reason, count]),
  );
}
