/**
 * What the API asks of the rest of the gateway, beside the reports and the policy: each interface is
 * what one group of routes needs, and `gateway/roles` decides who answers.
 */

import type { TokenAliases } from "../../devices/install/tokens.ts";
import type { DeviceAttribute } from "../../devices/model/agent-device.ts";
import type { Device } from "../../devices/model/device.ts";
import type { DeviceId, InstallationKey, SiteId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type {
  RecordedMessage,
  RecordedSession,
  SessionRecording,
} from "../../devices/model/recorded-session.ts";
import type { WindowsEnrolmentSettings } from "../../devices/model/windows-enrolment.ts";
import type { DeviceCertificate } from "../../devices/ports/certificates.ts";
import type { SessionQuery } from "../../devices/ports/session-records.ts";
import type { Knock } from "../../devices/ports/site-store.ts";
import type { AgentSettings } from "../../devices/service/agent/enrol.ts";
import type { CeSettings } from "../../devices/service/ce/settings.ts";
import type { DevicePatch } from "../../devices/service/change-device.ts";
import type { DdiSettings } from "../../devices/service/ddi/ddi-settings.ts";
import type { DmAccount, DmAccountPatch } from "../../devices/service/dm-account.ts";
import type { BulkOutcome } from "../../devices/service/installations.ts";
import type { MenderSettings } from "../../devices/service/mender/authenticate.ts";
import type { Notified } from "../../devices/service/notify-device.ts";
import type { DirectFact, RecordedFact } from "../../devices/service/record-facts.ts";
import type { NewDevice, RegisteredDevice } from "../../devices/service/register-device.ts";
import type { ServerAccount } from "../../devices/service/server-secret.ts";
import type { OmaDmSettings } from "../../devices/service/site-context.ts";
import type { FedDevice, FeedSource, TakenDevice } from "../../devices/service/status-feed.ts";
import type { Tonight } from "../../devices/service/tonight.ts";
import { LINK_PHASES, type LinkView } from "../../sync/link/link-view.ts";
import type { OverrideState } from "../../sync/policy/override.ts";
import type { PolicyKind } from "../../sync/ports/policy-author.ts";
import type { AuthorityView } from "../certificates/site-authority.ts";
import type { ContentOrigin } from "../content/content-origin.ts";

/** What a site does about its own devices. `by` is who asked, for the history. */
export interface SiteUseCases {
  registerDevice(wanted: NewDevice, by: string): Promise<RegisteredDevice>;
  patchDevice(id: DeviceId, patch: DevicePatch): Promise<Device>;
  /** Repeating it is a no-op; unknown: AppError "not-found". */
  removeDevice(id: DeviceId): Promise<void>;
  /** The new secret, shown once; null where the device is given it when it comes. */
  rotateSecret(id: DeviceId): Promise<string | null>;
  /** What the device tells of itself by name, in order of name. */
  attributes(id: DeviceId): Promise<readonly DeviceAttribute[]>;
  /** How the device and the site know each other in OMA DM; undefined when it has no account. */
  dmAccount(id: DeviceId): Promise<DmAccount | undefined>;
  /** No account: "not-found"; a certificate of another device: "conflict". */
  changeDmAccount(id: DeviceId, patch: DmAccountPatch): Promise<DmAccount>;
  /** The site's new password towards the device, shown once; no account: "not-found". */
  renewServerPassword(id: DeviceId): Promise<ServerAccount>;
  /** Calls it; "not-found", "conflict" with what is missing, "unavailable" when it cannot be sent. */
  notifyDevice(id: DeviceId): Promise<Notified>;
  requestUnenrolment(id: DeviceId, by: string): Promise<Device>;
  requestEnrolment(id: DeviceId, by: string): Promise<Device>;
  /** All or nothing; resolves after the commit. [D13] */
  recordFacts(id: DeviceId, facts: readonly DirectFact[], by: string): Promise<RecordedFact[]>;
  /** What cannot be taken is named in its place; the rest is durable when this resolves. */
  takeStatusFeed(
    source: FeedSource,
    devices: readonly FedDevice[],
    by: string,
  ): Promise<TakenDevice[]>;
  requestInstallation(key: InstallationKey, by: string): Promise<Installation>;
  retryInstallation(key: InstallationKey, by: string): Promise<Installation>;
  retryInstallations(keys: readonly InstallationKey[], by: string): Promise<BulkOutcome[]>;
  /** What would happen to the device in the coming night; unknown: AppError "not-found". */
  tonight(id: DeviceId): Promise<Tonight>;
  /** Registers a device that knocked: what it said of itself, then what `wanted` says. */
  approveKnock(knock: Knock, wanted: Partial<NewDevice>, by: string): Promise<RegisteredDevice>;
}

/** What was said in sessions of devices, as far as it was kept; all that was said until now. */
export interface DeviceSessions {
  /** Latest first. */
  list(query: SessionQuery): Promise<{
    readonly rows: readonly RecordedSession[];
    readonly total: number;
    readonly next: number | undefined;
  }>;
  find(id: number): Promise<RecordedSession | undefined>;
  /** Of one session, in order, from the `from`-th on (0 is the first). */
  messages(id: number, from: number, limit: number): Promise<readonly RecordedMessage[]>;
  /** The device's session that was under way then, or its last one before. */
  around(device: DeviceId, atMs: number): Promise<RecordedSession | undefined>;
  state(): Promise<{
    /** Why nothing is recorded now, in words; null when it is. */
    readonly problem: string | null;
    /** On the disk. */
    readonly bytes: number;
    /** Since the start, for want of room or time. */
    readonly notRecorded: number;
  }>;
}

/** The site's certificate authority and what it issued. */
export interface CertificateUseCases {
  /** Newest first. */
  list(): Promise<readonly DeviceCertificate[]>;
  ofDevice(id: DeviceId): Promise<readonly DeviceCertificate[]>;
  /** Repeating it is a no-op; unknown: AppError "not-found". */
  revoke(serial: string): Promise<DeviceCertificate>;
  /** The current one first; none while none was needed. */
  authorities(): readonly AuthorityView[];
  /** The current one, made if there is none. */
  authority(): Promise<AuthorityView>;
  renewAuthority(): Promise<AuthorityView>;
  /** DER, one for each authority, the current one's first. */
  revocationLists(): Promise<readonly Uint8Array[]>;
}

/** Settings of this one gateway, not of the organisation. */
export interface LocalSettings {
  readonly siteName: string;
  /** IANA name. */
  readonly timeZone: string;
  /** Facts older than this may go once the hub has them, in days. */
  readonly factRetentionDays: number;
  /** Vendors' servers that packages may be fetched from. */
  readonly contentOrigins: readonly ContentOrigin[];
  /** Further names of substitution tokens, for who makes packages here. */
  readonly tokenAliases: TokenAliases;
  /** Of a site; a hub serves no devices. */
  readonly omaDm: OmaDmSettings;
  readonly ddi: DdiSettings;
  readonly windowsEnrolment: WindowsEnrolmentSettings;
  /** What clients of Windows CE are told. */
  readonly windowsCe: CeSettings;
  readonly mender: MenderSettings;
  readonly agents: AgentSettings;
  /** Which sessions of devices are kept for people to look at. */
  readonly sessions: SessionRecording;
}

export interface LocalSettingsStore {
  read(): LocalSettings;
  write(change: Partial<LocalSettings>): Promise<void>;
}

/** The secrets that a site holds itself, as people may see them: never the secrets. */
export interface SiteSecretsView {
  /** The keys by which the hub knows this site, and for which it seals. */
  readonly hubKeys: {
    /** Of the key that signs. */
    readonly fingerprint: string;
    /** Null: since the first start. */
    readonly sinceMs: number | null;
    /** New keys that wait until the hub knows them. */
    readonly next: { readonly fingerprint: string; readonly madeAtMs: number } | null;
    /** Why the last new keys came to nothing; null when they did not. */
    readonly problem: string | null;
  };
  /** The key that signs the links with which devices fetch content. */
  readonly deviceLinks: {
    readonly sinceMs: number | null;
    /** Former keys whose links are still good, and until when at most. */
    readonly former: readonly { readonly untilMs: number }[];
  };
}

export interface RotatedSecrets {
  /** `waits`: until the hub knows them. `under-way`: former new keys still wait; nothing was changed. */
  readonly hubKeys: "waits" | "done" | "under-way";
}

export interface SiteSecrets {
  view(): SiteSecretsView;
  /** AppError "conflict" while the site is about to join a hub. */
  rotateHubKeys(): Promise<RotatedSecrets["hubKeys"]>;
  /** `formerForMs`: how long links of former keys are good at most. AppError "conflict" when too often. */
  rotateDeviceLinks(formerForMs: number): Promise<void>;
}

/** A backup that the running gateway made of itself. */
export interface BackupSummary {
  readonly name: string;
  /** Absolute path on the gateway's machine. */
  readonly folder: string;
  readonly madeAtMs: number;
  readonly databases: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly isEncrypted: boolean;
    /** Files that it lists and does not carry. */
    readonly files: number;
  }[];
}

