import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "../../../devices/model/errors.ts";
import { HLC_ZERO } from "../../../devices/model/hlc.ts";
import type { Sha256, SiteId } from "../../../devices/model/ids.ts";
import { SESSION_RECORDING_DEFAULT } from "../../../devices/model/recorded-session.ts";
import { WINDOWS_ENROLMENT_DEFAULT } from "../../../devices/model/windows-enrolment.ts";
import type { DeviceTrigger } from "../../../devices/ports/device-trigger.ts";
import type { SessionRecorder } from "../../../devices/ports/session-recorder.ts";
import { CE_DEFAULT } from "../../../devices/service/ce/settings.ts";
import { HlcClock } from "../../../devices/service/clock.ts";
import { SettledPlans } from "../../../devices/service/contact/settled-plans.ts";
import { StrangerGuard } from "../../../devices/service/contact/stranger-guard.ts";
import { DDI_DEFAULT } from "../../../devices/service/ddi/ddi-settings.ts";
import { DeviceLock } from "../../../devices/service/device-lock.ts";
import { OccurrenceCache } from "../../../devices/service/outlook.ts";
import { replanAll } from "../../../devices/service/replan-all.ts";
import type { SiteContext } from "../../../devices/service/site-context.ts";
import { Accounts } from "../../../gateway/access/accounts.ts";
import { ApiTokens } from "../../../gateway/access/api-tokens.ts";
import { Audit } from "../../../gateway/access/audit.ts";
import type { Role, Scope } from "../../../gateway/access/role.ts";
import { openBlobStore } from "../../../gateway/content/blob-store.ts";
import { DiskFloor } from "../../../gateway/content/disk-floor.ts";
import { LinkKeys } from "../../../gateway/content/link-keys.ts";
import { metricMaker } from "../../../gateway/content/metric-maker.ts";
import type { OutpostDatabase } from "../../../gateway/db/database.ts";
import { SqlAccessStore } from "../../../gateway/db/stores/access-store.ts";
import { SqlKnockList } from "../../../gateway/db/stores/access-store-knocks.ts";
import { SqlBlobIndex } from "../../../gateway/db/stores/blob-index.ts";
import { CachedSiteStore } from "../../../gateway/db/stores/cached-site-store.ts";
import { SqlSiteEnrolmentCodes } from "../../../gateway/db/stores/enrolment-codes.ts";
import { SqlHubStore } from "../../../gateway/db/stores/hub-store.ts";
import { SqlPolicyStore } from "../../../gateway/db/stores/policy-store.ts";
import { SqlReportReader } from "../../../gateway/db/stores/report-reader.ts";
import { SqlSiteLinkStore } from "../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { ValueStore } from "../../../gateway/db/stores/value-store.ts";
import { type ApiDeps, createApi } from "../../../gateway/http/api.ts";
import { createApp } from "../../../gateway/http/app.ts";
import { trustedProxies } from "../../../gateway/http/client-address.ts";
import { type DocsDeps, docsRoutes, openApiDocument } from "../../../gateway/http/docs.ts";
import type { Api } from "../../../gateway/http/environment.ts";
import { healthRoutes } from "../../../gateway/http/health.ts";
import { MetricEditor } from "../../../gateway/http/metric-editor.ts";
import type { OpenApiDocument } from "../../../gateway/http/openapi-document.ts";
import type {
  LocalSettings,
  ReadinessCheck,
  SiteDirectory,
  SiteLine,
  SiteSummary,
} from "../../../gateway/http/use-cases.ts";
import { listFiles } from "../../../gateway/roles/doors.ts";
import { hubOversight } from "../../../gateway/roles/hub-oversight.ts";
import { siteEnrolment } from "../../../gateway/roles/site-enrolment.ts";
import { siteSecrets } from "../../../gateway/roles/site-secrets.ts";
import { openSiteSessions } from "../../../gateway/roles/site-sessions.ts";
import { siteUseCases } from "../../../gateway/roles/site-use-cases.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";
import { takeAgain } from "../../../sync/hub/take-again.ts";
import { Keyring } from "../../../sync/link/keyring.ts";
import { PolicyBook } from "../../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../../sync/policy/policy-holder.ts";
import type { PolicyAuthor } from "../../../sync/ports/policy-author.ts";
import { cheapPasswords } from "../../harness/cheap-passwords.ts";
import { fakeBackups } from "../../harness/fake-backups.ts";
import { openMemory, silentLog } from "../db/temporary.ts";

export const PASSWORD = "correct horse battery";
export const SITE = "prague" as SiteId;
export const START_MS = Date.parse("2026-11-21T12:00:00Z");

export interface HarnessOptions {
  readonly role?: "site" | "hub";
  readonly checks?: readonly ReadinessCheck[];
  readonly proxies?: readonly string[];
}

