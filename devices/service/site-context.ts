import type { RequiredProof } from "../model/credential.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId, SiteId } from "../model/ids.ts";
import type { ContentCatalogue } from "../ports/content-catalogue.ts";
import type { DeviceTrigger } from "../ports/device-trigger.ts";
import type { EnrolmentCodes } from "../ports/enrolment-codes.ts";
import type { Log } from "../ports/log.ts";
import type { PolicyReader } from "../ports/policy-reader.ts";
import type { SiteStore } from "../ports/site-store.ts";
import type { HlcClock, Now } from "./clock.ts";
import type { SettledPlans } from "./contact/settled-plans.ts";
import type { StrangerGuard } from "./contact/stranger-guard.ts";
import type { DeviceLock } from "./device-lock.ts";
import { isEmpty, Ledger } from "./ledger.ts";
import type { OccurrenceCache } from "./outlook.ts";

/** What holds for OMA DM at this site, unless a device has its own. */
export interface OmaDmSettings {
  /** The weakest proof of identity that is taken from devices. */
  readonly requiredProof: RequiredProof;
  /** The name by which devices know this server: in its credentials and in notifications. */
  readonly serverId: string;
}

/** What the use-cases of a site work with. Made once, in gateway/roles. */
export interface SiteContext {
  readonly site: SiteId;
  readonly organisation: string;
  readonly timeZone: () => string;
  readonly omaDm: () => OmaDmSettings;
  readonly store: SiteStore;
  readonly enrolmentCodes: EnrolmentCodes;
  readonly policy: PolicyReader;
  readonly content: ContentCatalogue;
  /** How devices are called; undefined: they come by themselves. */
  readonly trigger: DeviceTrigger | undefined;
  readonly occurrences: OccurrenceCache;
  readonly settled: SettledPlans;
  readonly now: Now;
  readonly hlc: HlcClock;
  readonly lock: DeviceLock;
  /** What devices that are not known may do to the site. */
  readonly strangers: StrangerGuard;
  readonly log: Log;
  /** Uniform in [0, 1): draws instants. */
  readonly random: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  /** The incarnation of a device that enrols (again): the hub's, or a provisional one. [D11] */
  readonly issueIncarnation: (device: DeviceId, last: number | undefined) => Promise<number>;
}

/**
 * Runs one use-case about one device: reads what is stored, lets `work` decide on a ledger, and
 * makes the outcome durable before it answers. Use-cases about one device never overlap.
 */
export function withDevice<T>(
  context: SiteContext,
  device: DeviceId,
  work: (ledger: Ledger) => Promise<T> | T,
): Promise<T> {
  return context.lock.run(device, async () => {
    const view = await context.store.view(device);
    if (!view) throw new AppError("not-found", `no device ${device}`);
    const ledger = new Ledger(view, () => context.hlc.next());
    const result = await work(ledger);
    const changes = ledger.changes(context.policy.read(), context.now());
    if (!isEmpty(changes)) await context.store.commit([changes]);
    return result;
  });
}

/** A random name for something, 26 characters of base32, or `count` bytes' worth. */
export function randomName(context: SiteContext, count = 16): string {
  const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
  return [...context.randomBytes(count)].map((byte) => alphabet[byte % 32]).join("");
}
