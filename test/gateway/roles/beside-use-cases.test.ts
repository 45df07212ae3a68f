/** The link writes rows while devices speak: neither may undo what the other one did. */
import { describe, expect, test } from "bun:test";
import type { DeviceId, SiteId } from "../../../devices/model/ids.ts";
import type { DeviceView } from "../../../devices/ports/site-store.ts";
import { DeviceLock } from "../../../devices/service/device-lock.ts";
import { recordFacts } from "../../../devices/service/record-facts.ts";
import type { SiteContext } from "../../../devices/service/site-context.ts";
import { withDevice } from "../../../devices/service/site-context.ts";
import { CachedSiteStore } from "../../../gateway/db/stores/cached-site-store.ts";
import { SqlSiteLinkStore } from "../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { besideUseCases } from "../../../gateway/roles/beside-use-cases.ts";
import { INITIAL_POSITION, type SiteLinkStore } from "../../../sync/ports/site-link-store.ts";
import { SiteCore } from "../../harness/site-core.ts";

const SITE = "site-1" as SiteId;

describe("adopting what the hub knows while devices speak", () => {
  test("a use-case that read a device before does not put its old row back", async () => {
    await using one = await Branch.open();
    const { context, device, distribution } = one;
    const gate = Promise.withResolvers<void>();
    const speaking = withDevice(context, device, async (ledger) => {
      ledger.note(distribution, { missedOccurrences: 1 });
      await gate.promise;
    });
    const adopting = one.adoptInstalled();
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    gate.resolve();
    await Promise.all([speaking, adopting]);
    expect(await one.row()).toMatchObject({ status: "installed", sequence: 40 });
  });

  test("a use-case that comes after sees the adopted row, also from memory", async () => {
    await using one = await Branch.open();
    const { context, device, distribution } = one;
    const adopting = one.adoptInstalled();
    const seen = withDevice(context, device, (ledger) => ledger.row(distribution)?.sequence);
    await adopting;
    expect(await seen).toBe(40);
  });

  test("a report that arrives meanwhile counts on above what was adopted", async () => {
    await using one = await Branch.open();
    const { context, device, distribution } = one;
    const adopting = one.adoptInstalled();
    const report = { distribution, source: "windows-csp", value: "6" } as const;
    await Promise.all([adopting, recordFacts(context, device, [report], "test")]);
    expect(await one.row()).toMatchObject({ sequence: 41, nativeValue: "6" });
  });

  test("an adoption waits for its own devices only", async () => {
    await using one = await Branch.open();
    const { id: other } = await one.core.device("two");
    const gate = Promise.withResolvers<void>();
    const speaking = withDevice(one.context, other, () => gate.promise);
    await one.adoptInstalled();
    expect(await one.row()).toMatchObject({ status: "installed", sequence: 40 });
    gate.resolve();
    await speaking;
  });
});

/** A site with one device that waits for an app, and its link's store beside the use-cases. */
class Branch implements AsyncDisposable {
  readonly core: SiteCore;
  readonly context: SiteContext;
  readonly device: DeviceId;
  readonly distribution: Awaited<ReturnType<SiteCore["distribute"]>>;
  readonly #before: DeviceView;
  readonly #link: SiteLinkStore;

  private constructor(core: SiteCore, before: DeviceView, distribution: Branch["distribution"]) {
    const store = new CachedSiteStore(new SqlSiteStore(core.database, SITE));
    const lock = new DeviceLock();
    this.core = core;
    this.context = { ...core.context, store, lock };
    this.device = before.device.id;
    this.#before = before;
    this.distribution = distribution;
    this.#link = besideUseCases(new SqlSiteLinkStore(core.database, SITE), store, lock);
  }

  static async open(): Promise<Branch> {
    const core = await SiteCore.open();
    const { id } = await core.device("one");
    const distribution = await core.distributeReported("Windows");
    const before = await core.context.store.view(id);
    if (!before) throw new Error("no device");
    const branch = new Branch(core, before, distribution);
    await branch.row(); // It is remembered from here on.
    return branch;
  }

  async row() {
    const view = await this.context.store.view(this.device);
    return view?.installations.find((row) => row.distribution === this.distribution);
  }

  /** The hub has heard, from before this site's disk was lost, that the app is installed. */
  adoptInstalled(): Promise<void> {
    const { device, installations } = this.#before;
    const rows = installations.map((row) => ({
      ...row,
      status: "installed" as const,
      state: "App is installed",
      sequence: 40,
    }));
    return this.#link.adopt({
      position: { ...INITIAL_POSITION, incarnation: 7 },
      renumber: [],
      known: [{ id: device.id, device: { ...device, sequence: 40 }, rows }],
      documents: [],
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.core[Symbol.asyncDispose]();
  }
}
