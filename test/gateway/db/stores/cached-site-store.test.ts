import { expect, test } from "bun:test";
import type { DeviceJob } from "../../../../devices/model/agent-device.ts";
import type { DistributionId } from "../../../../devices/model/ids.ts";
import { CachedSiteStore } from "../../../../gateway/db/stores/cached-site-store.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { idOf, SITE } from "../../../contracts/site-rows.ts";
import { openMemory } from "../temporary.ts";

test("what was read before something else was stored is not remembered after it", async () => {
  await using database = await openMemory();
  const sql = new SqlSiteStore(database, SITE);
  const late = Promise.withResolvers<void>();
  let isLate = true;
  const slow = Object.assign(Object.create(sql) as SqlSiteStore, {
    commit: (changes: Parameters<SqlSiteStore["commit"]>[0]) => sql.commit(changes),
    jobs: async (id: DeviceJob["device"]) => {
      const read = await sql.jobs(id);
      if (isLate) await late.promise;
      return read;
    },
  });
  const store = new CachedSiteStore(slow);
  const device = idOf("a");
  const job: Omit<DeviceJob, "id"> = {
    device,
    distribution: "d1" as DistributionId,
    attempt: 1,
    protocol: "agent",
    state: "{}",
    updatedAtMs: 0,
  };

  const before = store.jobs(device);
  await store.commit([{ device, jobs: [job] }]);
  late.resolve();
  isLate = false;
  expect(await before).toEqual([]);
  expect(await store.jobs(device)).toMatchObject([job]);
});