/** The whole API of one gateway over real stores in memory, with time in the test's hands. */
export class ApiHarness implements AsyncDisposable {
  nowMs = START_MS;
  readonly base: ApiDeps["base"];
  readonly app: Api;
  readonly deps: ApiDeps;
  readonly context: SiteContext;
  readonly sites: SiteSummary[] = [];
  /** How devices are called. */
  trigger: DeviceTrigger | undefined;
  /** The address that requests come from. */
  peer = "192.0.2.7";
  readonly database: OutpostDatabase;
  readonly book: PolicyBook;
  /** What its device sessions are recorded with. */
  readonly recorder: SessionRecorder;
  readonly #docs: DocsDeps;
  readonly #dispose: () => Promise<void>;

  static async open(options: HarnessOptions = {}): Promise<ApiHarness> {
    const clock: { harness?: ApiHarness } = {};
    const now = () => clock.harness?.nowMs ?? START_MS;
    const folder = mkdtempSync(join(tmpdir(), "outpost-api-"));
    const database = await openMemory({ now });
    const hlc = new HlcClock(now, HLC_ZERO);
    const holder = new PolicyHolder();
    const keyring = await Keyring.open(new SqlSiteLinkStore(database, SITE));
    const isSite = options.role !== "hub";
    const book = await PolicyBook.open({
      owner: isSite
        ? { role: "site", site: SITE, keys: () => keyring.sealing }
        : { role: "hub", recipients: async () => [] },
      store: new SqlPolicyStore(database),
      holder,
      nextHlc: () => hlc.next(),
      now,
      log: silentLog,
    });
    const blobIndex = new SqlBlobIndex(database);
    const plenty = { freeBytes: 1e12, totalBytes: 2e12 };
    const files = await openBlobStore({
      folder,
      index: blobIndex,
      diskFloor: new DiskFloor(async () => plenty as never, 0),
      now,
      log: silentLog,
    });
    const context: SiteContext = {
      site: SITE,
      organisation: "test",
      timeZone: () => "Europe/Prague",
      omaDm: () => settings.omaDm,
      get trigger() {
        return clock.harness?.trigger;
      },
      store: new CachedSiteStore(new SqlSiteStore(database, SITE)),
      enrolmentCodes: new SqlSiteEnrolmentCodes(database),
      policy: holder,
      content: {
        has: (sha256: Sha256) => files.has(sha256),
        describeMissing: () => "not here yet",
        describeSource: () => "not fetched yet",
        urlFor: () => "http://site.test/content",
      },
      strangers: new StrangerGuard(),
      occurrences: new OccurrenceCache(),
      settled: new SettledPlans(),
      now,
      hlc,
      lock: new DeviceLock(),
      log: silentLog,
      random: () => 0.5,
      randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
      issueIncarnation: async (_device, last) => (last ?? 0) + 1,
    };
    const author: PolicyAuthor = {
      write: async (changes, by) => {
        await book.write(changes, by);
        if (isSite) await replanAll(context);
      },
    };
    const accessStore = new SqlAccessStore(database);
    const accounts = new Accounts({ store: accessStore, now, passwords: cheapPasswords() });
    let settings: LocalSettings = {
      siteName: "Prague",
      timeZone: "Europe/Prague",
      factRetentionDays: 90,
      contentOrigins: [],
      tokenAliases: {},
      mender: { autoAccept: false },
      agents: { plugAndPlay: false },
      omaDm: { requiredProof: "any", serverId: "outpost" },
      ddi: DDI_DEFAULT,
      windowsEnrolment: WINDOWS_ENROLMENT_DEFAULT,
      windowsCe: CE_DEFAULT,
      sessions: SESSION_RECORDING_DEFAULT,
    };
    const sites: SiteSummary[] = [];
    const sessions = openSiteSessions({
      path: ":memory:",
      key: undefined,
      store: context.store,
      recording: () => settings.sessions,
      checkRoom: async () => undefined,
      now,
      log: silentLog,
      metrics: new Metrics(),
    });
    const deps: ApiDeps = {
      base: isSite ? "/api/v1" : "/hub/api/v1",
      cookie: { name: "outpost-test", path: isSite ? "/" : "/hub" },
      accounts,
      tokens: new ApiTokens(accessStore, now),
      audit: new Audit(accessStore, now),
      answers: accessStore,
      reports: new SqlReportReader({
        database,
        policy: holder,
        isAtSite: isSite,
        siteOf: (site) => ({ name: `Site ${site}`, asOfMs: now(), stale: false }),
      }),
      policy: holder,
      author,
      metrics: new MetricEditor({
        policy: holder,
        author,
        maker: metricMaker(files),
        aliases: () => settings.tokenAliases,
      }),
      describeSource: () => "not fetched yet",
      files,
      listFiles: () => listFiles(blobIndex),
      settings: {
        read: () => settings,
        write: async (change) => {
          settings = { ...settings, ...change };
        },
      },
      link: async () => (options.role === "hub" ? { kind: "hub", sites: 0 } : LINE),
      backups: fakeBackups(now),
      now,
      role: isSite
        ? {
            kind: "site",
            site: () => SITE,
            useCases: siteUseCases(context),
            certificates: siteEnrolment(
              { database, values: new ValueStore(database), clock: { now } },
              { context, settings: { read: () => settings } },
              { log: silentLog, metrics: new Metrics() },
            ).useCases,
            codes: context.enrolmentCodes,
            knocks: new SqlKnockList(database),
            sessions: sessions.view,
            secrets: siteSecrets(
              { keyring, rotateKeys: () => keyring.rotate(SITE, now()) },
              await LinkKeys.open(new ValueStore(database), now),
            ),
          }
        : {
            kind: "hub",
            directory: directoryOf(sites, now),
            oversight: hubOversight({
              book,
              policy: holder,
              database,
              siteOf: (id) => ({ name: `Site ${id}` }),
              takeAgain: async (frame) => {
                const store = new SqlHubStore(database);
                const site = await store.site(frame.site);
                if (!site) throw new AppError("not-found", `there is no site ${frame.site}`);
                await takeAgain({ book, store }, site, frame);
              },
            }),
          },
    };
    await accounts.ensureFirstAdministrator(PASSWORD);
    const dispose = async () => {
      await sessions[Symbol.asyncDispose]();
      await database.close();
      rmSync(folder, { recursive: true, force: true });
    };
    const made = { database, book, recorder: sessions.recorder, dispose };
    const harness = new ApiHarness(deps, context, sites, options, made);
    clock.harness = harness;
    return harness;
  }