/** The backups in the gateway's own folder for them. */
export interface Backups {
  /** Newest first. */
  list(): Promise<readonly BackupSummary[]>;
  /** AppError "conflict" when one is being made or the name is taken, "no-room". */
  make(name: string | undefined): Promise<BackupSummary>;
  /** False when there is none of this name. */
  remove(name: string): Promise<boolean>;
  /** After each new one the oldest go until so many are left. */
  readonly kept: number;
}

/** A site as the hub knows it. */
export interface SiteSummary {
  readonly id: SiteId;
  readonly name: string;
  readonly timeZone: string;
  readonly joinedAtMs: number;
  readonly lastSeenMs: number | null;
  /** The report of this site is as of then, by the site's own clock. */
  readonly asOfMs: number | null;
  /** Not heard for longer than the stale limit. */
  readonly stale: boolean;
  readonly clockOffsetMs: number | null;
  /** It has confirmed the policy that holds at the hub now. */
  readonly policyConfirmed: boolean;
  /** What is wrong with it, for people; null when nothing is. */
  readonly alarm: string | null;
  readonly revokedAtMs: number | null;
  /** The key that it signs with. */
  readonly keyFingerprint: string;
  /** Null: since it joined. */
  readonly keysSinceMs: number | null;
  /** It has announced new keys and not used them yet. */
  readonly announcesKeys: boolean;
}

