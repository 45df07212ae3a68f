import { OpenAPIHono } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { AppError } from "../../devices/model/errors.ts";
import { API_BODY_BYTES_MAX } from "../../devices/model/limits.ts";
import type { Revision } from "../../devices/model/package.ts";
import type { EnrolmentCodes } from "../../devices/ports/enrolment-codes.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import type { PolicyAuthor } from "../../sync/ports/policy-author.ts";
import type { AccessStore } from "../access/access-store.ts";
import type { Accounts } from "../access/accounts.ts";
import type { ApiTokens } from "../access/api-tokens.ts";
import type { Audit } from "../access/audit.ts";
import type { KnockList } from "../access/knocks.ts";
import type { BlobStore } from "../content/blob-store.ts";
import type { BlobView, ReportReader } from "../reports/report-reader.ts";
import type { Api, AppEnv } from "./environment.ts";
import { idempotency } from "./idempotency.ts";
import { identify, type SessionCookie } from "./identify.ts";
import type { MetricEditor } from "./metric-editor.ts";
import { administratorRoutes, auditRoutes, tokenRoutes } from "./routes/access.ts";
import { agentSettingsRoutes } from "./routes/agent-settings.ts";
import { backupRoutes } from "./routes/backups.ts";
import { certificateRoutes } from "./routes/certificates.ts";
import { contentOriginRoutes } from "./routes/content-origins.ts";
import { ddiSettingsRoutes } from "./routes/ddi-settings.ts";
import { deviceChanges } from "./routes/device-changes.ts";
import { deviceImport } from "./routes/device-import.ts";
import { deviceSessionRoutes } from "./routes/device-sessions.ts";
import { deviceRoutes } from "./routes/devices.ts";
import { distributionRoutes } from "./routes/distributions.ts";
import { dmAccountRoutes } from "./routes/dm-account.ts";
import { enrolmentCodeRoutes, knockRoutes } from "./routes/enrolment.ts";
import { factRoutes } from "./routes/facts.ts";
import { fileRoutes } from "./routes/files.ts";
import { groupRoutes } from "./routes/groups.ts";
import { installationActions, installationRoutes } from "./routes/installations.ts";
import { keyRoutes } from "./routes/keys.ts";
import { linkRoutes } from "./routes/link.ts";
import { menderSettingsRoutes } from "./routes/mender-settings.ts";
import { omaDmSettingsRoutes } from "./routes/oma-dm-settings.ts";
import { oversightRoutes } from "./routes/oversight.ts";
import { packageFileRoutes } from "./routes/package-files.ts";
import { packageRoutes } from "./routes/packages.ts";
import { reportRoutes } from "./routes/reports.ts";
import { revisionMetricRoutes } from "./routes/revision-metrics.ts";
import { revisionRoutes } from "./routes/revisions.ts";
import { sessionRoutes } from "./routes/session.ts";
import { sessionRecordingRoutes } from "./routes/session-recording.ts";
import { settingsRoutes } from "./routes/settings.ts";
import { siteRoutes } from "./routes/sites.ts";
import { statusFeedRoutes } from "./routes/status-feed.ts";
import { substitutionTokenRoutes } from "./routes/substitution-tokens.ts";
import { windowRoutes } from "./routes/windows.ts";
import { windowsCeSettingsRoutes } from "./routes/windows-ce-settings.ts";
import { windowsEnrolmentSettingsRoutes } from "./routes/windows-enrolment-settings.ts";
import { securityHeaders } from "./security-headers.ts";
import type {
  Backups,
  CertificateUseCases,
  DeviceSessions,
  HubOversight,
  LinkStatus,
  LocalSettingsStore,
  SiteDirectory,
  SiteSecrets,
  SiteUseCases,
} from "./use-cases.ts";

/** What an API is made of, at a site and at the hub. */
export interface ApiDeps {
  /** Where it is mounted: `/api/v1` for a site, `/hub/api/v1` for the hub. */
  readonly base: "/api/v1" | "/hub/api/v1";
  readonly cookie: SessionCookie;
  readonly accounts: Accounts;
  readonly tokens: ApiTokens;
  readonly audit: Audit;
  readonly answers: AccessStore;
  readonly reports: ReportReader;
  readonly policy: PolicyReader;
  readonly author: PolicyAuthor;
  readonly metrics: MetricEditor;
  readonly files: BlobStore;
  readonly listFiles: () => Promise<readonly BlobView[]>;
  /** How far a revision's file is that is still to be fetched from its vendor, as a sentence. */
  readonly describeSource: (revision: Revision) => string;
  readonly settings: LocalSettingsStore;
  readonly link: LinkStatus;
  readonly backups: Backups;
  readonly now: () => number;
  readonly role: SiteApiDeps | HubApiDeps;
}

