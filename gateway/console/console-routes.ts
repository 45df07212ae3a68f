import type { Context, Hono } from "hono";
import { AppError } from "../../devices/model/errors.ts";
import type { AppEnv } from "../http/environment.ts";
import { requireScope } from "../http/identify.ts";
import { findAsset } from "./assets.ts";
import { ChangeFeed } from "./change-feed.ts";
import type { ConsoleDeps } from "./console-deps.ts";
import { Kit } from "./kit.tsx";
import { accessPages } from "./pages/access.tsx";
import { agentRevisionPages } from "./pages/agent-revision.tsx";
import { appPages } from "./pages/apps.tsx";
import { auditPages } from "./pages/audit.tsx";
import { backupPages } from "./pages/backups.tsx";
import { deviceDetailPages } from "./pages/device.tsx";
import { deviceSessionPages } from "./pages/device-sessions.tsx";
import { devicePages } from "./pages/devices.tsx";
import { distributionPages } from "./pages/distributions.tsx";
import { dmAccountPages } from "./pages/dm-account.tsx";
import { enrolmentPages } from "./pages/enrolment.tsx";
import { filePages } from "./pages/files.tsx";
import { groupPages } from "./pages/groups.tsx";
import { installationPages } from "./pages/installation.tsx";
import { installationListPages } from "./pages/installations.tsx";
import { keyPages } from "./pages/keys.tsx";
import { linkPages } from "./pages/link.tsx";
import { loginPages } from "./pages/login.tsx";
import { newDevicePages } from "./pages/new-device.tsx";
import { overridePages } from "./pages/overrides.tsx";
import { overviewPage } from "./pages/overview.tsx";
import { quarantinePages } from "./pages/quarantine.tsx";
import { revisionPages } from "./pages/revision.tsx";
import { settingsPages } from "./pages/settings.tsx";
import { sitePages } from "./pages/sites.tsx";
import { windowPages } from "./pages/windows.tsx";
import { windowsEnrolmentPages } from "./pages/windows-enrolment.tsx";

export interface Console {
  /** To be mounted at `base`, or at `/` when the base is empty. */
  readonly routes: Hono<AppEnv>;
  /** The page for an address that nobody has; undefined for programs, who get a problem instead. */
  readonly notFound: (c: Context<AppEnv>) => Promise<Response | undefined>;
  /** Ends the streams of open pages, so that a shutdown does not wait for them. */
  readonly close: () => void;
}

/** The console of a site or of the hub. */
export function consoleRoutes(deps: ConsoleDeps): Console {
  const kit = new Kit(deps);
  const feed = new ChangeFeed({ counter: () => deps.reports.changeCounter(), every: deps.every });

  kit.raw("GET", "/console/events", async (c) => {
    requireScope(c, "reports:read");
    const stream = feed.open(c.req.raw.signal);
    if (stream) return stream;
    throw new AppError("unavailable", "too many pages are open", { retryAfterMs: 30_000 });
  });

  // Assets hold nothing secret and are asked for before the login.
  kit.routes.get("/console/assets/:hash/:name", (c) => {
    const asset = findAsset(c.req.param("name"));
    if (!asset || asset.hash !== c.req.param("hash")) return c.notFound();
    return new Response(asset.bytes, {
      headers: {
        "Content-Type": asset.type,
        "Cache-Control": "public, max-age=31536000, immutable",
      },
    });
  });

  loginPages(kit);
  overviewPage(kit);
  installationListPages(kit);
  installationPages(kit);
  devicePages(kit);
  newDevicePages(kit);
  deviceDetailPages(kit);
  dmAccountPages(kit);
  deviceSessionPages(kit);
  appPages(kit);
  agentRevisionPages(kit);
  revisionPages(kit);
  distributionPages(kit);
  windowPages(kit);
  groupPages(kit);
  filePages(kit);
  linkPages(kit);
  sitePages(kit);
  overridePages(kit);
  quarantinePages(kit);
  enrolmentPages(kit);
  windowsEnrolmentPages(kit);
  auditPages(kit);
  settingsPages(kit);
  keyPages(kit);
  backupPages(kit);
  accessPages(kit);

  return { routes: kit.routes, notFound: (c) => kit.notFound(c), close: () => feed.close() };
}
