import { secretHashOf } from "../../protocols/oma-dm/credentials.ts";
import type { PullProtocol } from "../model/agent-device.ts";
import { type DeviceCredential, type DeviceScheme, UNGUARDED } from "../model/credential.ts";
import {
  boundedDevice,
  type Compliance,
  type Device,
  type DeviceProtocol,
  INCARNATION_STEP,
  type Ownership,
  type Platform,
} from "../model/device.ts";
import { AppError } from "../model/errors.ts";
import { type DeviceId, deviceIdFrom } from "../model/ids.ts";
import { DEVICES_MAX } from "../model/limits.ts";
import { sha256Hex } from "../model/sha256.ts";
import type { DeviceChanges, DeviceView } from "../ports/site-store.ts";
import { firstContactToken, TOKEN_CHARACTERS, tokenOf } from "./contact/device-token.ts";
import { Ledger } from "./ledger.ts";
import { replan } from "./replan.ts";
import {
  NO_SERVER_SECRET,
  newServerSecret,
  PASSWORD_CHARACTERS,
  type ServerAccount,
} from "./server-secret.ts";
import { randomName, type SiteContext } from "./site-context.ts";

/** What an administrator or the device itself tells about a new device; missing facts are unknown. */
export interface NewDevice {
  readonly stableId: string;
  /** In which it is served; OMA DM unless given. */
  readonly protocol?: DeviceProtocol | undefined;
  /** Its name in its protocol (in OMA DM: Source/LocURI), where that is not its stable id. */
  readonly externalId?: string | undefined;
  readonly platform: Platform;
  readonly name?: string | undefined;
  readonly manufacturer?: string | null | undefined;
  readonly model?: string | null | undefined;
  readonly osVersion?: string | null | undefined;
  readonly osMajor?: number | null | undefined;
  readonly osPlatform?: string | null | undefined;
  readonly cpu?: string | null | undefined;
  readonly ownership?: Ownership | undefined;
  readonly shared?: boolean | undefined;
  readonly userEnrolled?: boolean | undefined;
  readonly userAssigned?: boolean | undefined;
  readonly compliance?: Compliance | undefined;
  /** The OMA DM user name; the stable id unless given. */
  readonly userName?: string | undefined;
  /** The OMA DM password; generated unless given. */
  readonly password?: string | undefined;
  /** What it shows in another protocol than OMA DM, or its public key; a token is made unless given. */
  readonly token?: string | undefined;
  /** SHA-256 (hex) of it, where the token itself is not known here. */
  readonly tokenDigest?: string | undefined;
  /** The weakest proof of its identity that is taken; as the site says unless given. */
  readonly scheme?: DeviceScheme | undefined;
  /** The subject of the client certificate that stands for it, canonical. */
  readonly certificateSubject?: string | null | undefined;
  /** It asks for the site's own password: one is made. */
  readonly mutual?: boolean | undefined;
}

/** What the account of a device starts with that has been told the rest of it already. */
export type AccountStart = Partial<
  Pick<
    DeviceCredential,
    "scheme" | "nextNonce" | "serverId" | "serverSecretHash" | "serverScheme" | "serverNonce"
  >
>;

export interface RegisterOptions {
  /** Becomes durable with the registration, or not at all. */
  readonly also?: Pick<
    DeviceChanges,
    "consumeEnrolmentCode" | "certificate" | "revoke" | "windowsEnrolment"
  >;
  readonly account?: AccountStart;
  /** One that is served here has lost its secret, and all that was on it. */
  readonly reimaged?: boolean;
}

export interface RegisteredDevice {
  readonly device: Device;
  /** Of its OMA DM account; null in another protocol. */
  readonly userName: string | null;
  /** Shown once; only its hash is kept. */
  readonly password: string | null;
  /** What it shows in another protocol, where it was made here. Shown once as well. */
  readonly token: string | null;
  /** What the site proves itself with, for a device that asks for it. Shown once as well. */
  readonly server: ServerAccount | null;
}

/**
 * Makes a device known. A removed or re-imaged one comes back under its next incarnation, so that late
 * news of its former life cannot touch the new one. One that this site knows from the hub only, because
 * its box was replaced, gets a credential and goes on in the life that it has. [D10, D11]
 *
 * @throws AppError "conflict" when the device is known already, or a code was used already
 */
