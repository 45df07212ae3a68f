import { bytesSource } from "../../devices/packages/range-source.ts";
import { DDI_DEFAULT } from "../../devices/service/ddi/ddi-settings.ts";
import { contentsOf, type FileContents } from "../../gateway/content/file-contents.ts";
import { MetricEditor } from "../../gateway/http/metric-editor.ts";
import { emptyPolicy } from "../../sync/policy/build-policy.ts";
import { fakeMetricMaker } from "./fake-metric-maker.ts";
/** A console over a real database in memory, with the rest of the gateway played. */

import { Hono } from "hono";
import type { TokenAliases } from "../../devices/install/tokens.ts";
import type { Distribution } from "../../devices/model/distribution.ts";
import { AppError } from "../../devices/model/errors.ts";
import {
  type DeviceId,
  type InstallationKey,
  installationIdFrom,
  type Sha256,
  type SiteId,
} from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { Policy } from "../../devices/model/policy.ts";
import { SESSION_RECORDING_DEFAULT } from "../../devices/model/recorded-session.ts";
import {
  WINDOWS_ENROLMENT_DEFAULT,
  type WindowsEnrolmentSettings,
} from "../../devices/model/windows-enrolment.ts";
import type { DeviceCertificate } from "../../devices/ports/certificates.ts";
import type { EnrolmentCode } from "../../devices/ports/enrolment-codes.ts";
import type { SessionRecorder } from "../../devices/ports/session-recorder.ts";
import type { Knock } from "../../devices/ports/site-store.ts";
import { CE_DEFAULT } from "../../devices/service/ce/settings.ts";
import type { DmAccount } from "../../devices/service/dm-account.ts";
import { Accounts } from "../../gateway/access/accounts.ts";
import { ApiTokens } from "../../gateway/access/api-tokens.ts";
import { Audit } from "../../gateway/access/audit.ts";
import type { Role } from "../../gateway/access/role.ts";
import type { ConsoleDeps, InstantMark } from "../../gateway/console/console-deps.ts";
import { consoleRoutes } from "../../gateway/console/console-routes.ts";
import { LinkKeys } from "../../gateway/content/link-keys.ts";
import type { OutpostDatabase } from "../../gateway/db/database.ts";
import { devices as deviceTable } from "../../gateway/db/schema/devices.ts";
import {
  facts as factTable,
  installations as rowTable,
} from "../../gateway/db/schema/installations.ts";
import { SqlAccessStore } from "../../gateway/db/stores/access-store.ts";
import { SqlReportReader } from "../../gateway/db/stores/report-reader.ts";
import { SqlSiteLinkStore } from "../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../gateway/db/stores/site-store.ts";
import { insertInto } from "../../gateway/db/stores/upsert.ts";
import { ValueStore } from "../../gateway/db/stores/value-store.ts";
import type { AppEnv } from "../../gateway/http/environment.ts";
import { securityHeaders } from "../../gateway/http/security-headers.ts";
import type {
  CertificateUseCases,
  JoinCodeSummary,
  SiteDirectory,
  SiteLine,
  SiteSummary,
  SiteUseCases,
} from "../../gateway/http/use-cases.ts";
import type { BlobView } from "../../gateway/reports/report-reader.ts";
import { siteSecrets } from "../../gateway/roles/site-secrets.ts";
import { openSiteSessions } from "../../gateway/roles/site-sessions.ts";
import { Metrics } from "../../gateway/telemetry/metrics.ts";
import { Keyring } from "../../sync/link/keyring.ts";
import type { PolicyChange } from "../../sync/ports/policy-author.ts";
import { openMemory } from "../gateway/db/temporary.ts";
import { cheapPasswords } from "./cheap-passwords.ts";
import { type ConsoleData, consoleData, FIXTURE_NOW_MS } from "./console-data.ts";
import { withFamilies } from "./console-families.ts";
import { fakeBackups } from "./fake-backups.ts";
import { fakeOversight } from "./fake-oversight.ts";
import { recordSome } from "./recorded-sessions.ts";

