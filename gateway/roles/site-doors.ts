import type { Context } from "hono";
import { AppError } from "../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId } from "../../devices/model/ids.ts";
import type { Revision } from "../../devices/model/package.ts";
import type { WindowsEnrolmentSettings } from "../../devices/model/windows-enrolment.ts";
import type { SiteStore } from "../../devices/ports/site-store.ts";
import { answerDevice } from "../../devices/service/ce/answer.ts";
import type { CeContext } from "../../devices/service/ce/ce-context.ts";
import { codePageOf } from "../../devices/service/ce/hear-inventory.ts";
import { findScript } from "../../devices/service/ce/locate.ts";
import { deviceOfToken } from "../../devices/service/contact/device-token.ts";
import type { DdiContext } from "../../devices/service/ddi/ddi-context.ts";
import { DeviceLock } from "../../devices/service/device-lock.ts";
import { serveMessage } from "../../devices/service/dm-session.ts";
import { commandTree } from "../../devices/service/virtual-tree/command-tree.ts";
import type { PolicyAuthor } from "../../sync/ports/policy-author.ts";
import { LoginBackoff } from "../access/login-backoff.ts";
import type { SiteConfig } from "../config/settings.ts";
import { type Console, consoleRoutes } from "../console/console-routes.ts";
import { FileDigests } from "../content/file-digests.ts";
import { metricMaker } from "../content/metric-maker.ts";
import { SqlKnockList } from "../db/stores/access-store-knocks.ts";
import { SqlDdiCatalogueStore } from "../db/stores/ddi-catalogue-store.ts";
import { readInstants } from "../db/stores/instant-reader.ts";
import { SqlReportReader } from "../db/stores/report-reader.ts";
import { createApi } from "../http/api.ts";
import { BasicLogin } from "../http/basic-login.ts";
import type { TrustedProxies } from "../http/client-address.ts";
import type { CertificateRule } from "../http/content/certificate-subject.ts";
import { deviceContentRoutes } from "../http/content/device-content.ts";
import type { Api, AppEnv } from "../http/environment.ts";
import { MetricEditor } from "../http/metric-editor.ts";
import { agentRoutes } from "../http/routes/agent.ts";
import { certificateDownloads } from "../http/routes/certificate-downloads.ts";
import { cspRoutes } from "../http/routes/csp.ts";
import { ddiRoutes } from "../http/routes/ddi.ts";
import { ddiManagementRoutes } from "../http/routes/ddi-management.ts";
import { menderRoutes } from "../http/routes/mender.ts";
import { omaDmRoutes } from "../http/routes/oma-dm.ts";
import { ownStatusFeed } from "../http/routes/status-feed.ts";
import { type WindowsCeDeps, windowsCeRoutes } from "../http/routes/windows-ce.ts";
import { windowsEnrolmentRoutes } from "../http/routes/windows-enrolment.ts";
import { HOST } from "../http/routes/windows-enrolment-settings.ts";
import { agentUseCases } from "./agent-use-cases.ts";
import { consoleFiles, every, listFiles, SITE_COOKIE } from "./doors.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";
import { isOwnAddress, ownAddress } from "./own-addresses.ts";
import type { Replanner } from "./replanner.ts";
import type { SiteCore } from "./site-core.ts";
import { siteUseCases } from "./site-use-cases.ts";

export interface SiteDoors {
  readonly api: Api;
  readonly console: Console;
  readonly reports: SqlReportReader;
  /** OMA DM and content, which devices call, and their virtual trees. */
  readonly mountDevices: (app: Api) => void;
}