export async function registerDevice(
  context: SiteContext,
  wanted: NewDevice,
  by: string,
  { also = {}, account = {}, reimaged = false }: RegisterOptions = {},
): Promise<RegisteredDevice> {
  const { protocol = "oma-dm" } = wanted;
  const externalId = wanted.externalId ?? wanted.stableId;
  const id = await deviceIdFor(context, wanted.stableId, protocol, externalId);
  return context.lock.run(id, async () => {
    if (also.certificate !== undefined && also.certificate.device !== id) {
      throw new AppError("unavailable", "this site has just joined a hub: try again");
    }
    const former = await context.store.view(id);
    const isAlive = former?.device.removedAtMs === null;
    const served = isAlive ? await context.store.credential(id) : undefined;
    const isServed = served !== undefined || (isAlive && (await hasToken(context, id)));
    if (isServed && !reimaged) {
      throw new AppError("conflict", `the device ${wanted.stableId} is known already as ${id}`);
    }
    if (!former && (await context.store.deviceIds()).length >= DEVICES_MAX) {
      throw new AppError("conflict", `this site has its limit of ${DEVICES_MAX} devices`);
    }
    const told = { ...wanted, protocol };
    const goesOn = isAlive && !isServed;
    const ledger =
      former && goesOn
        ? goOn(context, former, told)
        : await beginLife(context, id, isServed ? factsAfter(former, told) : told, former);
    ledger.deviceFact({
      kind: "device",
      atMs: context.now(),
      source: "site",
      protocol: "site",
      value: JSON.stringify(ledger.device),
      text: isServed ? "enrolled anew" : isAlive ? "registered again" : "registered",
      by,
    });
    replan(context, ledger, { contact: false });
    const proof =
      protocol === "oma-dm"
        ? omaDmProof(context, id, wanted, served, account)
        : tokenProof(context, id, wanted, protocol);
    const changes = ledger.changes(context.policy.read(), context.now());
    await context.store.commit([
      {
        ...changes,
        put: ledger.device,
        alias: { device: id, protocol, externalId },
        ...proof.stored,
        ...(former && !goesOn ? FORMER_LIFE_ENDS : {}),
        ...also,
      },
    ]);
    return { device: ledger.device, ...proof.shown };
  });
}

/** What is kept of a former life beside its rows: a device that comes back has none of it. */
const FORMER_LIFE_ENDS = { tree: null, session: null, forgetJobs: true, attributes: [] } as const;

interface Proof {
  readonly stored: Pick<DeviceChanges, "credential" | "token">;
  readonly shown: Omit<RegisteredDevice, "device">;
}

function omaDmProof(
  context: SiteContext,
  id: DeviceId,
  wanted: NewDevice,
  served: DeviceCredential | undefined,
  account: AccountStart,
): Proof {
  const userName = wanted.userName ?? wanted.stableId;
  const password = wanted.password ?? randomName(context, PASSWORD_CHARACTERS);
  const server = wanted.mutual === true ? newServerSecret(context) : NO_SERVER_SECRET;
  const credential: DeviceCredential = {
    ...(served ? accountAfter(served) : newAccount(id)),
    userName,
    secretHash: secretHashOf(userName, password),
    ...(wanted.scheme === undefined ? {} : { scheme: wanted.scheme }),
    ...(wanted.certificateSubject === undefined
      ? {}
      : { certificateSubject: wanted.certificateSubject }),
    ...(server.account === null ? {} : server.stored),
    ...account,
  };
  return {
    stored: { credential },
    shown: { userName, password, server: server.account, token: null },
  };
}

function tokenProof(
  context: SiteContext,
  id: DeviceId,
  { token: given, tokenDigest, stableId }: NewDevice,
  protocol: PullProtocol,
): Proof {
  const told = given ?? (protocol === "ce" ? firstContactToken(stableId) : undefined);
  const known = tokenDigest ?? (told === undefined ? undefined : sha256Hex(told));
  const made = randomName(context, TOKEN_CHARACTERS);
  return {
    stored: { token: tokenOf(id, protocol, known ?? sha256Hex(made), context.now()) },
    shown: {
      userName: null,
      password: null,
      server: null,
      token: known === undefined ? made : null,
    },
  };
}

/** Is there a device that goes by this name and has its proof here? It cannot be registered then. */
export async function isNameTaken(
  context: SiteContext,
  stableId: string,
  protocol: DeviceProtocol,
): Promise<boolean> {
  const id = await deviceIdFor(context, stableId, protocol);
  const known = await context.store.find(id);
  if (known?.removedAtMs !== null) return false;
  return (await context.store.credential(id)) !== undefined || hasToken(context, id);
}

async function hasToken(context: SiteContext, id: DeviceId): Promise<boolean> {
  return (await context.store.tokens(id)).length > 0;
}

/** The id of the device that goes by this name here, or that a new one of this name will have. */
export async function deviceIdFor(
  context: SiteContext,
  stableId: string,
  protocol: DeviceProtocol = "oma-dm",
  externalId: string = stableId,
): Promise<DeviceId> {
  const named =
    (protocol === "oma-dm" ? undefined : await context.store.findByAlias(protocol, externalId)) ??
    (await context.store.findByAlias("oma-dm", stableId));
  return named?.id ?? deviceIdFrom(context.organisation, stableId);
}