const HOUR_MS = 3_600_000;
export const FIXTURE_PASSWORD = "correct horse battery";

export interface ConsoleFixtureOptions {
  readonly role?: "site" | "hub";
  /** 0: a gateway just after its first start. */
  readonly devices?: number;
  readonly as?: Role;
  /** How a site's line is, where it is not live. */
  readonly line?: Partial<SiteLine>;
  /** With a device of each protocol more, and a package in many steps on them. */
  readonly families?: true;
  /** Every device, app, window and error of a device is called so. */
  readonly names?: string;
}

export interface ConsoleFixture extends AsyncDisposable {
  readonly app: Hono<AppEnv>;
  readonly deps: ConsoleDeps;
  readonly data: ConsoleData;
  readonly base: "" | "/hub";
  /** Cookie header of somebody who is logged in. */
  readonly cookie: string;
  readonly csrf: string;
  /** Records further sessions of devices. */
  readonly recorder: SessionRecorder;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  post(path: string, form: Record<string, string | readonly string[]>): Promise<Response>;
  /** Ends the streams of open pages, as a line that breaks does. */
  cut(): void;
  /** Changes a row as a device's report would; open pages hear of it. */
  change(key: InstallationKey, change: Partial<Installation>): Promise<void>;
}

export async function openConsole(options: ConsoleFixtureOptions = {}): Promise<ConsoleFixture> {
  const { role = "site", devices = 60, as = "admin" } = options;
  const base = role === "hub" ? "/hub" : "";
  const sites = role === "hub" ? ["prague", "brno", "oslo", "lisbon"] : ["prague"];
  const plain = consoleData({ devices, sites });
  const made = options.families ? withFamilies(plain) : plain;
  // What a site says of a reason does not travel.
  const rows = made.rows.map((row) => ({ ...row, reasonDetail: "", nextAttemptMs: null }));
  const full = renamed(role === "hub" ? { ...made, rows } : made, options.names);
  const data: ConsoleData = devices === 0 ? { ...full, policy: emptyPolicy(), files: [] } : full;
  const now = () => FIXTURE_NOW_MS;
  const log = {
    info() {},
    warn() {},
    error: (_event: string, error: unknown) => failures.push(error),
  };
  const failures: unknown[] = [];
  const database = await openMemory({ log, now });
  await store(database, data);

  const policy = new FakePolicy(data.policy);
  const directory = new FakeDirectory(role === "hub" && devices > 0 ? someSites() : []);
  const accessStore = new SqlAccessStore(database);
  const keyring = await Keyring.open(new SqlSiteLinkStore(database, "prague" as SiteId));
  const accounts = new Accounts({ store: accessStore, now, passwords: cheapPasswords() });
  const reports = new SqlReportReader({
    database,
    policy,
    isAtSite: role === "site",
    siteOf: (id) => {
      const site = directory.all.find((one) => one.id === id);
      if (site) return { name: site.name, asOfMs: site.asOfMs, stale: site.stale };
      return { name: role === "site" ? "Prague, Main Square" : id, asOfMs: now(), stale: false };
    },
  });
  const change = async (key: InstallationKey, wanted: Partial<Installation>) => {
    const { and, eq } = await import("drizzle-orm");
    await database.writer.submit((db) =>
      db
        .update(rowTable)
        .set(wanted)
        .where(
          and(
            eq(rowTable.site, key.site),
            eq(rowTable.device, key.device),
            eq(rowTable.distribution, key.distribution),
          ),
        )
        .run(),
    );
  };

  const settings = {
    siteName: role === "hub" ? "Contoso Retail" : "Prague, Main Square",
    timeZone: "Europe/Prague",
    factRetentionDays: 90,
    contentOrigins: [
      { origin: "https://contoso.com", privateAddresses: false },
      { origin: "http://mirror.corp.example", privateAddresses: true },
    ],
    tokenAliases: { STORENAME: "DEVICENAME" } as TokenAliases,
    mender: { autoAccept: false },
    agents: { plugAndPlay: false },
    omaDm: { requiredProof: "any" as const, serverId: "outpost" },
    ddi: DDI_DEFAULT,
    windowsEnrolment: WINDOWS_ENROLMENT_DEFAULT as WindowsEnrolmentSettings,
    windowsCe: CE_DEFAULT,
    sessions: SESSION_RECORDING_DEFAULT,
  };
  const sessions = openSiteSessions({
    path: ":memory:",
    key: undefined,
    store: new SqlSiteStore(database, "prague" as SiteId),
    recording: () => settings.sessions,
    checkRoom: async () => undefined,
    now,
    log,
    metrics: new Metrics(),
  });
  const [spoken] = data.devices;
  if (spoken && devices > 0 && role === "site") {
    recordSome(sessions.recorder, spoken.id, now(), spoken.stableId);
  }
  const knocks = devices > 0 ? someKnocks() : [];
  const codes: EnrolmentCode[] = devices > 0 ? someCodes(data) : [];
  const deps: ConsoleDeps = {
    base,
    role,
    backups: fakeBackups(now),
    reports,
    policy,
    author: policy,
    metrics: new MetricEditor({
      policy,
      author: policy,
      maker: fakeMetricMaker(),
      aliases: () => settings.tokenAliases,
    }),
    accounts,
    tokens: new ApiTokens(accessStore, now),
    audit: new Audit(accessStore, now),
    cookie: { name: `outpost_${role}`, path: base || "/" },
    settings: {
      read: () => settings,
      write: async (wanted) => void Object.assign(settings, wanted),
    },
    link: async () =>
      role === "hub" ? { kind: "hub", sites: directory.all.length } : siteLine(options.line),
    files: new FakeFiles(data.files),
    describeSource: ({ source }) => `${source?.url} is being fetched: 1000 of 4000 bytes.`,
    instants: async (fromMs, toMs) =>
      instantsOf(data).filter(({ startMs }) => startMs >= fromMs && startMs <= toMs),
    log,
    now,
    every: (milliseconds, tick) => {
      const timer = setInterval(tick, milliseconds);
      return { stop: () => clearInterval(timer) };
    },
    site:
      role === "site"
        ? {
            useCases: fakeUseCases(data, reports, change),
            secrets: siteSecrets(
              { keyring, rotateKeys: () => keyring.rotate("prague" as SiteId, now()) },
              await LinkKeys.open(new ValueStore(database), now),
            ),
            certificates: fakeCertificates(data),
            sessions: sessions.view,
            addressFor: () => "http://site.example:8080",
            enrolmentAddress: () =>
              settings.windowsEnrolment.host === null
                ? undefined
                : `https://${settings.windowsEnrolment.host}`,
            knocks: {
              list: async () => knocks,
              find: async (protocol, externalId) =>
                knocks.find((one) => one.protocol === protocol && one.externalId === externalId),
              forget: async (_protocol, externalId) => {
                const index = knocks.findIndex((one) => one.externalId === externalId);
                if (index >= 0) knocks.splice(index, 1);
              },
            },
            codes: {
              list: async () => codes,
              find: async (hash) => codes.find(({ codeHash }) => codeHash === hash),
              add: async (code) => void codes.unshift(code),
              remove: async (id) => {
                const index = codes.findIndex((one) => one.id === id);
                if (index >= 0) codes.splice(index, 1);
              },
            },
          }
        : undefined,
    oversight: role === "hub" ? fakeOversight(devices === 0) : undefined,
    hub: role === "hub" ? directory : undefined,
  };

  const shown = consoleRoutes(deps);
  const app = new Hono<AppEnv>();
  app.use("*", async (c, next) => {
    c.set("address", "192.0.2.7");
    c.set("requestId", "request-1");
    c.set("isHttps", false);
    await next();
  });
  app.use("*", securityHeaders);
  app.route(base === "" ? "/" : base, shown.routes);
  app.notFound(async (c) => (await shown.notFound(c)) ?? c.text("nothing here", 404));

  const { cookie, csrf } = await logIn(accounts, deps, as);
  const send = (path: string, init: RequestInit) =>
    Promise.resolve(app.request(`${base}${path}` || "/", init));
  return {
    app,
    deps,
    data,
    base,
    cookie,
    csrf,
    recorder: sessions.recorder,
    get: (path, headers = {}) => send(path, { headers: { cookie, ...headers } }),
    post: (path, form) => {
      const body = new URLSearchParams({ _csrf: csrf });
      for (const [name, value] of Object.entries(form)) {
        for (const one of typeof value === "string" ? [value] : value) body.append(name, one);
      }
      return send(path, {
        method: "POST",
        body: body.toString(),
        headers: { cookie, ...formHeaders(body) },
      });
    },
    cut: () => shown.close(),
    change,
    async [Symbol.asyncDispose]() {
      shown.close();
      await sessions[Symbol.asyncDispose]();
      await database.close();
      if (failures.length > 0) throw new AggregateError(failures, "the console logged errors");
    },
  };
}

