/**
 * A device whose sessions break off at any message, on the way there or back, while the gateway is
 * started again at any moment: what the site says of it stays true, and the work gets done.
 */
import { describe, expect, test } from "bun:test";
import type { DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { NodePhone } from "../../harness/node-phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { SiteCore } from "../../harness/site-core.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Bun.env.TEST_LONG ? 100 : 2;
const MINUTE_MS = 60_000;
/** Contacts until the last work is surely done, when nothing breaks any more. */
const SETTLING = 8;

class Broken extends Error {}

for (const hasAtomic of [true, false]) {
  describe(`a line that breaks, ${hasAtomic ? "with" : "without"} Atomic`, () => {
    test(`never makes the site say what is not so (TEST_SEED=${SEED})`, async () => {
      for (let round = 0; round < ROUNDS; round++) await live(SEED + round, hasAtomic);
    });
  });
}

async function live(seed: number, hasAtomic: boolean): Promise<void> {
  const random = seededRandom(seed);
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const device = new NodePhone(hasAtomic);
  let breaks = 0.25;
  const fragile = new RawDevice({
    ...raw.options,
    fetch: async (url, init) => {
      if (random() < breaks) throw new Broken("on the way there");
      if (random() < breaks / 2) core.restart();
      const answer = await core.fetch(url, init);
      if (random() < breaks) throw new Broken("on the way back");
      return answer;
    },
  });
  const distributions: DistributionId[] = [];
  const contact = async () => {
    await core.advance(MINUTE_MS);
    // A download goes on while nobody asks.
    if (device.node && device.node.status >= 2 && device.node.status < 5 && random() < 0.5) {
      device.finish();
    }
    try {
      await fragile.session(device.handler);
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
    }
    await expectTruth();
  };
  const expectTruth = async () => {
    const view = await core.context.store.view(id);
    for (const row of view?.installations ?? []) {
      if (row.status !== "installed" || !row.current) continue;
      expect([seed, row.distribution, row.version]).toEqual([
        seed,
        row.distribution,
        device.state.installed ?? "nothing",
      ]);
    }
  };

  for (let step = 0; step < 25; step++) {
    if (distributions.length < 3 && random() < 0.2) {
      const distribution = await core.distribute(`${distributions.length + 1}.0.0.0`);
      distributions.push(distribution);
      const key = { site: core.context.site, device: id, distribution };
      await requestInstallation(core.context, key, "test");
    }
    await contact();
  }
  breaks = 0;
  for (let step = 0; step < SETTLING; step++) await contact();
  const last = distributions.at(-1);
  if (!last) return;
  const row = await core.row(id, last);
  expect([seed, row.status, row.version, row.attempt]).toEqual([
    seed,
    "installed",
    `${distributions.length}.0.0.0`,
    1,
  ]);
}
