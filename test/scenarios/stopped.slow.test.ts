import { expect, test } from "bun:test";
import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import {
  contentIsHere,
  phones,
  report,
  SETTLE_MS,
  startBranch,
  untilEqual,
} from "../harness/branch.ts";
import { phone } from "../harness/phone.ts";
import { settled } from "../harness/settled.ts";

const NOW = "2026-03-07T12:00:00.000Z";
const MINUTE_MS = 60_000;

const Counted = z.looseObject({
  total: z.looseObject({ count: z.number() }),
  buckets: z.record(z.string(), z.looseObject({ count: z.number() })),
});

/** What a distribution or an app counts: the buckets that are not empty, and their sum. */
async function counts(api: ApiClient, path: string): Promise<Record<string, number>> {
  const { total, buckets } = await api.request(path, Counted);
  const filled = Object.entries(buckets)
    .map(([bucket, { count }]) => [bucket, count] as const)
    .filter(([, count]) => count > 0);
  expect(filled.reduce((sum, [, count]) => sum + count, 0)).toBe(total.count);
  return Object.fromEntries(filled);
}

test("a distribution stopped while devices have it in hand counts those that finish, at site and hub [D4]", async () => {
  const branch = await startBranch(NOW);
  await using hub = branch.hub;
  await using line = branch.line;
  await using site = branch.site;
  const [finishes, fails, waits] = await phones(site, 3);
  if (!finishes || !fails || !waits) throw new Error("no phones");
  const distribution = await hub.distribute("1.0.0.0");
  await settled("the site knows the distribution", SETTLE_MS, async () =>
    (await site.rows(`distribution:${distribution}`)).length === 3 ? true : undefined,
  );
  await contentIsHere(site);
  for (const phone of [finishes, fails]) {
    await site.request(phone.id, distribution);
    await phone.contact();
    await site.gateway.advance(MINUTE_MS);
    await phone.contact();
  }
  await hub.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
  await settled("the site has stopped it", SETTLE_MS, async () =>
    (await site.rows(`distribution:${distribution}`)).length === 0 ? true : undefined,
  );
  line.cut();

  await site.gateway.advance(MINUTE_MS);
  await finishes.contact();
  fails.state.download = { status: 6, lastError: -2147009283 };
  await fails.raw.session(phone(fails.state));
  for (let contact = 0; contact < 2; contact++) {
    await site.gateway.advance(MINUTE_MS);
    await Promise.all([finishes.contact(), waits.contact()]);
  }
  line.heal();
  await untilEqual(branch);
  for (const api of [site.api, hub.api]) {
    expect(await report(api, `distribution:${distribution}`)).toEqual([
      expect.stringContaining(" installed App is installed 1.0.0.0 "),
    ]);
    for (const path of [`distributions/${distribution}`, "reports/apps/contoso-app"]) {
      expect(await counts(api, `/api/v1/${path}`)).toEqual({ received: 1 });
    }
  }
}, 60_000);
