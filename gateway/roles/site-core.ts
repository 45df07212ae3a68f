import { randomBytes } from "node:crypto";
import type { SiteId } from "../../devices/model/ids.ts";
import type { DeviceTrigger } from "../../devices/ports/device-trigger.ts";
import { SettledPlans } from "../../devices/service/contact/settled-plans.ts";
import { StrangerGuard } from "../../devices/service/contact/stranger-guard.ts";
import { DeviceLock } from "../../devices/service/device-lock.ts";
import { OccurrenceCache } from "../../devices/service/outlook.ts";
import { provisionalIncarnation } from "../../devices/service/register-device.ts";
import type { SiteContext } from "../../devices/service/site-context.ts";
import type { TreeContext } from "../../devices/service/virtual-tree/tree-context.ts";
import { Keyring } from "../../sync/link/keyring.ts";
import { PolicyBook } from "../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../sync/policy/policy-holder.ts";
import type { SiteIdentity } from "../../sync/ports/site-link-store.ts";
import type { SiteConfig } from "../config/settings.ts";
import { DeviceUrls } from "../content/device-urls.ts";
import { LinkKeys } from "../content/link-keys.ts";
import { orderSources } from "../content/order-sources.ts";
import type { FetchContent } from "../content/puller.ts";
import { Puller } from "../content/puller.ts";
import { SiteContent } from "../content/site-content.ts";
import { sessionsPathIn } from "../db/maintenance/data-folder.ts";
import { CachedSiteStore } from "../db/stores/cached-site-store.ts";
import { devicesByFormerId } from "../db/stores/device-ids.ts";
import { SqlSiteEnrolmentCodes } from "../db/stores/enrolment-codes.ts";
import { SqlPolicyStore } from "../db/stores/policy-store.ts";
import { SqlSiteLinkStore } from "../db/stores/site-link-store.ts";
import { SqlSiteStore } from "../db/stores/site-store.ts";
import { DeviceBell } from "../http/device-bell.ts";
import type { SiteSecrets } from "../http/use-cases.ts";
import { CommandTrigger } from "../notify/command-trigger.ts";
import { udpTrigger } from "../notify/udp-trigger.ts";
import { besideUseCases } from "./beside-use-cases.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";
import { LocalSettingsValues } from "./local-settings.ts";
import { type SiteEnrolment, siteEnrolment } from "./site-enrolment.ts";
import { siteSecrets } from "./site-secrets.ts";
import { openSiteSessions, type SiteSessions } from "./site-sessions.ts";
import { SiteUplink } from "./site-uplink.ts";
import { openVendorContent, type VendorContent } from "./vendor-content.ts";

/** A site without its doors: stores, policy, content, link and the use-cases' context. */
export interface SiteCore {
  readonly context: SiteContext;
  /** Rings when something about a device was stored. */
  readonly bell: DeviceBell;
  readonly trees: TreeContext;
  readonly holder: PolicyHolder;
  readonly store: CachedSiteStore;
  readonly uplink: SiteUplink;
  readonly urls: DeviceUrls;
  /** What signs them, and what else devices are given to show. */
  readonly linkKeys: LinkKeys;
  readonly content: SiteContent;
  readonly puller: Puller;
  readonly vendors: VendorContent;
  readonly settings: LocalSettingsValues;
  readonly secrets: SiteSecrets;
  readonly enrolment: SiteEnrolment;
  readonly sessions: SiteSessions;
}

