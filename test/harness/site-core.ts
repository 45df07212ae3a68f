import type { Distribution } from "../../devices/model/distribution.ts";
import { HLC_ZERO } from "../../devices/model/hlc.ts";
import type {
  DeviceId,
  DistributionId,
  PackageId,
  RevisionId,
  Sha256,
  SiteId,
  WindowId,
} from "../../devices/model/ids.ts";
import { CRITICAL_DEFAULT } from "../../devices/model/install-action.ts";
import type {
  AgentInstall,
  DdiInstall,
  MenderInstall,
  MsiInstall,
  MsixInstall,
  Package,
  PackageFile,
  Revision,
} from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { MaintenanceWindow } from "../../devices/model/window.ts";
import type { DeviceTrigger } from "../../devices/ports/device-trigger.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { SessionRecorder } from "../../devices/ports/session-recorder.ts";
import { HlcClock } from "../../devices/service/clock.ts";
import { SettledPlans } from "../../devices/service/contact/settled-plans.ts";
import { StrangerGuard } from "../../devices/service/contact/stranger-guard.ts";
import { DeviceLock } from "../../devices/service/device-lock.ts";
import { serveMessage } from "../../devices/service/dm-session.ts";
import { OccurrenceCache } from "../../devices/service/outlook.ts";
import { type NewDevice, registerDevice } from "../../devices/service/register-device.ts";
import { replanAll } from "../../devices/service/replan-all.ts";
import type { ServerAccount } from "../../devices/service/server-secret.ts";
import type { OmaDmSettings, SiteContext } from "../../devices/service/site-context.ts";
import type { OutpostDatabase } from "../../gateway/db/database.ts";
import { CachedSiteStore } from "../../gateway/db/stores/cached-site-store.ts";
import { SqlSiteEnrolmentCodes } from "../../gateway/db/stores/enrolment-codes.ts";
import { SqlSiteStore } from "../../gateway/db/stores/site-store.ts";
import { onError } from "../../gateway/http/on-error.ts";
import { omaDmRoutes } from "../../gateway/http/routes/oma-dm.ts";
import { Metrics } from "../../gateway/telemetry/metrics.ts";
import { emptyPolicy } from "../../sync/policy/build-policy.ts";
import { aRevision } from "../devices/a-revision.ts";
import { openMemory } from "../gateway/db/temporary.ts";
import { RawDevice } from "./raw-device.ts";
import { seededRandom } from "./seeded-random.ts";

export const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
export const P2 = "{5B1DE6B4-9A6C-4D5E-8E0B-0C2F6F1B7A52}";
export const P3 = "{7C0A3E15-2D34-4B7E-9F61-3A1C5D8E9B03}";
export const MSI_V1 = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
export const MSI_V2 = "{1803A630-3C38-4D2B-9B9A-0CB37243539C}";
export const UPGRADE_CODE = "{11111111-2222-3333-4444-555555555555}";
export const FAMILY = "Contoso.App_8wekyb3d8bbwe";
export const EID = "4000000001";
export const EAM = `./Vendor/MSFT/EnterpriseAppManagement/${EID}`;
export const P1_DOWNLOAD = `${EAM}/EnterpriseApps/Download/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D`;
export const P1_INVENTORY = `${EAM}/EnterpriseApps/Inventory/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D`;

const CONTOSO_APP = { id: "contoso-app", productId: P1 } as const;

const ANY = { cpu: null, osMajor: null, osPlatform: null } as const;

export const QUIET: Log = { info() {}, warn() {}, error() {} };

/** A site without its shell: the domain over real SQL, with policy and time in the test's hands. */
export class SiteCore implements AsyncDisposable {
  readonly context: SiteContext;
  readonly database: OutpostDatabase;
  readonly #app: ReturnType<typeof omaDmRoutes>;
  readonly content = new Set<string>();
  nowMs: number;
  policy: Policy;
  /** Addresses that are believed; a request without a connection comes from the empty address. */
  proxies: { includes(address: string): boolean } = { includes: () => false };
  omaDm: OmaDmSettings = { requiredProof: "any", serverId: "outpost" };
  /** How devices are called. */
  trigger: DeviceTrigger | undefined;
  /** What sessions are recorded with; nothing unless a test wants it. */
  recorder: SessionRecorder = { record() {}, recordUnreadable() {} };
  /** Where messages come from. */
  address = "192.168.1.20";