/** What a browser says about a form. */
export function formHeaders(body: URLSearchParams): Record<string, string> {
  return {
    "content-type": "application/x-www-form-urlencoded",
    "content-length": String(Buffer.byteLength(body.toString())),
  };
}

async function logIn(accounts: Accounts, deps: ConsoleDeps, role: Role) {
  await accounts.ensureFirstAdministrator(FIXTURE_PASSWORD);
  let name = "admin";
  let password = FIXTURE_PASSWORD;
  if (role !== "admin") {
    name = role;
    const first = await accounts.add(name, role);
    const { principal } = await accounts.login(name, first, "");
    await accounts.changePassword(principal, first, FIXTURE_PASSWORD, "");
    password = FIXTURE_PASSWORD;
  }
  const { sessionId, principal } = await accounts.login(name, password, "");
  return { cookie: `${deps.cookie.name}=${sessionId}`, csrf: principal.session.csrfToken };
}

async function store(database: OutpostDatabase, data: ConsoleData): Promise<void> {
  const { connection, writer } = database;
  await writer.submit(() => {
    const [device, row, fact] = [
      insertInto(connection, deviceTable),
      insertInto(connection, rowTable),
      insertInto(connection, factTable),
    ];
    for (const one of data.devices) device(one);
    for (const one of data.rows) row({ ...one, revisionCounter: 1 });
    for (const one of data.facts) fact(one);
  });
}

