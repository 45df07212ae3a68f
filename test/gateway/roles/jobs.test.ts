/** What a role does by itself as time goes by. */
import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SiteId } from "../../../devices/model/ids.ts";
import { readConfig } from "../../../gateway/config/read.ts";
import { facts } from "../../../gateway/db/schema/installations.ts";
import { journalPositions, quarantine, sites } from "../../../gateway/db/schema/link.ts";
import { siteRowFrom } from "../../../gateway/db/stores/site-records.ts";
import { SYSTEM_CLOCK } from "../../../gateway/jobs/clock.ts";
import { shelfOf } from "../../../gateway/roles/backups.ts";
import { openFoundation } from "../../../gateway/roles/foundation.ts";
import { buildHub } from "../../../gateway/roles/hub-core.ts";
import { hubJobs } from "../../../gateway/roles/jobs.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";
import { sealFrame } from "../../../sync/frame/envelope.ts";
import { packFacts } from "../../../sync/journal/codec.ts";
import { QUARANTINE_DAYS } from "../../../sync/limits.ts";
import { factOf } from "../../contracts/site-rows.ts";
import { siteRecordOf } from "../../sync/contracts/hub-rows.ts";
import { silentLog } from "../db/temporary.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW_MS = Date.parse("2026-11-21T12:00:00Z");
const PRAGUE = "prague" as SiteId;

describe("the hub's jobs", () => {
  test("history goes after as many days as the hub's settings say, the last fact never", async () => {
    await using hub = await Hub.open();
    await hub.core.settings.write({ factRetentionDays: 10 });
    hub.putFacts(1, [20, 11, 9, 3]);
    hub.putFacts(7, [20]);
    await hub.run("delete-old-facts");
    expect(hub.factNumbers()).toEqual(["1/3", "1/4", "7/1"]);
    await hub.core.settings.write({ factRetentionDays: 5 });
    await hub.run("delete-old-facts");
    expect(hub.factNumbers()).toEqual(["1/4", "7/1"]);
  });

  test("a clock that is far ahead for a while costs a week of history, not all of it", async () => {
    await using hub = await Hub.open();
    await hub.core.settings.write({ factRetentionDays: 10 });
    hub.putFacts(1, [20, 9, 4, 2, 1]);
    hub.quarantineFrame(1);
    for (const job of ["delete-old-facts", "prune"]) await hub.run(job);
    for (const job of ["delete-old-facts", "prune"]) await hub.run(job, NOW_MS + 70 * 365 * DAY_MS);
    expect(hub.factNumbers()).toEqual(["1/4", "1/5"]);
    expect(hub.foundation.database.db.select().from(quarantine).all()).toHaveLength(1);
    await hub.run("delete-old-facts"); // The clock is right again.
    expect(hub.factNumbers()).toEqual(["1/4", "1/5"]);
  });

  test("what was switched off for long is pruned within some runs", async () => {
    await using hub = await Hub.open();
    hub.putFacts(1, [1, 0]);
    await hub.run("delete-old-facts");
    for (let run = 0; run < 60; run++) await hub.run("delete-old-facts", NOW_MS + 300 * DAY_MS);
    expect(hub.factNumbers()).toEqual(["1/2"]);
  });

  test("frames in quarantine are tried once by each version, in their order", async () => {
    await using hub = await Hub.open();
    hub.quarantineJournal(2, 2);
    hub.quarantineFrame(3);
    hub.quarantineJournal(1, 4);
    await hub.run("try-quarantine-again");
    expect(hub.factNumbers()).toEqual(["1/1", "1/2"]);
    const left = () => hub.foundation.database.db.select().from(quarantine).all();
    expect(left()).toMatchObject([{ frame: Buffer.from([1]) }]);
    hub.quarantineJournal(3, 1);
    await hub.run("try-quarantine-again");
    expect(left()).toHaveLength(2);
  });

  test("what grows by itself is pruned", async () => {
    await using hub = await Hub.open();
    hub.quarantineFrame(QUARANTINE_DAYS + 1);
    hub.quarantineFrame(QUARANTINE_DAYS - 1);
    await hub.run("prune");
    expect(hub.foundation.database.db.select().from(quarantine).all()).toHaveLength(1);
  });
});

class Hub implements AsyncDisposable {
  readonly #folder: string;
  readonly foundation: Awaited<ReturnType<typeof openFoundation>>;
  readonly core: Awaited<ReturnType<typeof buildHub>>;

  private constructor(folder: string, foundation: Hub["foundation"], core: Hub["core"]) {
    this.#folder = folder;
    this.foundation = foundation;
    this.core = core;
  }

  static async open(): Promise<Hub> {
    const folder = await mkdtemp(join(tmpdir(), "outpost-hub-"));
    const { config } = readConfig("hub", {
      file: undefined,
      env: {},
      flags: { "data-dir": folder },
      machine: { hostname: "hub", timeZone: "Europe/Prague" },
      readSecretFile: () => "",
    });
    const shelf = shelfOf(config);
    const options = { log: silentLog, metrics: new Metrics(), announce: () => undefined, shelf };
    const foundation = await openFoundation("hub", config, SYSTEM_CLOCK, options);
    const core = await buildHub(config, foundation, options);
    const site = siteRowFrom(siteRecordOf(PRAGUE));
    foundation.database.db.insert(sites).values(site).run();
    return new Hub(folder, foundation, core);
  }

  /** Facts of one incarnation, each so many days old, and the position after them. */
  putFacts(incarnation: number, daysOld: readonly number[]): void {
    const { db } = this.foundation.database;
    daysOld.forEach((days, index) => {
      const fact = factOf("till", "x", { atMs: NOW_MS - days * DAY_MS });
      const number = { site: PRAGUE, siteIncarnation: incarnation, seq: index + 1 };
      db.insert(facts)
        .values({ ...fact, ...number })
        .run();
    });
    db.insert(journalPositions).values({ site: PRAGUE, incarnation, seq: daysOld.length }).run();
  }

  quarantineFrame(daysOld: number, frame: Uint8Array = new Uint8Array([1]), frameSeq = 1): void {
    const receivedAtMs = NOW_MS - daysOld * DAY_MS;
    const about = { site: PRAGUE, incarnation: 1, frameSeq, kind: "journal", sha256: "" };
    const row = {
      ...about,
      id: `${daysOld}-${frameSeq}`,
      bytes: frame.length,
      reason: "no",
      frame: Buffer.from(frame),
      receivedAtMs,
    };
    this.foundation.database.db.insert(quarantine).values(row).run();
  }

  /** A frame that can be read by now, with the fact of that number. */
  quarantineJournal(seq: number, daysOld: number): void {
    const fact = { ...factOf("till", "5"), site: PRAGUE, siteIncarnation: 1, seq };
    const content = { kind: "journal", incarnation: 1, first: seq, count: 1 } as const;
    const header = { site: PRAGUE, incarnation: 1, seq, content };
    const frame = sealFrame(header, packFacts([fact]).raw, () => new Uint8Array(64));
    this.quarantineFrame(daysOld, frame, seq);
  }

  factNumbers(): string[] {
    const rows = this.foundation.database.db.select().from(facts).all();
    return rows.map(({ siteIncarnation, seq }) => `${siteIncarnation}/${seq}`);
  }

  async run(name: string, atMs = NOW_MS): Promise<void> {
    const job = hubJobs(this.core, this.foundation, silentLog).find((one) => one.name === name);
    if (!job) throw new Error(`no job ${name}`);
    await job.run(atMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.foundation[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
