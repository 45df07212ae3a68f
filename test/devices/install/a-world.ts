import { hasStatus, statesOf } from "../../../devices/install/matrix.ts";
import { plan } from "../../../devices/install/plan.ts";
import type { Plan, PlanInput, WindowOutlook } from "../../../devices/install/plan-types.ts";
import { COMPLIANCE, type Platform } from "../../../devices/model/device.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import type { NewFact } from "../../../devices/model/fact.ts";
import { HLC_ZERO } from "../../../devices/model/hlc.ts";
import type {
  DistributionId,
  PackageId,
  RevisionId,
  Sha256,
  SiteId,
} from "../../../devices/model/ids.ts";
import { type Installation, STATUSES } from "../../../devices/model/installation.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import { ENTERPRISE_PLATFORMS_DEFAULT, type Policy } from "../../../devices/model/policy.ts";
import type { DeviceView } from "../../../devices/ports/site-store.ts";
import { HlcClock } from "../../../devices/service/clock.ts";
import { Ledger } from "../../../devices/service/ledger.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { aDevice } from "../a-device.ts";
import { aRevision } from "../a-revision.ts";

const HOUR_MS = 3_600_000;
const ENTERPRISE_LIST = { provider: "EnterpriseAppManagement", context: "device" } as const;
const VERSIONS = ["1.0", "1.5", "2.0", "3.0"];
const APPS = 2;

/**
 * One device, and everything that may happen to it and around it, drawn from a seed: policy, reports,
 * inventories, windows, removal. Only the pure parts are in play; what is decided goes through a
 * ledger, as in a use-case.
 */
export class World {
  readonly #random: () => number;
  readonly #hlc: HlcClock;
  readonly #packages: readonly Package[];
  #distributions: Distribution[] = [];
  readonly #revisions = new Map<RevisionId, Revision>();
  view: DeviceView;
  nowMs = 1_000 * HOUR_MS;
  outlook: WindowOutlook = CLOSED;
  hasContent = true;
  /** Facts of the last step. */
  facts: readonly NewFact[] = [];