/** Policy in memory: what is written holds at once. */
class FakePolicy {
  #policy: Policy;
  readonly written: PolicyChange[] = [];

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  read(): Policy {
    return this.#policy;
  }

  async write(changes: readonly PolicyChange[]): Promise<void> {
    for (const change of changes) {
      this.written.push(change);
      this.#policy = changed(this.#policy, change);
    }
  }
}

function changed(policy: Policy, { kind, id, body }: PolicyChange): Policy {
  const version = policy.version + 1;
  const put = <T>(map: ReadonlyMap<string, T>): ReadonlyMap<never, never> => {
    const next = new Map<string, unknown>(map);
    if (body === null) next.delete(id);
    else {
      const known = map.get(id) as object | undefined;
      next.set(id, { createdAtMs: FIXTURE_NOW_MS, ...known, ...body });
    }
    return next as unknown as ReadonlyMap<never, never>;
  };
  switch (kind) {
    case "package":
      return { ...policy, version, packages: put(policy.packages) };
    case "revision":
      return { ...policy, version, revisions: put(policy.revisions) };
    case "group":
      return { ...policy, version, groups: put(policy.groups) };
    case "distribution": {
      const distributionsById = put(policy.distributionsById) as ReadonlyMap<never, Distribution>;
      const distributions = [...distributionsById.values()].reverse();
      return { ...policy, version, distributions, distributionsById };
    }
    case "window": {
      const byId = put(new Map(policy.windows.map((one) => [one.id as string, one])));
      return { ...policy, version, windows: [...byId.values()] };
    }
    case "setting":
      return { ...policy, version, enterprise: { ...policy.enterprise, ...body } };
  }
}