export interface JoinCodeSummary {
  readonly id: string;
  readonly site: SiteId;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
}

/** The hub's sites and the one-time codes with which they join. */
export interface SiteDirectory {
  sites(): Promise<readonly SiteSummary[]>;
  /** A revoked site's frames are refused from now on. Repeating it is a no-op; unknown: "not-found". */
  revoke(id: SiteId): Promise<void>;
  /** Says that an alarm was seen. */
  clearAlarm(id: SiteId): Promise<void>;
  joinCodes(): Promise<readonly JoinCodeSummary[]>;
  /** `site` may be one that has joined before: a replaced box takes its place. `code` is shown once. */
  createJoinCode(
    wanted: { readonly site: SiteId; readonly name: string; readonly expiresAtMs: number },
    by: string,
  ): Promise<{ readonly code: string; readonly summary: JoinCodeSummary }>;
  removeJoinCode(id: string): Promise<boolean>;
}

/** What a site says of a record of the hub, field by field beside what the hub says. */
export interface OverrideSummary {
  readonly site: SiteId;
  readonly siteName: string;
  readonly kind: PolicyKind;
  readonly id: string;
  /** What people call the record. */
  readonly name: string;
  readonly author: string;
  /** By the site's clock. */
  readonly atMs: number;
  /** Names the state of the hub's record that it was decided against. */
  readonly base: string;
  /** The hub's record is in that state still. */
  readonly isBaseCurrent: boolean;
  readonly state: OverrideState;
  /** A secret is not shown: whoever set one says `true`. */
  readonly fields: readonly {
    readonly name: string;
    readonly site: unknown;
    readonly hub: unknown;
  }[];
}