  constructor(seed: number, platform: Platform) {
    this.#random = seededRandom(seed);
    this.#hlc = new HlcClock(() => this.nowMs, HLC_ZERO);
    this.#packages = Array.from({ length: APPS }, (_, index) => ({
      id: `app-${index}` as PackageId,
      name: `App ${index}`,
      platform,
      productId: `{0000000${index}-0000-0000-0000-000000000000}`,
      publisher: null,
      description: "",
      createdAtMs: 0,
    }));
    this.view = {
      device: aDevice({ platform, osVersion: "10.0", osMajor: 10, enrolment: "enabled" }),
      installations: [],
      inventory: [],
      inventoryReads: [],
      downloads: [],
      instants: [],
    };
  }

  get rows(): readonly Installation[] {
    return this.view.installations;
  }

  get policy(): Policy {
    return {
      version: 1,
      packages: new Map(this.#packages.map((one) => [one.id, one])),
      revisions: this.#revisions,
      distributions: this.#distributions,
      distributionsById: new Map(this.#distributions.map((one) => [one.id, one])),
      windows: [],
      groups: new Map(),
      enterprise: {
        enterpriseId: "4000000001",
        enrollmentToken: null,
        certificateSearchCriteria: null,
        crlCheck: null,
        platforms: ENTERPRISE_PLATFORMS_DEFAULT,
      },
    };
  }

  planned(): Plan {
    const input: PlanInput = {
      device: this.view.device,
      rows: this.rows,
      inventory: this.view.inventory,
      inventoryReads: this.view.inventoryReads,
      policy: this.policy,
      groups: [],
      outlook: this.outlook,
      content: {
        has: () => this.hasContent,
        describeMissing: () => "not here yet",
        describeSource: () => "not fetched yet",
      },
      nowMs: this.nowMs,
    };
    return plan(input);
  }

  /** Plans, and writes the outcome down as a use-case does. */
  plan(): Plan {
    const planned = this.planned();
    this.#change((ledger) => {
      for (const born of planned.births) ledger.birth(born, this.nowMs);
      for (const { distribution, value, text, change } of planned.decisions) {
        const by = { by: "site", protocol: "site", atMs: this.nowMs };
        ledger.decide(distribution, { ...by, value, text, change });
      }
      for (const reason of planned.reasons) ledger.explain(reason, this.nowMs);
    });
    return planned;
  }

  /** One thing happens. */
  step(): void {
    this.nowMs += Math.floor(this.#random() * 3 * HOUR_MS);
    this.outlook = this.#pick([CLOSED, NO_WINDOWS, this.#waiting(), this.#due()]);
    this.hasContent = this.#random() < 0.7;
    this.#pick([
      () => this.#distribute(),
      () => this.#stop(),
      () => this.#report(),
      () => this.#report(),
      () => this.#tellInventory(),
      () => this.#offer(),
      () => this.#offer(),
      () => this.#request(),
      () => this.#lose(),
      () => this.#patch(),
      () => this.#removeOrReturn(),
    ])();
  }

  #distribute(): void {
    const number = this.#distributions.length + 1;
    const app = this.#pick(this.#packages);
    const operation = this.#random() < 0.2 ? ("uninstall" as const) : ("install" as const);
    const revision = aRevision({
      id: `revision-${number}` as RevisionId,
      package: app.id,
      version: this.#pick(VERSIONS),
      channel: this.#random() < 0.8 ? "EnterpriseAppManagement" : "reported",
      file: { sha256: "0".repeat(64) as Sha256, name: "app.xap", bytes: 1 },
      minimumOsVersion: this.#random() < 0.2 ? "11.0" : null,
      createdAtMs: this.nowMs,
    });
    this.#revisions.set(revision.id, revision);
    const distribution: Distribution = {
      id: `distribution-${number}` as DistributionId,
      package: app.id,
      revision: revision.id,
      operation,
      mode: this.#random() < 0.5 ? "automatic" : "on-demand",
      target: { kind: "all" },
      sites: this.#random() < 0.1 ? ["elsewhere" as SiteId] : [],
      allowDowngrade: this.#random() < 0.3,
      updateOnly: this.#random() < 0.2,
      question: null,
      schedule: null,
      createdAtMs: this.nowMs,
      hlc: this.#hlc.next(),
      author: "test",
      origin: "hub",
      stoppedAtMs: null,
    };
    this.#distributions = [distribution, ...this.#distributions];
  }

  #stop(): void {
    const stopped = this.#pick(this.#distributions);
    this.#distributions = this.#distributions.map((one) =>
      one === stopped ? { ...one, stoppedAtMs: this.nowMs } : one,
    );
  }

  #report(): void {
    const row = this.#pick(this.rows);
    if (!row) return;
    const { platform } = this.view.device;
    const status = this.#pick(STATUSES.filter((one) => hasStatus(platform, one)));
    const counts = this.#random() < 0.3;
    this.#change((ledger) => {
      ledger.report(row.distribution, {
        source: "agent",
        protocol: "api",
        value: `${status} ${this.#random()}`,
        meaning: { status, state: this.#pick([null, ...statesOf(platform, status)]) ?? null },
        lastError: this.#pick([null, null, 0x80072ee7 | 0, 0x8abcdef0 | 0]) ?? null,
        text: null,
        version: this.#pick([null, ...VERSIONS]) ?? null,
        atMs: this.nowMs,
        attempt: counts ? Math.max(1, row.attempt + this.#pick([-1, 0, 0, 1])) : null,
        sequence: counts ? Math.max(1, row.sequence + this.#pick([-1, 0, 1, 2])) : null,
        by: "device",
      });
    });
  }

  #tellInventory(): void {
    const { device } = this.view;
    const items = this.#packages
      .filter(() => this.#random() < 0.6)
      .map((app) => ({
        device: device.id,
        ...ENTERPRISE_LIST,
        productId: app.productId ?? "",
        fullName: null,
        upgradeCode: null,
        version: this.#pick([null, ...VERSIONS]) ?? null,
        title: null,
        publisher: null,
        installDate: null,
        installDateRaw: null,
        seenAtMs: this.nowMs,
      }));
    this.#change((ledger) => ledger.setInventory(ENTERPRISE_LIST, items, this.nowMs));
  }

  #offer(): void {
    for (const work of this.plan().work) this.#note(work.distribution.id, "offered");
  }

  #request(): void {
    const row = this.#pick(this.rows.filter((one) => one.counted && one.reason !== null));
    if (row) this.#note(row.distribution, "requested");
  }

  #lose(): void {
    const row = this.#pick(this.rows.filter((one) => one.offeredAtMs !== null));
    if (row) this.#note(row.distribution, "lost");
  }

  #note(distribution: DistributionId, value: "offered" | "requested" | "lost"): void {
    const change =
      value === "offered"
        ? { offeredAtMs: this.nowMs }
        : value === "requested"
          ? { requestedAtMs: this.nowMs }
          : { stale: true };
    this.#change((ledger) =>
      ledger.decide(distribution, {
        value,
        by: "test",
        atMs: this.nowMs,
        text: null,
        protocol: "site",
        change,
      }),
    );
  }

  #patch(): void {
    this.#change((ledger) =>
      ledger.patchDevice({
        compliance: this.#pick(COMPLIANCE),
        osVersion: this.#pick(["10.0", "11.0"]),
        enrolment: this.#pick(["enabled", "enabled", "revoked"] as const),
      }),
    );
  }

  #removeOrReturn(): void {
    this.#change((ledger) => {
      const { device } = ledger;
      if (device.removedAtMs === null) {
        ledger.patchDevice({ removedAtMs: this.nowMs });
        return;
      }
      const incarnation = device.incarnation + 1;
      ledger.patchDevice({ removedAtMs: null, incarnation, inventoryAtMs: null });
      ledger.endFormerLife();
    });
  }

  #change(work: (ledger: Ledger) => void): void {
    const ledger = new Ledger(this.view, () => this.#hlc.next());
    work(ledger);
    const changes = ledger.changes(this.policy, this.nowMs);
    const rows = new Map(this.rows.map((row) => [row.distribution, row]));
    for (const row of changes.installations ?? []) rows.set(row.distribution, row);
    this.facts = changes.facts ?? [];
    this.view = {
      ...this.view,
      device: ledger.device,
      inventory: ledger.inventory,
      inventoryReads: ledger.inventoryReads,
      installations: [...rows.values()],
    };
  }

  #waiting(): WindowOutlook {
    const openUntilMs = this.nowMs + HOUR_MS;
    const instantMs = this.nowMs + Math.floor((this.#random() - 0.5) * HOUR_MS);
    return { ...CLOSED, openUntilMs, instantMs, nextMs: instantMs };
  }

  #due(): WindowOutlook {
    const untilMs = this.nowMs + 2 * HOUR_MS;
    return { ...CLOSED, openUntilMs: untilMs, releaseUntilMs: untilMs };
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)] as Item;
  }
}

const CLOSED: WindowOutlook = {
  hasWindows: true,
  openUntilMs: null,
  releaseUntilMs: null,
  instantMs: null,
  nextMs: 10_000 * HOUR_MS,
};
const NO_WINDOWS: WindowOutlook = { ...CLOSED, hasWindows: false, nextMs: null };