class FakeFiles {
  readonly #received = new Map<Sha256, Uint8Array>();
  readonly #files: BlobView[];

  constructor(files: readonly BlobView[]) {
    this.#files = [...files];
  }

  async list(): Promise<readonly BlobView[]> {
    return this.#files;
  }

  /** Of those that were received; of others only names and sizes are here. */
  async describe(sha256: Sha256): Promise<FileContents | undefined> {
    const bytes = this.#received.get(sha256);
    return bytes && (await contentsOf(bytesSource(bytes)));
  }

  async receive(source: AsyncIterable<Uint8Array>, upload: { readonly name: string }) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(chunk);
    const whole = new Uint8Array(Buffer.concat(chunks));
    const bytes = whole.length;
    const sha256 = new Bun.CryptoHasher("sha256").update(whole).digest("hex") as Sha256;
    this.#received.set(sha256, whole);
    const stored = { sha256, name: upload.name, bytes };
    this.#files.unshift({
      ...stored,
      md5: null,
      state: "complete",
      filledBytes: bytes,
      problem: null,
      servedRequests: 0,
      servedBytes: 0,
    });
    return stored;
  }
}

function fakeUseCases(
  data: ConsoleData,
  reports: SqlReportReader,
  change: ConsoleFixture["change"],
): SiteUseCases {
  const deviceOf = (id: DeviceId) => {
    const device = data.devices.find((one) => one.id === id);
    if (!device) throw new AppError("not-found", `no device ${id}`);
    return device;
  };
  const retry = async (key: InstallationKey) => {
    const row = await reports.installation(key);
    if (!row) throw new AppError("not-found", "no such installation");
    if (row.bucket !== "failed") {
      throw new AppError(
        "conflict",
        `only failed work can be retried: the status is ${row.status}`,
      );
    }
    await change(key, {
      status: "pending_install",
      state: "Command Scheduled",
      reason: "window",
      lastError: null,
      lastErrorText: null,
      attempt: row.attempt + 1,
    });
    return row;
  };
  const account: DmAccount = {
    userName: "urn:uuid:handheld",
    scheme: "site",
    requiredProof: "syncml:auth-md5",
    certificateSubject: "CN=Handheld-1,O=Contoso",
    failures: [
      {
        address: "10.20.0.66",
        count: 11,
        lastAtMs: FIXTURE_NOW_MS - 30_000,
        blockedUntilMs: FIXTURE_NOW_MS + 90_000,
      },
      {
        address: "10.20.0.17",
        count: 1,
        lastAtMs: FIXTURE_NOW_MS - 7_200_000,
        blockedUntilMs: null,
      },
    ],
    usualAddresses: ["10.20.0.17"],
    serverId: "outpost",
    serverProblem: "wrong",
    notifyAddress: "10.20.0.17:2948",
    notifiedAtMs: FIXTURE_NOW_MS - 45_000,
    notifiedSession: "2A",
    reach: { problem: null, addresses: ["10.20.0.17:2948"] },
  };
  return {
    registerDevice: async (wanted) => {
      const { protocol = "oma-dm", stableId } = wanted;
      const isOmaDm = protocol === "oma-dm";
      return {
        device: {
          ...deviceOf(data.devices[0]?.id as DeviceId),
          ...{ name: wanted.name ?? stableId, protocol, stableId },
        },
        userName: isOmaDm ? stableId : null,
        password: isOmaDm ? "secret-of-the-device" : null,
        token: protocol === "ddi" ? (wanted.token ? null : "token-of-the-device") : null,
        server: null,
      };
    },
    dmAccount: async () => account,
    changeDmAccount: async (_id, patch) => Object.assign(account, patch),
    notifyDevice: async () => ({
      sessionId: "2A",
      addresses: account.reach.addresses,
      atMs: FIXTURE_NOW_MS,
    }),
    renewServerPassword: async () => ({ serverId: "outpost", password: "secret-of-the-server" }),
    patchDevice: async (id) => deviceOf(id),
    removeDevice: async () => {},
    rotateSecret: async () => "another-secret",
    attributes: async () =>
      [
        ["Device_OS.MajorVersion", "5"],
        ["Device_Power.BatteryPercent", "80"],
      ].map(([name = "", value = ""]) => ({ name, value, atMs: FIXTURE_NOW_MS })),
    requestUnenrolment: async (id) => deviceOf(id),
    requestEnrolment: async (id) => deviceOf(id),
    recordFacts: async () => [],
    takeStatusFeed: async () => [],
    requestInstallation: async (key) => {
      await change(key, { requestedAtMs: FIXTURE_NOW_MS, reason: "contact" });
      const row = await reports.installation(key);
      if (!row) throw new AppError("not-found", "no such installation");
      return row;
    },
    retryInstallation: retry,
    retryInstallations: async (keys) => {
      const outcomes = [];
      for (const key of keys) {
        const id = installationIdFrom(key);
        try {
          outcomes.push({ id, installation: await retry(key) });
        } catch (error) {
          if (!(error instanceof AppError)) throw error;
          outcomes.push({ id, problem: error.message });
        }
      }
      return outcomes;
    },
    tonight: async (id) => {
      const { rows } = await reports.list({
        filter: [
          { field: "device", negated: false, operator: ":", values: [id] },
          { field: "bucket", negated: false, operator: ":", values: ["pending"] },
        ],
        limit: 10,
      });
      return {
        device: id,
        occurrence: {
          startMs: Date.parse("2026-11-21T21:00:00Z"),
          endMs: Date.parse("2026-11-22T01:00:00Z"),
        },
        instantMs: Date.parse("2026-11-21T22:37:00Z"),
        evaluatedAtMs: null,
        items: rows.map((row) => ({
          installation: row.id,
          package: row.package,
          packageName: row.packageName,
          operation: row.operation,
          targetVersion: row.targetVersion,
          when: row.reason === "window" || row.reason === "instant" ? "instant" : "blocked",
          reason: row.reason,
          detail: row.reasonDetail,
        })),
      };
    },
    approveKnock: async (knock) => ({
      device: { ...deviceOf(data.devices[0]?.id as DeviceId), name: knock.externalId },
      userName: knock.externalId,
      password: "secret-of-the-device",
      token: null,
      server: null,
    }),
  };
}

