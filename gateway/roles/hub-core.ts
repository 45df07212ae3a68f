import { randomBytes } from "node:crypto";
import { newHubIdentity } from "../../sync/crypto/keys.ts";
import { HubLink } from "../../sync/hub/hub-link.ts";
import { keyFingerprint } from "../../sync/link/keyring.ts";
import { PolicyBook } from "../../sync/policy/policy-book.ts";
import { PolicyHolder } from "../../sync/policy/policy-holder.ts";
import type { HubIdentity } from "../../sync/ports/hub-store.ts";
import type { HubConfig } from "../config/settings.ts";
import { SqlHubStore } from "../db/stores/hub-store.ts";
import { SqlPolicyStore } from "../db/stores/policy-store.ts";
import type { ForgettableFacts } from "../db/stores/retention.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";
import { HubDirectory } from "./hub-directory.ts";
import { LocalSettingsValues } from "./local-settings.ts";
import { openVendorContent, type VendorContent } from "./vendor-content.ts";

/** A hub without its doors. */
export interface HubCore {
  readonly identity: HubIdentity;
  readonly holder: PolicyHolder;
  readonly book: PolicyBook;
  readonly link: HubLink;
  readonly directory: HubDirectory;
  readonly settings: LocalSettingsValues;
  readonly vendors: VendorContent;
  /** How far the hub has the journal of every site. */
  readonly factPositions: () => Promise<readonly ForgettableFacts[]>;
}

/** Builds a hub over its foundation. Nothing runs yet. */
export async function buildHub(
  config: HubConfig,
  foundation: Foundation,
  options: RoleOptions,
): Promise<HubCore> {
  const { database, values, hlc, clock } = foundation;
  const store = new SqlHubStore(database);
  const identity = await hubIdentity(store);
  const holder = new PolicyHolder();
  const book = await PolicyBook.open({
    owner: {
      role: "hub",
      recipients: async () =>
        (await store.sites())
          .filter((site) => site.revokedAtMs === null)
          .map((site) => ({ site: site.id, sealingKey: site.sealingKey })),
    },
    store: new SqlPolicyStore(database),
    holder,
    nextHlc: () => hlc.next(),
    now: () => clock.now(),
    log: options.log,
  });
  const link = new HubLink({
    identity,
    store,
    book,
    policy: holder,
    now: () => clock.now(),
    realNow: Date.now,
    randomBytes: (count) => randomBytes(count),
    log: options.log,
    onKeysChanged: ({ id, publicKey }) =>
      foundation.audit.record({
        by: "system",
        action: "site.keys-changed",
        subject: id,
        details: { fingerprint: keyFingerprint(publicKey) },
        address: "link",
      }),
  });
  // A hub that died between a site's new keys and their use in its policy makes up for it.
  await book.resealSecrets();
  const directory = new HubDirectory({
    database,
    link,
    book,
    now: () => clock.now(),
    staleAfterMs: config.staleAfterMs,
  });
  const settings = await LocalSettingsValues.open(values, {
    siteName: "Hub",
    timeZone: config.timeZone,
  });
  const factPositions = async () => {
    const positions = (await store.sites()).map(async ({ id }) =>
      (await store.factPositions(id)).map((position) => ({ site: id, ...position })),
    );
    return (await Promise.all(positions)).flat();
  };
  const vendors = await openVendorContent(
    "hub",
    foundation,
    { holder, author: book, settings },
    options,
  );
  return { identity, holder, book, link, directory, settings, vendors, factPositions };
}

async function hubIdentity(store: SqlHubStore): Promise<HubIdentity> {
  const known = await store.identity();
  if (known) return known;
  const made = newHubIdentity(randomBytes(16).toString("hex"));
  await store.putIdentity(made);
  return made;
}
