import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { Line } from "../../gateway/demo/line.ts";
import { AutoPhone } from "./auto-phone.ts";
import type { StartOptions } from "./process.ts";
import { FactRow, Scenario } from "./scenario.ts";
import { settled } from "./settled.ts";

/** How long hub and site may take to agree, in real time. */
export const SETTLE_MS = 30_000;

export const JoinCode = z.looseObject({ code: z.string() });
const Row = z.looseObject({
  id: z.string(),
  status: z.string(),
  state: z.string().nullable(),
  version: z.string().nullable(),
  observed: z.string(),
  operation: z.string(),
  attempt: z.number(),
  siteStale: z.boolean(),
});
export const ReportRows = z.looseObject({ rows: z.array(Row), next: z.string().nullable() });
const Files = z.array(z.looseObject({ state: z.string() }));

/** A hub and a site that joins it through a line that can be cut. */
export interface Branch {
  readonly hub: Scenario;
  readonly site: Scenario;
  readonly line: Line;
}

export async function startBranch(
  now: string,
  settings: StartOptions["settings"] = {},
): Promise<Branch> {
  const hub = await Scenario.start({ role: "hub", now });
  await hub.prepare();
  const line = await Line.open(Number(new URL(hub.url).port));
  const site = await Scenario.start({
    role: "site",
    now,
    settings: {
      hubUrl: line.url,
      joinCode: await joinCode(hub, "graz"),
      siteName: "Graz",
      ...settings,
    },
  });
  return { hub, site, line };
}

export async function joinCode(hub: Scenario, site: string): Promise<string> {
  const { code } = await hub.api.request("/api/v1/join-codes", JoinCode, {
    method: "POST",
    json: { site, name: "Graz" },
  });
  return code;
}

export async function phones(site: Scenario, count: number): Promise<AutoPhone[]> {
  const made: AutoPhone[] = [];
  for (let n = 0; n < count; n++) {
    const { id, raw } = await site.device(`phone-${n}`);
    made.push(new AutoPhone(id, raw));
  }
  return made;
}

/** What both ends must agree on, row by row. */
export async function report(api: ApiClient, filter: string): Promise<string[]> {
  const query = new URLSearchParams({ filter, limit: "500" });
  const { rows } = await api.request(`/api/v1/installations?${query}`, ReportRows);
  return rows
    .map((row) =>
      [row.id, row.status, row.state, row.version, row.observed, row.operation, row.attempt].join(
        " ",
      ),
    )
    .sort();
}

export async function histories(api: ApiClient, ids: readonly string[]): Promise<string[]> {
  const all: string[] = [];
  for (const id of ids) {
    const rows = await api.request(`/api/v1/installations/${id}/history`, z.array(FactRow));
    all.push(
      ...rows.map(
        (fact) => `${id} ${fact.at} ${fact.kind} ${fact.value} ${fact.status} ${fact.effect}`,
      ),
    );
  }
  return all;
}

/** Waits until the hub tells every row and every fact as the site does. Returns the rows. */
export async function untilEqual({ hub, site }: Branch, filter = ""): Promise<string[]> {
  const mine = await report(site.api, filter);
  await settled("the hub's report equals the site's", SETTLE_MS, async () =>
    Bun.deepEquals(await report(hub.api, filter), mine) ? true : undefined,
  );
  const ids = mine.map((row) => row.split(" ")[0] ?? "");
  const told = await histories(site.api, ids);
  await settled("the hub has the whole history", SETTLE_MS, async () =>
    Bun.deepEquals(await histories(hub.api, ids), told) ? true : undefined,
  );
  return mine;
}

/** What the site needs is fetched ahead: a line that is cut later does not matter. */
export async function contentIsHere(site: Scenario): Promise<void> {
  await settled("the site has the content", SETTLE_MS, async () => {
    const files = await site.api.request("/api/v1/files", Files);
    const isHere = files.length > 0 && files.every(({ state }) => state === "complete");
    return isHere ? true : undefined;
  });
}