/** An authority and a certificate of the first device; none where nothing has happened yet. */
function fakeCertificates(data: ConsoleData): CertificateUseCases {
  const authority = (thumbprint: string) => ({
    name: "Prague, Main Square Device CA",
    certificate: new Uint8Array([0x30]),
    thumbprint,
    fingerprint: thumbprint.padEnd(64, "0"),
    notBeforeMs: FIXTURE_NOW_MS - 100 * HOUR_MS,
    notAfterMs: FIXTURE_NOW_MS + 80_000 * HOUR_MS,
  });
  const [device] = data.devices;
  const authorities = device ? [authority("3F".repeat(20))] : [];
  const issued: DeviceCertificate[] = device
    ? [
        {
          serial: "5ad0c1",
          device: device.id,
          subject: `CN=${device.id}`,
          certificate: "MA==",
          thumbprint: "A1".repeat(20),
          keyHash: "0".repeat(64),
          authority: "3F".repeat(20),
          notBeforeMs: FIXTURE_NOW_MS - 50 * HOUR_MS,
          notAfterMs: FIXTURE_NOW_MS + 8_000 * HOUR_MS,
          issuedAtMs: FIXTURE_NOW_MS - 50 * HOUR_MS,
          userName: "anna@contoso.com",
          store: "User",
          revokedAtMs: null,
        },
      ]
    : [];
  const make = async () => {
    authorities.unshift(authority(`${authorities.length}B`.repeat(20)));
    return authorities[0] ?? authority("");
  };
  return {
    list: async () => issued,
    ofDevice: async (id) => issued.filter((one) => one.device === id),
    revoke: async (serial) => {
      const index = issued.findIndex((one) => one.serial === serial);
      const found = issued[index];
      if (!found) throw new AppError("not-found", "no such certificate");
      issued[index] = { ...found, revokedAtMs: FIXTURE_NOW_MS };
      return issued[index];
    },
    authorities: () => authorities,
    authority: async () => authorities[0] ?? make(),
    renewAuthority: make,
    revocationLists: async () => [],
  };
}