/** What only a site has: devices of its own. */
export interface SiteApiDeps {
  readonly kind: "site";
  /** The site's id now: it changes when the site joins a hub. */
  readonly site: () => string;
  readonly useCases: SiteUseCases;
  readonly certificates: CertificateUseCases;
  readonly codes: EnrolmentCodes;
  readonly knocks: KnockList;
  readonly secrets: SiteSecrets;
  readonly sessions: DeviceSessions;
}

/** What only the hub has: sites. */
export interface HubApiDeps {
  readonly kind: "hub";
  readonly directory: SiteDirectory;
  readonly oversight: HubOversight;
}

/** The routes of one API with everything in front of them; mounted under `deps.base`. */
export function createApi(deps: ApiDeps): Api {
  const { accounts, tokens, audit, answers, reports, policy, base, now, role } = deps;
  const api = new OpenAPIHono<AppEnv>();
  api.use(securityHeaders);
  api.use(exceptUploads(bodyLimit({ maxSize: API_BODY_BYTES_MAX, onError: tooLarge })));
  api.use(identify({ accounts, tokens, cookie: deps.cookie }));
  api.use(exceptUploads(idempotency(answers, now)));

  const parts = [
    sessionRoutes(deps),
    administratorRoutes(deps),
    tokenRoutes(deps),
    auditRoutes(audit),
    reportRoutes({ reports, policy, base }),
    installationRoutes(reports, policy),
    deviceRoutes(reports, base),
    groupRoutes(deps),
    packageFileRoutes({ ...deps, findFile: (sha256) => deps.files.find(sha256) }),
    packageRoutes(deps),
    revisionRoutes({ ...deps, findFile: (sha256) => deps.files.find(sha256) }),
    revisionMetricRoutes(deps),
    substitutionTokenRoutes(deps),
    windowRoutes({
      ...deps,
      timeZone: () => deps.settings.read().timeZone,
      isSite: (site) => isKnownSite(role, site),
    }),
    distributionRoutes({
      ...deps,
      isSite: (site) => isKnownSite(role, site),
      sitesNotConfirmed: role.kind === "hub" ? () => notConfirmed(role.directory) : undefined,
    }),
    fileRoutes({ store: deps.files, listFiles: deps.listFiles, audit }),
    settingsRoutes(deps),
    backupRoutes(deps),
    contentOriginRoutes(deps),
    linkRoutes(deps.link),
    ...(role.kind === "site" ? siteParts(deps, role) : hubParts(deps, role)),
  ];
  for (const part of parts) api.route("/", part);
  return api;
}

function siteParts({ reports, audit, now, settings }: ApiDeps, role: SiteApiDeps): Api[] {
  const { useCases, certificates } = role;
  const enrolment = { ...role, audit, now };
  return [
    // Before the routes with an id, so that `import` is not taken for one.
    deviceImport({ reports, useCases, audit }),
    deviceChanges({ reports, useCases, audit }),
    dmAccountRoutes({ useCases, audit }),
    omaDmSettingsRoutes({ settings, audit }),
    agentSettingsRoutes({ settings, audit }),
    ddiSettingsRoutes({ settings, audit }),
    menderSettingsRoutes({ settings, audit }),
    factRoutes(useCases),
    statusFeedRoutes(useCases),
    installationActions({ reports, useCases, audit }),
    certificateRoutes({ certificates, audit }),
    windowsEnrolmentSettingsRoutes({ settings, audit }),
    enrolmentCodeRoutes(enrolment),
    knockRoutes(enrolment),
    keyRoutes({ secrets: role.secrets, audit }),
    deviceSessionRoutes({ sessions: role.sessions, reports }),
    sessionRecordingRoutes({ settings, audit }),
    windowsCeSettingsRoutes({ settings, audit }),
  ];
}

function hubParts({ audit, base, now }: ApiDeps, { directory, oversight }: HubApiDeps): Api[] {
  return [siteRoutes({ directory, audit, base, now }), oversightRoutes({ oversight, audit })];
}

async function isKnownSite(role: SiteApiDeps | HubApiDeps, site: string): Promise<boolean> {
  if (role.kind === "site") return role.site() === site;
  return (await role.directory.sites()).some(({ id }) => id === site);
}

async function notConfirmed(directory: SiteDirectory): Promise<readonly string[]> {
  const sites = await directory.sites();
  return sites
    .filter(({ policyConfirmed, revokedAtMs }) => !policyConfirmed && revokedAtMs === null)
    .map(({ id }) => id);
}

/** Uploads are as large as a file may be, and are read by their own route as they arrive. */
function exceptUploads(middleware: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> {
  return (c, next) => {
    const isUpload = c.req.method === "POST" && /\/files\/?$/.test(c.req.path);
    return isUpload ? next() : middleware(c, next);
  };
}

function tooLarge(): never {
  throw new AppError("too-large", `a request has at most ${API_BODY_BYTES_MAX} bytes`);
}