/** Builds a site over its foundation. Nothing runs yet. */
export async function buildSite(
  config: SiteConfig,
  foundation: Foundation,
  options: RoleOptions,
): Promise<SiteCore> {
  const { database, values, clock, hlc } = foundation;
  const now = () => clock.now();
  const provisional = await provisionalSite(values, config.siteName);
  const organisation = await values.putIfAbsent(
    "identity/organisation",
    randomBytes(16).toString("hex"),
  );
  const settings = await LocalSettingsValues.open(values, {
    siteName: config.siteName,
    timeZone: config.timeZone,
  });

  const bell = new DeviceBell();
  const store = new CachedSiteStore(new SqlSiteStore(database, provisional), (device) =>
    bell.ring(device),
  );
  const lock = new DeviceLock();
  const linkStore = besideUseCases(new SqlSiteLinkStore(database, provisional), store, lock);
  const keyring = await Keyring.open(linkStore);
  const holder = new PolicyHolder();
  const openBook = (site: SiteId) =>
    PolicyBook.open(
      {
        owner: { role: "site", site, keys: () => keyring.sealing },
        store: new SqlPolicyStore(database),
        holder,
        nextHlc: () => hlc.next(),
        now,
        log: options.log,
      },
      {
        site: provisional,
        devices: () => devicesByFormerId(database.connection, organisation),
      },
    );
  const uplink = await SiteUplink.open({
    config,
    linkStore,
    keyring,
    openBook,
    provisional,
    settings,
    siteNow: now,
    onKeysChanged: (fingerprint) =>
      foundation.audit.record({
        by: "system",
        action: "keys.confirmed",
        subject: "hub-keys",
        details: { fingerprint },
        address: "link",
      }),
    log: options.log,
  });

  const linkKeys = await LinkKeys.open(values, now);
  const urls = new DeviceUrls(linkKeys, now);
  const puller = new Puller({
    store: foundation.blobs,
    diskFloor: foundation.diskFloor,
    fetchContent: fetchThrough(uplink),
    onFetched: (bytes) => options.metrics.count("outpost_content_fetched_bytes_total", {}, bytes),
    now: Date.now,
    random: Math.random,
    log: options.log,
  });
  uplink.onConnected(() => puller.senderIsBack());
  const vendors = await openVendorContent(
    "site",
    foundation,
    { holder, author: uplink, settings },
    options,
  );
  const content = new SiteContent({
    store: foundation.blobs,
    urls,
    get puller() {
      return uplink.hasHub ? puller : undefined;
    },
    describeVendorFile: (revision) => vendors.files.describe(revision),
  });

  const identityOf = (): Pick<SiteIdentity, "site" | "organisation"> =>
    uplink.identity ?? { site: provisional, organisation };
  const context: SiteContext = {
    get site() {
      return identityOf().site;
    },
    get organisation() {
      return identityOf().organisation;
    },
    timeZone: () => settings.read().timeZone,
    omaDm: () => settings.read().omaDm,
    store,
    enrolmentCodes: new SqlSiteEnrolmentCodes(database),
    policy: holder,
    content,
    trigger: triggerOf(config),
    strangers: new StrangerGuard(),
    occurrences: new OccurrenceCache(),
    settled: new SettledPlans(),
    now,
    hlc,
    lock,
    log: options.log,
    random: Math.random,
    randomBytes: (count) => randomBytes(count),
    issueIncarnation: async (device, last) =>
      (await uplink.issueIncarnation(device, last)) ?? provisionalIncarnation(last),
  };
  const trees: TreeContext = {
    site: context,
    policy: uplink,
    sources: orderSources(foundation.blobs, () => settings.read().contentOrigins),
    lock: new DeviceLock(),
  };
  const secrets = siteSecrets(uplink, linkKeys);
  const enrolment = siteEnrolment(foundation, { context, settings }, options);
  const sessions = openSiteSessions({
    path: sessionsPathIn(config.dataDir),
    key: config.databaseKey?.reveal(),
    store,
    recording: () => settings.read().sessions,
    checkRoom: async () => {
      using room = await foundation.diskFloor.reserve(0);
      await room.check();
    },
    now,
    ...options,
  });
  const made = {
    context,
    bell,
    trees,
    holder,
    store,
    uplink,
    urls,
    linkKeys,
    content,
    puller,
    settings,
  };
  return { ...made, vendors, secrets, enrolment, sessions };
}

function triggerOf({ notifyBy, notifyCommand }: SiteConfig): DeviceTrigger | undefined {
  if (notifyBy === "udp") return udpTrigger;
  return notifyBy === "command" && notifyCommand ? new CommandTrigger(notifyCommand) : undefined;
}

/** A site's name before it has joined a hub: its own, as an identifier, with some chance in it. */
async function provisionalSite(values: Foundation["values"], siteName: string): Promise<SiteId> {
  const slug = siteName
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const made = `${slug.slice(0, 40) || "site"}-${randomBytes(3).toString("hex")}`;
  return (await values.putIfAbsent("identity/provisional-site", made)) as SiteId;
}

/** Content comes through the link's session; without one the hub counts as away. */
function fetchThrough(uplink: SiteUplink): FetchContent {
  return async ({ sha256, headers, signal }) => {
    const wanted = uplink.contentRequest(sha256);
    if (!wanted) throw new Error("there is no session with the hub");
    return fetch(wanted.url, {
      headers: { ...wanted.headers, ...headers },
      redirect: "manual",
      decompress: false,
      signal,
    });
  };
}