class FakeDirectory implements SiteDirectory {
  all: SiteSummary[];
  readonly #codes: JoinCodeSummary[] = [];

  constructor(sites: readonly SiteSummary[]) {
    this.all = [...sites];
  }

  async sites() {
    return this.all;
  }

  async revoke(id: SiteId) {
    this.#change(id, { revokedAtMs: FIXTURE_NOW_MS });
  }

  async clearAlarm(id: SiteId) {
    this.#change(id, { alarm: null });
  }

  async joinCodes() {
    return this.#codes;
  }

  async createJoinCode(wanted: Pick<JoinCodeSummary, "site" | "name" | "expiresAtMs">, by: string) {
    const summary: JoinCodeSummary = {
      ...wanted,
      id: `code-${this.#codes.length}`,
      createdBy: by,
      createdAtMs: FIXTURE_NOW_MS,
      usedAtMs: null,
    };
    this.#codes.unshift(summary);
    return { code: "join-me-once-please", summary };
  }

  async removeJoinCode(id: string) {
    const index = this.#codes.findIndex((one) => one.id === id);
    if (index >= 0) this.#codes.splice(index, 1);
    return index >= 0;
  }

  #change(id: SiteId, change: Partial<SiteSummary>): void {
    this.all = this.all.map((one) => (one.id === id ? { ...one, ...change } : one));
  }
}

function someSites(): SiteSummary[] {
  const site = (id: string, name: string, timeZone: string, more: Partial<SiteSummary>) => ({
    id: id as SiteId,
    name,
    timeZone,
    joinedAtMs: FIXTURE_NOW_MS - 2_000 * HOUR_MS,
    lastSeenMs: FIXTURE_NOW_MS - 40_000,
    asOfMs: FIXTURE_NOW_MS - 42_000,
    stale: false,
    clockOffsetMs: 120,
    policyConfirmed: true,
    alarm: null,
    revokedAtMs: null,
    keyFingerprint: "0f3a9c5b7d21e884",
    keysSinceMs: null,
    announcesKeys: false,
    ...more,
  });
  return [
    site("prague", "Prague, Main Square", "Europe/Prague", {}),
    site("brno", "Brno, Railway Station", "Europe/Prague", { clockOffsetMs: -95_000 }),
    site("oslo", "Oslo, Harbour", "Europe/Oslo", {
      stale: true,
      lastSeenMs: FIXTURE_NOW_MS - 51 * HOUR_MS,
      asOfMs: FIXTURE_NOW_MS - 51 * HOUR_MS,
      policyConfirmed: false,
    }),
    site("lisbon", "Lisbon, Baixa", "Europe/Lisbon", {
      keysSinceMs: FIXTURE_NOW_MS - 30 * HOUR_MS,
      announcesKeys: true,
      lastSeenMs: FIXTURE_NOW_MS - 4 * 60_000,
      asOfMs: FIXTURE_NOW_MS - 4 * 60_000,
    }),
  ];
}