/** Everything of a site that can be called, to be mounted by the role. */
export function siteDoors(
  config: SiteConfig,
  foundation: Foundation,
  core: SiteCore,
  replanner: Replanner,
  proxies: TrustedProxies,
  options: RoleOptions,
): SiteDoors {
  const { database, accounts, tokens, audit, accessStore, blobs, blobIndex } = foundation;
  const now = () => foundation.clock.now();
  const reports = new SqlReportReader({
    database,
    policy: core.holder,
    siteOf: () => ({ name: core.settings.read().siteName, asOfMs: now(), stale: false }),
    isAtSite: true,
  });
  const author: PolicyAuthor = {
    write: async (changes, by) => {
      await core.uplink.write(changes, by);
      // Whoever asks next sees the rows that follow from the change.
      await replanner.run();
    },
  };
  const useCases = siteUseCases(core.context);
  const certificates = core.enrolment.useCases;
  const codes = core.context.enrolmentCodes;
  const { secrets } = core;
  const knocks = new SqlKnockList(database);
  const link = () => core.uplink.view();
  const { backups } = foundation;
  const ddi = ddiContext(core, reports, new FileDigests(blobs));
  const describeSource = (revision: Revision) => core.content.describeSource(revision);
  const shared = {
    describeSource,
    accounts,
    tokens,
    audit,
    backups,
    reports,
    policy: core.holder,
    author,
    metrics: new MetricEditor({
      policy: core.holder,
      author,
      maker: metricMaker(blobs),
      aliases: () => core.settings.read().tokenAliases,
    }),
    link,
    now,
  };

  return {
    reports,
    api: createApi({
      ...shared,
      base: "/api/v1",
      cookie: SITE_COOKIE,
      answers: accessStore,
      files: blobs,
      listFiles: () => listFiles(blobIndex),
      settings: core.settings,
      role: {
        kind: "site",
        site: () => core.context.site,
        useCases,
        certificates,
        codes,
        knocks,
        secrets,
        sessions: core.sessions.view,
      },
    }),
    console: consoleRoutes({
      ...shared,
      base: "",
      role: "site",
      cookie: SITE_COOKIE,
      settings: core.settings,
      files: consoleFiles(blobIndex, blobs),
      instants: (fromMs, toMs) => readInstants(database, fromMs, toMs),
      log: options.log,
      every,
      site: {
        useCases,
        knocks,
        codes,
        secrets,
        certificates,
        sessions: core.sessions.view,
        addressFor: (c) => reachedUrlOf(config, c),
        enrolmentAddress: () => setAddress(config, core.settings.read().windowsEnrolment),
      },
      hub: undefined,
      oversight: undefined,
    }),
    mountDevices: (app) => {
      app.route(
        "/",
        cspRoutes({
          identify: { accounts, tokens, cookie: SITE_COOKIE },
          audit,
          needDevice: (name) => needDevice(core.store, name),
          command: (device, commands, by) => commandTree(core.trees, device, commands, by),
          now: Date.now,
        }),
      );
      app.route(
        "/content",
        deviceContentRoutes({
          store: blobs,
          served: foundation.served,
          describeMissing: (sha256) => core.content.describeMissing(sha256),
          now,
          urls: core.urls,
          certificate: certificateRule(config, core, proxies),
          log: options.log,
        }),
      );
      app.route(
        "/",
        omaDmRoutes({
          serve: (message, origin) => serveMessage(core.context, message, origin),
          baseUrlOf: (request) => baseUrlOf(config, request),
          certificate: { header: config.certificateSubjectHeader, proxies },
          recorder: core.sessions.recorder,
          now,
          log: options.log,
          metrics: options.metrics,
        }),
      );
      app.route("/", windowsCeRoutes(windowsCeDoor(config, core, proxies, options)));
      app.route(
        "/",
        ownStatusFeed({
          deviceOf: async (token) => (await deviceOfToken(core.context, "agent", token))?.id,
          take: useCases.takeStatusFeed,
        }),
      );
      app.route(
        "/",
        menderRoutes({
          site: {
            context: core.context,
            secrets: core.linkKeys,
            settings: () => core.settings.read().mender,
          },
          baseUrlOf: (request) => baseUrlOf(config, request),
          log: options.log,
          metrics: options.metrics,
        }),
      );
      app.route(
        "/",
        agentRoutes({
          agents: agentUseCases(core.context, () => core.settings.read().agents),
          bell: core.bell,
          backoff: new LoginBackoff(),
          baseUrlOf: (request) => baseUrlOf(config, request),
          now,
          elapsed: () => performance.now(),
          realNow: Date.now,
          metrics: options.metrics,
        }),
      );
      app.route(
        "/",
        ddiRoutes({
          ddi,
          openFile: (sha256) => blobs.open(sha256),
          served: foundation.served,
          baseUrlOf: (c) => reachedUrlOf(config, c),
          proxies,
          now,
        }),
      );
      app.route(
        "/",
        ddiManagementRoutes({
          management: {
            ...ddi,
            catalogue: new SqlDdiCatalogueStore(foundation.values, database),
            policy: author,
            lock: new DeviceLock(),
            aliasesOf: async (id) => (await reports.device(id))?.aliases ?? [],
          },
          login: new BasicLogin({ accounts, tokens, audit }),
          audit,
          store: blobs,
          served: foundation.served,
          settings: core.settings,
          baseUrlOf: (c) => reachedUrlOf(config, c),
          now,
        }),
      );
      app.route("/", certificateDownloads({ certificates, now }));
      app.route(
        "/",
        windowsEnrolmentRoutes({
          ...core.enrolment.door,
          baseUrlOf: (c) => enrolmentUrlOf(config, core.settings.read().windowsEnrolment, c),
        }),
      );
    },
  };
}

