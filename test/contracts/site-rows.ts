/** Devices, rows and facts for contracts: whole values, every field set, varied by the arguments. */
import type { DeviceCredential } from "../../devices/model/credential.ts";
import { UNGUARDED } from "../../devices/model/credential.ts";
import type { Device } from "../../devices/model/device.ts";
import type { NewFact } from "../../devices/model/fact.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import {
  type DeviceId,
  type DistributionId,
  deviceIdFrom,
  type PackageId,
  type RevisionId,
  type SiteId,
} from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { DownloadNode, InventoryItem } from "../../devices/model/inventory.ts";
import type { VirtualTree } from "../../devices/model/virtual-tree.ts";
import type { Instant } from "../../devices/model/window.ts";
import type { DeviceCertificate } from "../../devices/ports/certificates.ts";
import type { StoredSession } from "../../devices/ports/site-store.ts";

export const SITE = "shop-1" as SiteId;

export function idOf(name: string): DeviceId {
  return deviceIdFrom("org", stableIdOf(name));
}

function stableIdOf(name: string): string {
  return `urn:imei:${name}`;
}

export function deviceNamed(name: string, change: Partial<Device> = {}): Device {
  return {
    id: idOf(name),
    site: SITE,
    name: `Kasse „${name}“ 名`,
    platform: "Windows",
    protocol: "oma-dm",
    stableId: stableIdOf(name),
    manufacturer: "Contoso",
    model: null,
    osVersion: "10.0.15254.603",
    osMajor: 10,
    osPlatform: "Windows 10 Mobile",
    cpu: null,
    ownership: "corporate",
    shared: true,
    userEnrolled: false,
    userAssigned: true,
    compliance: "unknown",
    enrolment: "enabled",
    enrolmentDigest: null,
    incarnation: 2048,
    sequence: 7,
    registeredAtMs: 1_795_000_000_123,
    lastContactMs: null,
    inventoryAtMs: null,
    removedAtMs: null,
    ...change,
  };
}

export function rowOf(
  name: string,
  distribution: string,
  change: Partial<Installation> = {},
): Installation {
  return {
    site: SITE,
    distribution: distribution as DistributionId,
    device: idOf(name),
    package: "pos" as PackageId,
    revision: "pos-2" as RevisionId,
    platform: "Windows",
    status: "failed",
    state: "Installation failed",
    operation: "update",
    targetVersion: "2.0.0.1",
    version: "1.0",
    incarnation: 2048,
    attempt: 2,
    sequence: 7,
    hlc: "01a2b3c4d5e60001" as Hlc,
    observedAtMs: 1_795_000_000_001,
    sinceMs: 1_795_000_000_002,
    reason: "retry-backoff",
    reasonDetail: "after 5 minutes",
    nextAttemptMs: 1_795_000_300_000,
    source: "windows-csp",
    nativeValue: "6",
    lastError: -2147024894,
    lastErrorText: "not found",
    anomaly: true,
    stale: false,
    managed: null,
    actor: "user",
    requestedAtMs: null,
    releasedUntilMs: 1_795_000_900_000,
    offeredAtMs: null,
    missedOccurrences: 1,
    counted: true,
    current: false,
    winner: true,
    ...change,
  };
}

export function factOf(name: string, value: string, change: Partial<NewFact> = {}): NewFact {
  return {
    kind: "report",
    device: idOf(name),
    distribution: "d1" as DistributionId,
    atMs: 1_795_000_000_000,
    hlc: "01a2b3c4d5e60001" as Hlc,
    source: "windows-csp",
    protocol: "oma-dm",
    value,
    lastError: null,
    text: null,
    version: "1.0",
    operation: "install",
    incarnation: 2048,
    attempt: 1,
    sequence: 3,
    status: "installing",
    state: null,
    actor: null,
    anomaly: false,
    effect: "moved",
    by: "device",
    ...change,
  };
}

export function credentialOf(
  name: string,
  change: Partial<DeviceCredential> = {},
): DeviceCredential {
  return {
    device: idOf(name),
    userName: name,
    secretHash: "aGFzaA==",
    previousSecretHash: null,
    scheme: "syncml:auth-md5",
    nextNonce: null,
    guard: UNGUARDED,
    certificateSubject: null,
    serverId: "outpost",
    serverSecretHash: "aGFzaA==",
    serverScheme: "syncml:auth-MAC",
    serverNonce: "bm9uY2U=",
    serverProblem: "wrong",
    notifyAddress: "10.0.0.7:2948",
    notifySession: 65535,
    notifiedAtMs: 1_795_000_000_123,
    ...change,
  };
}

export function inventoryItemOf(
  name: string,
  productId: string,
  change: Partial<InventoryItem> = {},
): InventoryItem {
  return {
    device: idOf(name),
    provider: "EnterpriseModernAppManagement",
    context: "user",
    productId,
    fullName: "App_1.2_x64",
    upgradeCode: null,
    version: "1.2",
    title: null,
    publisher: null,
    installDate: null,
    installDateRaw: "yesterday",
    seenAtMs: 5,
    ...change,
  };
}

export function downloadNodeOf(name: string, change: Partial<DownloadNode> = {}): DownloadNode {
  return {
    device: idOf(name),
    productId: "{A}",
    distribution: "d1" as DistributionId,
    attempt: 1,
    status: null,
    changedAtMs: 9,
    executed: true,
    gone: false,
    ...change,
  };
}

export function instantOf(name: string, startMs: number, change: Partial<Instant> = {}): Instant {
  return {
    device: idOf(name),
    startMs,
    endMs: startMs + 100,
    instantMs: startMs + 50,
    evaluatedAtMs: null,
    closed: false,
    ...change,
  };
}

export function sessionOf(name: string, change: Partial<StoredSession> = {}): StoredSession {
  return { device: idOf(name), sessionId: "1", state: "{}", updatedAtMs: 1, ...change };
}

export function treeOf(name: string, change: Partial<VirtualTree> = {}): VirtualTree {
  return {
    device: idOf(name),
    enterprise: null,
    leaving: null,
    downloads: [],
    removals: [],
    ...change,
  };
}

export function certificateOf(
  name: string,
  serial: string,
  change: Partial<DeviceCertificate> = {},
): DeviceCertificate {
  return {
    serial,
    device: idOf(name),
    subject: `CN=${idOf(name)}`,
    certificate: "MAEB",
    thumbprint: "AB".repeat(20),
    keyHash: "cd".repeat(32),
    authority: "EF".repeat(20),
    notBeforeMs: 1_795_000_000_000,
    notAfterMs: 1_826_000_000_000,
    issuedAtMs: 1_795_000_000_000,
    userName: "Éva „名“",
    store: "User",
    revokedAtMs: null,
    ...change,
  };
}