/** A signed frame of a site that failed a check, without its bytes. */
export interface QuarantinedFrameSummary {
  readonly id: string;
  readonly site: SiteId;
  readonly siteName: string;
  readonly incarnation: number;
  readonly frameSeq: number;
  readonly kind: string;
  /** The frame's length; its bytes are kept unless the site's room was full. */
  readonly bytes: number;
  readonly hasBytes: boolean;
  /** Of its body. */
  readonly sha256: string;
  readonly reason: string;
  readonly receivedAtMs: number;
}

/** A record of which the newest version is refused; the last good one holds. */
export interface RefusedRecord {
  readonly kind: PolicyKind;
  readonly id: string;
  /** `policy/org` or `policy/site/<site>`. */
  readonly origin: string;
  readonly reason: string;
}

/** What an administrator of the hub looks after beside the report. */
export interface HubOversight {
  /** Newest first. */
  overrides(): Promise<readonly OverrideSummary[]>;
  /** It no longer holds once its site hears of it. AppError "not-found". Repeating it is a no-op. */
  revokeOverride(site: SiteId, kind: PolicyKind, id: string, by: string): Promise<void>;
  /** Newest first, from the one after the cursor on. */
  quarantined(query: {
    readonly site?: SiteId | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<{
    readonly rows: readonly QuarantinedFrameSummary[];
    readonly total: number;
    readonly next: string | undefined;
  }>;
  quarantinedFrame(
    id: string,
  ): Promise<{ readonly summary: QuarantinedFrameSummary; readonly frame: Uint8Array } | undefined>;
  /** Somebody has looked into it: its bytes go, and make room. False when there is none. */
  dismissFrame(id: string): Promise<boolean>;
  /** @throws AppError "not-found", "unprocessable" when it is still wrong, "conflict" by its kind */
  takeFrameAgain(id: string): Promise<QuarantinedFrameSummary>;
  refusedRecords(): readonly RefusedRecord[];
}

/** Where a site's line stands: as its link says, or why there is none. */
export const LINE_PHASES = [
  ...LINK_PHASES,
  "joining", // It has a hub's address, and has not been made known there yet.
  "alone", // It works for itself.
] as const;

/** The state of a site's line. What only a link has is null before there is one. */
export interface SiteLine extends Omit<LinkView, "phase" | NotYet> {
  readonly kind: "site";
  readonly joined: boolean;
  /** The site's id; null before it has joined. */
  readonly site: string | null;
  readonly phase: (typeof LINE_PHASES)[number];
  readonly hubUrl: string | null;
  readonly incarnation: number | null;
  readonly policyVersion: number | null;
  /** Why its join code was not taken; null when it was, or none was tried. */
  readonly joinProblem: string | null;
}
type NotYet = "hubUrl" | "incarnation" | "policyVersion";

/** The hub's end: sites dial in. */
export interface HubLine {
  readonly kind: "hub";
  readonly sites: number;
}

export type LinkStatus = () => Promise<SiteLine | HubLine>;

/** One condition of `/readyz`: undefined when it holds, else what is wrong, in words. */
export interface ReadinessCheck {
  /** Such as `database`, `disk`, `clock`. */
  readonly name: string;
  readonly check: () => Promise<string | undefined> | string | undefined;
}