function windowsCeDoor(
  config: SiteConfig,
  core: SiteCore,
  proxies: TrustedProxies,
  { log, metrics }: RoleOptions,
): WindowsCeDeps {
  const { store, urls } = core;
  const context: CeContext = {
    site: core.context,
    settings: () => core.settings.read().windowsCe,
    isPolicyKnown: () => !core.uplink.hasHub || core.uplink.book.orgVersion > 0,
    urls,
  };
  return {
    answer: (headers, request, origin) => answerDevice(context, headers, request, origin),
    codePageOf: (uuid) => codePageOf(store, uuid),
    scriptOf: async (id, sha256) => {
      const device = await store.find(id);
      if (!device) throw new AppError("not-found", `this site has no device ${id}`);
      return findScript(context, device, sha256);
    },
    urls,
    certificate: certificateRule(config, core, proxies),
    baseUrlOf: (request) => baseUrlOf(config, request),
    log,
    metrics,
  };
}

function certificateRule(
  config: SiteConfig,
  core: SiteCore,
  proxies: TrustedProxies,
): CertificateRule {
  return {
    criteria: () => core.holder.read().enterprise.certificateSearchCriteria,
    header: config.certificateSubjectHeader,
    proxies,
    ownSubject: async (device) =>
      (await core.store.credential(device))?.certificateSubject ?? undefined,
  };
}

/** A device by its id here, by the name that it goes by itself, or by an id that it had before. */
async function needDevice(store: SiteStore, name: string): Promise<DeviceId> {
  const id = parseDeviceId(name);
  const device =
    (id && (await store.find(id))) ??
    (await store.findByAlias("oma-dm", name)) ??
    (await store.findByAlias("external", name));
  if (device?.removedAtMs === null) return device.id;
  throw new AppError("not-found", `this site has no device ${name}`);
}

/**
 * The address under which a PC enrols and goes on to reach us: the host name that is set, the site's
 * address, or where a trusted TLS proxy says that the PC came to.
 */
function enrolmentUrlOf(
  config: SiteConfig,
  { host }: WindowsEnrolmentSettings,
  c: Context<AppEnv>,
): string {
  return host === null ? reachedUrlOf(config, c) : `https://${host}`;
}

/** The site's address, or where a trusted TLS proxy says that the sender came to. [D27] */
function reachedUrlOf(config: SiteConfig, c: Context<AppEnv>): string {
  const asked = c.get("forwardedHost") ?? c.req.header("Host") ?? "";
  if (config.siteUrl === undefined && c.get("isHttps") && HOST.test(asked)) {
    return `https://${asked}`;
  }
  return baseUrlOf(config, c.req.raw);
}

function ddiContext(core: SiteCore, reports: SqlReportReader, digests: FileDigests): DdiContext {
  const site = core.context;
  return {
    site,
    settings: () => core.settings.read().ddi,
    digests: (sha256) => digests.of(sha256),
    history: ({ id }, distribution) =>
      reports.history({ site: site.site, distribution, device: id }),
  };
}

/** The address under which PCs enrol, as far as it is set; Windows takes none but HTTPS. */
function setAddress(config: SiteConfig, { host }: WindowsEnrolmentSettings): string | undefined {
  if (host !== null) return `https://${host}`;
  return config.siteUrl?.protocol === "https:" ? config.siteUrl.origin : undefined;
}

/**
 * The address under which a device reaches us: as configured, else the one it used, if that is an
 * address of this machine; a made-up Host header gets our own. [D27]
 */
function baseUrlOf(config: SiteConfig, request: Request): string {
  if (config.siteUrl) return config.siteUrl.toString().replace(/\/+$/, "");
  const url = new URL(request.url);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (host === "localhost" || isOwnAddress(host)) return url.origin;
  return `${url.protocol}//${ownAddress()}:${url.port || "80"}`;
}