  static async open(options: { nowMs?: number; seed?: number } = {}): Promise<SiteCore> {
    const core = { current: undefined as SiteCore | undefined };
    const now = () => core.current?.nowMs ?? 0;
    const database = await openMemory({ log: QUIET, now });
    const made = new SiteCore(database, options);
    core.current = made;
    return made;
  }

  private constructor(database: OutpostDatabase, options: { nowMs?: number; seed?: number }) {
    this.nowMs = options.nowMs ?? Date.parse("2026-11-21T12:00:00Z");
    const { enterprise, ...nothing } = emptyPolicy();
    this.policy = {
      ...nothing,
      version: 1,
      enterprise: {
        ...enterprise,
        enterpriseId: EID,
        enrollmentToken: "VG9rZW4x",
        certificateSearchCriteria: "CN%3DDevice-42",
      },
    };
    const random = seededRandom(options.seed ?? 1);
    const site = "site-1" as SiteId;
    this.database = database;
    const core = () => this;
    this.context = {
      site,
      organisation: "test",
      timeZone: () => "Europe/Prague",
      omaDm: () => this.omaDm,
      store: new CachedSiteStore(new SqlSiteStore(database, site)),
      enrolmentCodes: new SqlSiteEnrolmentCodes(database),
      policy: { read: () => this.policy },
      content: {
        has: (sha256) => this.content.has(sha256),
        describeMissing: () => "not here yet",
        describeSource: () => "not fetched yet",
        urlFor: (file, device, _untilMs, base) =>
          `${base}/content/${file.sha256}/${file.name}?device=${device}`,
      },
      get trigger() {
        return core().trigger;
      },
      strangers: new StrangerGuard(),
      occurrences: new OccurrenceCache(),
      settled: new SettledPlans(),
      now: () => this.nowMs,
      hlc: new HlcClock(() => this.nowMs, HLC_ZERO),
      lock: new DeviceLock(),
      log: QUIET,
      random,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
      issueIncarnation: async (_device, last) => (last ?? 0) + 1,
    };
    this.#app = omaDmRoutes({
      serve: (message, origin) =>
        serveMessage(this.context, message, { ...origin, address: this.address }),
      baseUrlOf: () => "http://site.test",
      certificate: {
        header: "x-certificate-subject",
        proxies: { includes: (address) => this.proxies.includes(address) },
      },
      recorder: {
        record: (exchange) => this.recorder.record({ ...exchange, address: this.address }),
        recordUnreadable: (message) => this.recorder.recordUnreadable(message),
      },
      now: () => this.nowMs,
      log: QUIET,
      metrics: new Metrics(),
    });
    this.#app.onError(onError(QUIET) as never);
  }

  /** Changes the policy and plans everything again, as a gateway does. */
  async change(change: Partial<Policy>): Promise<void> {
    const next = { ...this.policy, ...change, version: this.policy.version + 1 };
    this.policy = {
      ...next,
      distributionsById: new Map(next.distributions.map((one) => [one.id, one])),
    };
    await replanAll(this.context);
  }

  /** Distributes a version of an app, of P1 unless another is said; the file is on hand. */
  async distribute(
    version: string,
    options: Partial<Distribution> = {},
    { id, productId }: { readonly id: string; readonly productId: string } = CONTOSO_APP,
  ): Promise<DistributionId> {
    const app = { ...this.#package(id, productId), name: "ContosoApp1" };
    return this.#distribute(app, version, "ContosoApp1.xap", options, {});
  }

  /** Distributes an MSI with this ProductCode; the file is on hand. */
  distributeMsi(
    version: string,
    options: Partial<Distribution> = {},
    productCode: string = MSI_V1,
    msi: Partial<MsiInstall> = {},
  ): Promise<DistributionId> {
    const install: MsiInstall = {
      productCode,
      upgradeCode: UPGRADE_CODE,
      context: "device",
      commandLine: "/quiet",
      timeoutMinutes: 60,
      retryCount: 3,
      retryIntervalMinutes: 5,
      downloadFromAad: false,
      fallbackUrls: ["https://vendor.test/tools.msi"],
      ...msi,
    };
    const app = this.#package("contoso-tools", null);
    return this.#distribute(app, version, "tools.msi", options, {
      channel: "EnterpriseDesktopAppManagement",
      msi: install,
    });
  }

  /** Distributes a packaged app with one dependency; both files are on hand. */
  distributeMsix(version: string, options: Partial<Distribution> = {}): Promise<DistributionId> {
    const app = this.#package("contoso-shop", null);
    return this.#distribute(app, version, "app.msix", options, {
      channel: "EnterpriseModernAppManagement",
      msix: this.#packaged(),
    });
  }

  /** Distributes an APPX that phones know by its product id and PCs by its family name. */
  distributeAppxForBoth(version: string): Promise<DistributionId> {
    const app = this.#package("contoso-both", P1);
    return this.#distribute(app, version, "app.appx", {}, { msix: this.#packaged() });
  }

  /** Distributes modules with one artifact each for clients of DDI; unless said otherwise one, forced. */
  distributeDdi(
    version: string,
    options: Partial<Distribution> = {},
    {
      file,
      app: id = "kiosk-image",
      ...ddi
    }: Partial<DdiInstall> & { readonly file?: PackageFile; readonly app?: string } = {},
  ): Promise<DistributionId> {
    const number = this.policy.distributions.length + 1;
    const artifact: PackageFile = file ?? {
      sha256: number.toString(16).padStart(64, "d") as Sha256,
      name: "app.swu",
      bytes: 100,
    };
    this.content.add(artifact.sha256);
    const chunk = { part: "os", name: "kiosk", version, files: [artifact], metadata: [] };
    const app = this.#package(id, null);
    return this.#distribute(app, version, "app.swu", options, {
      channel: "ddi",
      file: null,
      ddi: { handling: "forced", chunks: [chunk], ...ddi },
    });
  }

  /** Distributes what an agent carries out: unless said otherwise one file, and its size as a metric. */
  async distributeAgent(
    version: string,
    options: Partial<Distribution> = {},
    agent: Partial<AgentInstall> = {},
    change: Partial<Revision> = {},
  ): Promise<DistributionId> {
    const number = this.policy.distributions.length + 1;
    const file: PackageFile = {
      sha256: number.toString(16).padStart(64, "a") as Sha256,
      name: "tool.bin",
      bytes: 100,
    };
    this.content.add(file.sha256);
    const settings = { critical: CRITICAL_DEFAULT, targeting: ANY };
    const source = { file: file.name, virtualFile: null };
    const install: AgentInstall = {
      files: [file],
      actions: [{ kind: "Download", source: file.name, target: "\\tool.bin", ...settings }],
      uninstall: [{ kind: "DeleteFiles", path: "\\tool.bin", ...settings }],
      metrics: [
        {
          number: 1,
          kind: "FileSize",
          file: "\\tool.bin",
          source,
          targeting: ANY,
          operator: "EQ",
          size: file.bytes,
        },
      ],
      ...agent,
    };
    const app = this.#package("agent-tool", null);
    return this.#distribute(app, version, "tool.bin", options, {
      channel: "agent",
      file: null,
      agent: install,
      ...change,
    });
  }

  /** Distributes an artifact `tool-VERSION` for Mender's clients on devices of the type `edge-test`. */
  distributeMender(
    version: string,
    options: Partial<Distribution> = {},
    mender: Partial<MenderInstall> = {},
  ): Promise<DistributionId> {
    const app = this.#package("mender-tool", null);
    return this.#distribute(app, version, "tool.mender", options, {
      channel: "mender",
      mender: { artifactName: `tool-${version}`, deviceTypes: ["edge-test"], ...mender },
    });
  }

  #packaged(): MsixInstall {
    const sha256 = "d".repeat(64) as Sha256;
    this.content.add(sha256);
    return {
      familyName: FAMILY,
      fullName: null,
      context: "device",
      dependencies: [{ sha256, name: "vclibs.appx", bytes: 10 }],
      deploymentOptions: 0,
    };
  }

  #package(id: string, productId: string | null): Package {
    return {
      id: id as PackageId,
      name: id,
      platform: "Windows",
      productId,
      publisher: "Contoso",
      description: "",
      createdAtMs: this.nowMs,
    };
  }

  #distribute(
    app: Package,
    version: string,
    fileName: string,
    options: Partial<Distribution>,
    change: Partial<Revision>,
  ): Promise<DistributionId> {
    const number = this.policy.distributions.length + 1;
    const sha256 = number.toString(16).padStart(64, "0") as Sha256;
    this.content.add(sha256);
    const revision = aRevision({
      id: `revision-${number}` as RevisionId,
      package: app.id,
      version,
      channel: "EnterpriseAppManagement",
      file: { sha256, name: fileName, bytes: 1000 },
      createdAtMs: this.nowMs,
      ...change,
    });
    return this.#add(app, revision, options);
  }

  /** Everything that was said and decided about a device, in order. */
  async facts(device: DeviceId): Promise<readonly { value: string; text: string | null }[]> {
    const rows = this.database.connection
      .prepare("SELECT value, text FROM facts WHERE device = ? ORDER BY seq")
      .rows(device);
    return rows.map(([value, text]) => ({
      value: String(value),
      text: text === null ? null : String(text),
    }));
  }

  async addWindow(start: string, durationMinutes: number): Promise<void> {
    const window: MaintenanceWindow = {
      id: `window-${this.policy.windows.length + 1}` as WindowId,
      name: "nightly",
      start,
      recurrence: "FREQ=DAILY",
      durationMinutes,
      timeZone: null,
      scope: { kind: "organisation" },
      enabled: true,
    };
    await this.change({ windows: [...this.policy.windows, window] });
  }

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> =>
    this.#app.request(url, init);

  /** Distributes an app whose installs are only reported, not carried out, by the site. */
  async distributeReported(
    platform: Package["platform"],
    options: Partial<Revision> = {},
    distribution: Partial<Distribution> = {},
  ): Promise<DistributionId> {
    const number = this.policy.distributions.length + 1;
    const app: Package = {
      id: `reported-${platform.toLowerCase()}` as PackageId,
      name: "Reported App",
      platform,
      productId: null,
      publisher: null,
      description: "",
      createdAtMs: this.nowMs,
    };
    const revision = aRevision({
      id: `revision-${number}` as RevisionId,
      package: app.id,
      version: "1.0",
      createdAtMs: this.nowMs,
      ...options,
    });
    return this.#add(app, revision, distribution);
  }

  async #add(
    app: Package,
    revision: Revision,
    options: Partial<Distribution>,
  ): Promise<DistributionId> {
    const distribution: Distribution = {
      id: `distribution-${this.policy.distributions.length + 1}` as DistributionId,
      package: app.id,
      revision: revision.id,
      operation: "install",
      mode: "on-demand",
      target: { kind: "all" },
      sites: [],
      allowDowngrade: false,
      updateOnly: false,
      question: null,
      schedule: null,
      createdAtMs: this.nowMs,
      hlc: this.context.hlc.next(),
      author: "test",
      origin: "hub",
      stoppedAtMs: null,
      ...options,
    };
    await this.change({
      packages: new Map([...this.policy.packages, [app.id, app]]),
      revisions: new Map([...this.policy.revisions, [revision.id, revision]]),
      distributions: [distribution, ...this.policy.distributions],
    });
    return distribution.id;
  }

  /** Registers a device and gives the hand to play it with. */
  async device(
    name: string,
    options: Partial<NewDevice> = {},
  ): Promise<{ id: DeviceId; raw: RawDevice; server: ServerAccount | null }> {
    const stableId = `urn:uuid:${name}`;
    const registered = await registerDevice(
      this.context,
      { stableId, name, platform: "Windows", ...options },
      "test",
    );
    const raw = new RawDevice({
      url: "http://site.test/syncml",
      deviceId: stableId,
      user: registered.userName ?? "",
      password: registered.password ?? "",
      fetch: this.fetch,
    });
    return { id: registered.device.id, raw, server: registered.server };
  }

  async row(device: DeviceId, distribution: DistributionId) {
    const view = await this.context.store.view(device);
    const row = view?.installations.find((one) => one.distribution === distribution);
    if (!row) throw new Error(`no row ${distribution} of ${device}`);
    return row;
  }

  /** As after a restart of the gateway: only what is on disk is known. */
  restart(): void {
    const { store } = this.context;
    if (!(store instanceof CachedSiteStore)) throw new Error("no cache to forget");
    store.forget();
  }

  /** As where a box was replaced: the device is known, its secret is not. */
  forgetCredential(device: DeviceId): void {
    this.database.connection.prepare("DELETE FROM device_credentials WHERE device = ?").run(device);
  }

  advance(milliseconds: number): Promise<void> {
    this.nowMs += milliseconds;
    return replanAll(this.context);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.database.close();
  }
}