async function beginLife(
  context: SiteContext,
  id: DeviceId,
  wanted: NewDevice,
  former: DeviceView | undefined,
): Promise<Ledger> {
  const incarnation = await context.issueIncarnation(id, former?.device.incarnation);
  const device = deviceFrom(context, id, wanted, incarnation, former?.device.sequence ?? 0);
  const view: DeviceView = {
    ...(former ?? {
      installations: [],
      inventory: [],
      inventoryReads: [],
      downloads: [],
      instants: [],
    }),
    device,
  };
  const ledger = new Ledger(view, () => context.hlc.next());
  ledger.endFormerLife();
  return ledger;
}

/** A re-imaged device is the same thing in the same hands: what is not told now is as it was. */
function factsAfter(former: DeviceView | undefined, wanted: NewDevice): NewDevice {
  return { ...former?.device, ...wanted };
}

/** What is told now holds; what is not is as the hub knew it. */
function goOn(context: SiteContext, former: DeviceView, wanted: NewDevice): Ledger {
  const { platform: _platform, userName: _user, password: _password, ...rest } = wanted;
  const { scheme: _scheme, certificateSubject: _subject, mutual: _mutual, ...other } = rest;
  const { externalId: _externalId, token: _token, tokenDigest: _digest, ...facts } = other;
  const given = Object.entries(facts).filter(([, value]) => value !== undefined);
  const ledger = new Ledger(former, () => context.hlc.next());
  ledger.patchDevice(Object.fromEntries(given));
  return ledger;
}

/**
 * Gives a device a new OMA DM password; the former one works until the new one was used once, so
 * that a device that is away is not locked out.
 *
 * @returns the new password, shown once
 */
export async function rotateSecret(context: SiteContext, id: DeviceId): Promise<string> {
  return context.lock.run(id, async () => {
    const credential = await context.store.credential(id);
    if (!credential) throw new AppError("not-found", `the device ${id} has no OMA DM credential`);
    const password = randomName(context, PASSWORD_CHARACTERS);
    await context.store.commit([
      {
        device: id,
        credential: {
          ...credential,
          secretHash: secretHashOf(credential.userName, password),
          previousSecretHash: credential.secretHash,
          guard: { ...UNGUARDED, usual: credential.guard.usual },
        },
      },
    ]);
    return password;
  });
}

/** The next provisional incarnation, for a site that cannot ask the hub. [D11] */
export function provisionalIncarnation(last: number | undefined): number {
  return last === undefined ? 1 : last + 1;
}

/** The incarnation that the hub issues after `last`: above every provisional one of before. */
export function hubIncarnation(last: number | undefined): number {
  return (Math.floor((last ?? 0) / INCARNATION_STEP) + 1) * INCARNATION_STEP;
}

function deviceFrom(
  context: SiteContext,
  id: DeviceId,
  wanted: NewDevice,
  incarnation: number,
  sequence: number,
): Device {
  return boundedDevice({
    id,
    site: context.site,
    name: wanted.name ?? wanted.stableId,
    platform: wanted.platform,
    protocol: wanted.protocol ?? "oma-dm",
    stableId: wanted.stableId,
    manufacturer: wanted.manufacturer ?? null,
    model: wanted.model ?? null,
    osVersion: wanted.osVersion ?? null,
    osMajor: wanted.osMajor ?? null,
    osPlatform: wanted.osPlatform ?? null,
    cpu: wanted.cpu ?? null,
    ownership: wanted.ownership ?? "unknown",
    shared: wanted.shared ?? false,
    userEnrolled: wanted.userEnrolled ?? false,
    userAssigned: wanted.userAssigned ?? true,
    compliance: wanted.compliance ?? "unknown",
    enrolment: "unknown",
    enrolmentDigest: null,
    incarnation,
    sequence,
    registeredAtMs: context.now(),
    lastContactMs: null,
    inventoryAtMs: null,
    removedAtMs: null,
  });
}

/** The rest of a credential, as long as nobody said more. */
type Account = Omit<DeviceCredential, "userName" | "secretHash">;

function newAccount(device: DeviceId): Account {
  return {
    device,
    previousSecretHash: null,
    scheme: "site",
    nextNonce: null,
    guard: UNGUARDED,
    certificateSubject: null,
    ...NO_SERVER_SECRET.stored,
    notifyAddress: null,
    notifySession: null,
    notifiedAtMs: null,
  };
}

/** What was asked of a device before it was re-imaged is asked of it again; what was agreed on is lost. */
function accountAfter(former: DeviceCredential): Account {
  const { scheme, certificateSubject, serverId, serverSecretHash, notifyAddress } = former;
  return {
    ...newAccount(former.device),
    scheme,
    certificateSubject,
    serverId,
    serverSecretHash,
    notifyAddress,
  };
}