function someKnocks(): Knock[] {
  return [
    {
      protocol: "oma-dm",
      externalId: "urn:imei:490154203237518",
      address: "10.20.0.41",
      details: JSON.stringify({ man: "Zebra", mod: "TC70x", swV: "10.0.15254.603" }),
      firstAtMs: FIXTURE_NOW_MS - 5 * HOUR_MS,
      lastAtMs: FIXTURE_NOW_MS - 60_000 * 12,
      count: 9,
    },
    {
      protocol: "mender",
      externalId: '{"mac":"02:00:5e:00:53:01","serial":"a-rather-long-serial-number-0001"}',
      address: "10.20.0.42",
      details: JSON.stringify({
        name: "02:00:5e:00:53:01 a-rather-long-serial-number-0001",
        osPlatform: "Linux",
        token: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE".repeat(4),
        note: "it is known with another key or token",
      }),
      firstAtMs: FIXTURE_NOW_MS - 2 * HOUR_MS,
      lastAtMs: FIXTURE_NOW_MS - 60_000 * 20,
      count: 2,
    },
  ];
}

function someCodes(data: ConsoleData): EnrolmentCode[] {
  const code = (id: string, note: string, more: Partial<EnrolmentCode>): EnrolmentCode => ({
    id,
    codeHash: id,
    note,
    template: "{}",
    stableId: null,
    createdBy: "marta",
    createdAtMs: FIXTURE_NOW_MS - 30 * HOUR_MS,
    expiresAtMs: FIXTURE_NOW_MS + 138 * HOUR_MS,
    usedAtMs: null,
    usedBy: null,
    ...more,
  });
  return [
    code("c1", "Till 4, replacement", {}),
    code("c2", "Stockroom handheld", {
      usedAtMs: FIXTURE_NOW_MS - 20 * HOUR_MS,
      usedBy: data.devices[0]?.id ?? null,
    }),
    code("c3", "Kiosk by the door", { expiresAtMs: FIXTURE_NOW_MS - HOUR_MS }),
  ];
}

/** Tonight's and tomorrow night's moments, as a site would have drawn them. */
function instantsOf(data: ConsoleData): InstantMark[] {
  const nights = [Date.parse("2026-11-21T21:00:00Z"), Date.parse("2026-11-22T21:00:00Z")];
  return nights.flatMap((startMs, night) =>
    data.devices.slice(0, 60).map((device, index) => ({
      device: device.id,
      deviceName: device.name,
      startMs,
      instantMs: startMs + (((index * 611 + night * 337) % 1440) / 1440) * 4 * HOUR_MS,
      evaluatedAtMs: null,
    })),
  );
}

function siteLine(line: Partial<SiteLine> = {}): SiteLine {
  return {
    kind: "site",
    joined: true,
    site: "prague",
    joinProblem: null,
    phase: "live",
    hubUrl: "https://hub.example/hub",
    incarnation: 3,
    connectedSinceMs: FIXTURE_NOW_MS - 7 * HOUR_MS,
    lastAcknowledgedAtMs: FIXTURE_NOW_MS - 8_000,
    pendingRows: 0,
    pendingFacts: 0,
    policyVersion: 41,
    clockOffsetMs: -340,
    lastError: null,
    nextAttemptAtMs: null,
    ...line,
  };
}

function renamed(data: ConsoleData, name: string | undefined): ConsoleData {
  if (name === undefined) return data;
  const { devices, rows, policy } = data;
  const packages = [...policy.packages].map(([id, one]) => [id, { ...one, name }] as const);
  return {
    ...data,
    devices: devices.map((device) => ({ ...device, name })),
    rows: rows.map((row) => ({ ...row, lastErrorText: row.lastErrorText && name })),
    policy: {
      ...policy,
      packages: new Map(packages),
      windows: policy.windows.map((window) => ({ ...window, name })),
    },
  };
}
