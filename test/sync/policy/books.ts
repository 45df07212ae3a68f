/** A hub's and a site's policy book over stores in memory, and what goes between them. */
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Log } from "../../../devices/ports/log.ts";
import { HlcClock } from "../../../devices/service/clock.ts";
import { newSiteKeys } from "../../../sync/crypto/keys.ts";
import type { FormerNames } from "../../../sync/policy/former-names.ts";
import { PolicyBook } from "../../../sync/policy/policy-book.ts";
import { ORG_DOCUMENT, siteDocumentName } from "../../../sync/policy/policy-document.ts";
import { PolicyHolder } from "../../../sync/policy/policy-holder.ts";
import type { Recipient } from "../../../sync/policy/secrets.ts";
import { MemoryPolicyStore, type PolicyDisk } from "../simulation/memory-documents.ts";

export const NOW_MS = 1_795_000_000_000;

const log: Log = { info() {}, warn() {}, error() {} };

export interface Desk {
  readonly disk: PolicyDisk;
  readonly store: MemoryPolicyStore;
  readonly holder: PolicyHolder;
  book: PolicyBook;
  readonly clock: { nowMs: number };
}

export const PRAGUE_KEYS = newSiteKeys();

export async function hubDesk(
  recipients: () => readonly Recipient[] = () => [],
  disk: PolicyDisk = emptyDisk(),
): Promise<Desk> {
  return openDesk(disk, { role: "hub", recipients: async () => recipients() });
}

export async function siteDesk(
  site = "prague",
  keys = PRAGUE_KEYS,
  disk: PolicyDisk = emptyDisk(),
  formerly?: FormerNames,
): Promise<Desk> {
  const { sealingPublic, sealingPrivate } = keys;
  const sealing = { sealingPublic, sealingPrivates: [sealingPrivate] };
  return openDesk(disk, { role: "site", site, keys: () => sealing }, formerly);
}

/** The names of before a site joined. */
export function formerNames(
  site: string,
  devices: Readonly<Record<string, DeviceId>> = {},
): FormerNames {
  return { site, devices: () => new Map(Object.entries(devices)) };
}

export function emptyDisk(): PolicyDisk {
  return { documents: new Map(), records: new Map(), secrets: new Map() };
}

/** What the hub wrote reaches the site. */
export async function down(hub: Pick<Desk, "book">, site: Pick<Desk, "book">): Promise<void> {
  const { update, replace } = hub.book.updateFor(ORG_DOCUMENT, site.book.stateVector(ORG_DOCUMENT));
  await site.book.receive(ORG_DOCUMENT, update, replace);
}

/** What the site wrote reaches the hub. */
export async function up(
  site: Pick<Desk, "book">,
  hub: Pick<Desk, "book">,
  name = "prague",
): Promise<void> {
  const document = siteDocumentName(name);
  const { update } = site.book.updateFor(document, hub.book.stateVector(document));
  await hub.book.receive(document, update, false);
}

/** The records that hold at a desk, by `kind/id`. */
export function bodies(desk: Desk): Record<string, Record<string, unknown>> {
  const entries = [...desk.disk.records].map(([key, { body }]) => [key, JSON.parse(body)]);
  return Object.fromEntries(entries) as Record<string, Record<string, unknown>>;
}

export const WINDOW = {
  id: "nightly",
  name: "Nightly",
  start: "2026-11-01T22:00",
  recurrence: "FREQ=DAILY",
  durationMinutes: 120,
  timeZone: null,
  scope: { kind: "organisation" },
  enabled: true,
} as const;

export const PACKAGE = {
  id: "pos",
  name: "POS",
  platform: "Windows",
  productId: null,
  publisher: null,
  description: "",
} as const;

export const REVISION = {
  id: "pos-1",
  package: "pos",
  version: "1.0",
  channel: "reported",
  file: null,
  minimumOsVersion: null,
  licence: "none",
  storeApp: false,
  targeting: { cpu: null, osMajor: null, osPlatform: null },
} as const;

export const DISTRIBUTION = {
  id: "pos-all",
  package: "pos",
  revision: "pos-1",
  operation: "install",
  mode: "automatic",
  target: { kind: "all" },
} as const;

/** A package, its revision and a distribution of it, as one change. */
export const ROLL_OUT = [
  { kind: "package", id: "pos", body: PACKAGE },
  { kind: "revision", id: "pos-1", body: REVISION },
  { kind: "distribution", id: "pos-all", body: DISTRIBUTION },
] as const;

async function openDesk(
  disk: PolicyDisk,
  owner: Parameters<typeof PolicyBook.open>[0]["owner"],
  formerly?: FormerNames,
): Promise<Desk> {
  const store = new MemoryPolicyStore(disk);
  const holder = new PolicyHolder();
  const clock = { nowMs: NOW_MS };
  const hlc = new HlcClock(() => clock.nowMs, undefined);
  const now = () => clock.nowMs;
  const nextHlc = () => hlc.next();
  const book = await PolicyBook.open({ owner, store, holder, nextHlc, now, log }, formerly);
  return { disk, store, holder, book, clock };
}