  private constructor(
    deps: ApiDeps,
    context: SiteContext,
    sites: SiteSummary[],
    options: HarnessOptions,
    made: Pick<ApiHarness, "database" | "book" | "recorder"> & {
      readonly dispose: () => Promise<void>;
    },
  ) {
    this.database = made.database;
    this.book = made.book;
    this.recorder = made.recorder;
    this.deps = deps;
    this.base = deps.base;
    this.context = context;
    this.sites = sites;
    this.#dispose = made.dispose;
    const metrics = new Metrics();
    const identify = { accounts: deps.accounts, tokens: deps.tokens, cookie: deps.cookie };
    this.app = createApp({
      log: silentLog,
      metrics,
      proxies: trustedProxies(options.proxies ?? []),
      elapsed: () => performance.now(),
    });
    const api = createApi(deps);
    const health = healthRoutes({
      checks: options.checks ?? [],
      metrics,
      log: silentLog,
      identify,
    });
    const docs: DocsDeps = {
      title: "Outpost",
      version: "0.0.0",
      parts: [
        { base: deps.base, api },
        { base: "", api: health },
      ],
      identify,
    };
    this.#docs = docs;
    this.app.route(deps.base, api);
    this.app.route("/", health);
    this.app.route(deps.base === "/api/v1" ? "/" : "/hub", docsRoutes(docs));
  }

  /** Made when it is asked for: it costs as much as all else of a harness. */
  get document(): OpenApiDocument {
    return openApiDocument(this.#docs);
  }

  /** Headers of a new token. */
  async token(role: Role, ...scopes: readonly Scope[]): Promise<Record<string, string>> {
    const wanted = { name: `${role}-token`, role, scopes, expiresAtMs: null };
    const { text } = await this.deps.tokens.issue(wanted, undefined, "test");
    return { Authorization: `Bearer ${text}` };
  }

  /** Asks for a path below the API's base, or an absolute one when it begins with two slashes. */
  async ask(
    method: string,
    path: string,
    options: {
      readonly headers?: Record<string, string>;
      readonly json?: unknown;
      readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
    } = {},
  ): Promise<Response> {
    const url = path.startsWith("//") ? path.slice(1) : this.base + path;
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    return this.app.request(
      url,
      {
        method,
        headers: {
          ...(options.json !== undefined && { "Content-Type": "application/json" }),
          ...options.headers,
        },
        ...(body !== undefined && { body }),
      },
      { server: { requestIP: () => ({ address: this.peer }) } },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dispose();
  }
}

function directoryOf(sites: SiteSummary[], now: () => number): SiteDirectory {
  return {
    sites: async () => sites,
    revoke: async (id) => {
      const index = sites.findIndex((site) => site.id === id);
      const site = sites[index];
      if (site) sites[index] = { ...site, revokedAtMs: now() };
    },
    clearAlarm: async (id) => {
      const index = sites.findIndex((site) => site.id === id);
      const site = sites[index];
      if (site) sites[index] = { ...site, alarm: null };
    },
    joinCodes: async () => [],
    createJoinCode: async (wanted, by) => ({
      code: "abcd-efgh",
      summary: { id: "code-1", ...wanted, createdBy: by, createdAtMs: now(), usedAtMs: null },
    }),
    removeJoinCode: async (id) => id === "code-1",
  };
}

/** A site's line as it stands when all is well. */
const LINE: SiteLine = {
  kind: "site",
  joined: true,
  site: "prague",
  phase: "live",
  hubUrl: "https://hub.example",
  incarnation: 1,
  connectedSinceMs: START_MS,
  lastAcknowledgedAtMs: null,
  pendingRows: 0,
  pendingFacts: 2,
  policyVersion: 4,
  clockOffsetMs: -3,
  lastError: null,
  nextAttemptAtMs: null,
  joinProblem: null,
};
