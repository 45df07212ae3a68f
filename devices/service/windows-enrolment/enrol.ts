import { readCertificateRequest } from "../../../protocols/mde2/certificate-request.ts";
import {
  type DeviceContext,
  deviceContextOf,
  osPlatformOf,
} from "../../../protocols/mde2/device-context.ts";
import type { SecurityToken } from "../../../protocols/mde2/security-header.ts";
import type { TokenRequest } from "../../../protocols/mde2/token-request.ts";
import { isWeaker, secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId } from "../../model/ids.ts";
import { DEVICES_MAX } from "../../model/limits.ts";
import { sha256Hex } from "../../model/sha256.ts";
import type { DeviceCertificate } from "../../ports/certificates.ts";
import type { WindowsEnrolment } from "../../ports/windows-enrolments.ts";
import {
  type AccountStart,
  deviceIdFor,
  type NewDevice,
  registerDevice,
} from "../register-device.ts";
import type { SiteContext } from "../site-context.ts";
import { type AccountSecrets, accountSecrets, SEED_BYTES } from "./account.ts";
import { type CheckedCode, checkCode } from "./check-code.ts";
import {
  DAY_MS,
  type EnrolmentContext,
  type EnrolmentOutcome,
  refused,
} from "./enrolment-context.ts";
import { provisioningFor } from "./provision.ts";

/**
 * For this long a PC that did not hear the answer may send the same request again, with the same
 * code and for the same key, and gets the same certificate and the same account; but not after it has
 * spoken to the site.
 */
export const REPEAT_MS = 60 * 60_000;

export interface Provisioned {
  readonly device: DeviceId;
  /** The wap-provisioningdoc. */
  readonly document: string;
}

/**
 * Enrols a PC that shows a one-time code: it becomes known with what it says about itself, gets a
 * certificate for its key under our name for it, and secrets for both directions. All of it is durable
 * before this resolves.
 *
 * @param baseUrl the site's address as the PC reaches it
 * @throws ProtocolError for a certificate request or a device context that cannot be accepted
 */
export async function enrolWindowsPc(
  context: EnrolmentContext,
  token: SecurityToken,
  request: TokenRequest,
  baseUrl: string,
): Promise<EnrolmentOutcome<Provisioned>> {
  const checked = await checkCode(context, token);
  if (checked.kind === "refused") return checked;
  const { publicKey, subject, hasDefaultSubject } = readCertificateRequest(request.request);
  const pc = deviceContextOf(request);
  const wanted: Wanted = {
    ...checked,
    pc,
    baseUrl,
    publicKey,
    keyHash: sha256Hex(publicKey),
    stableId: pc.hardwareId === "" ? pc.deviceId : pc.hardwareId,
  };
  context.site.log.info("windows-enrolment-asked", {
    deviceId: pc.deviceId,
    userName: checked.userName,
    code: checked.code.id,
    subject,
    hasDefaultSubject,
  });
  if (checked.code.usedAtMs !== null) return repeat(context, wanted);
  try {
    return await enrol(context, wanted);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "conflict") throw error;
    // Two requests with one code at the same time: the second finds what the first has done.
    const again = await checkCode(context, token);
    if (again.kind === "accepted" && again.code.usedAtMs !== null) {
      return repeat(context, { ...wanted, code: again.code });
    }
    return refused("Authorization", error.message);
  }
}

interface Wanted extends CheckedCode {
  readonly pc: DeviceContext;
  readonly baseUrl: string;
  readonly publicKey: Uint8Array;
  readonly keyHash: string;
  readonly stableId: string;
}

async function enrol(
  context: EnrolmentContext,
  wanted: Wanted,
): Promise<EnrolmentOutcome<Provisioned>> {
  const { site } = context;
  const { code, pc, userName } = wanted;
  const isForThis = code.stableId === wanted.stableId || code.stableId === pc.deviceId;
  if (code.stableId !== null && !isForThis) {
    return refused("Authorization", "The enrolment code is for another device.");
  }
  const id = await deviceIdFor(site, wanted.stableId);
  const former = await site.store.find(id);
  const isServed = former?.removedAtMs === null && (await site.store.credential(id)) !== undefined;
  const hasLeft = former?.enrolment === "unenrolled";
  // Its name is no secret: only a code for this very PC takes the place of one that is served here.
  if (isServed && !isForThis && !hasLeft) {
    return refused(
      "Authorization",
      `This PC is known here already as ${former.name}. Ask for an enrolment code for this PC.`,
    );
  }
  if (!former && (await site.store.deviceIds()).length >= DEVICES_MAX) {
    return refused("DeviceCapReached", `This site has its limit of ${DEVICES_MAX} devices.`);
  }
  const issued = await context.issuer.issue({
    device: id,
    commonName: id,
    publicKey: wanted.publicKey,
    validForMs: context.settings().certificateDays * DAY_MS,
  });
  const certificate: DeviceCertificate = {
    ...issued,
    userName,
    store: pc.store,
    revokedAtMs: null,
  };
  const seed = site.randomBytes(SEED_BYTES);
  const secrets = accountSecrets(seed, id, site.omaDm().serverId);
  const enrolment: WindowsEnrolment = {
    codeHash: code.codeHash,
    device: id,
    serial: certificate.serial,
    seed: Buffer.from(seed).toString("base64"),
    enrolledAtMs: site.now(),
  };
  const newDevice = newDeviceFrom(wanted, secrets, certificate);
  const { device } = await registerDevice(site, newDevice, `code ${code.id}`, {
    also: {
      consumeEnrolmentCode: code.codeHash,
      revoke: { atMs: site.now() },
      certificate,
      windowsEnrolment: enrolment,
    },
    account: accountFrom(site, secrets),
    reimaged: isForThis || hasLeft,
  });
  site.log.info("windows-pc-enrolled", {
    device: id,
    code: code.id,
    userName,
    certificate: certificate.serial,
  });
  return answer(context, wanted, { device, certificate, secrets });
}

/** The same code again: the same answer, if it is the same request and the PC has not got it yet. */
async function repeat(
  context: EnrolmentContext,
  wanted: Wanted,
): Promise<EnrolmentOutcome<Provisioned>> {
  const { site } = context;
  const used = refused(
    "Authentication",
    "The enrolment code was used already. Ask for a new enrolment code.",
  );
  const enrolment = await context.enrolments.find(wanted.code.codeHash);
  if (enrolment?.seed == null || site.now() - enrolment.enrolledAtMs > REPEAT_MS) return used;
  const certificate = await context.certificates.find(enrolment.serial);
  if (certificate?.revokedAtMs !== null || certificate.keyHash !== wanted.keyHash) return used;
  if ((await deviceIdFor(site, wanted.stableId)) !== enrolment.device) return used;
  const device = await site.store.find(enrolment.device);
  const credential = await site.store.credential(enrolment.device);
  if (device?.removedAtMs !== null || credential?.serverId == null) return used;
  if ((device.lastContactMs ?? Number.NEGATIVE_INFINITY) >= enrolment.enrolledAtMs) return used;
  const seed = Buffer.from(enrolment.seed, "base64");
  const secrets = accountSecrets(seed, credential.userName, credential.serverId);
  // An administrator may have given it another password meanwhile.
  const { userName, password } = secrets.device;
  if (secretHashOf(userName, password) !== credential.secretHash) return used;
  site.log.info("windows-enrolment-repeated", { device: device.id, code: wanted.code.id });
  return answer(context, wanted, { device, certificate, secrets });
}

async function answer(
  context: EnrolmentContext,
  { baseUrl }: Wanted,
  made: {
    readonly device: Parameters<typeof provisioningFor>[1]["device"];
    readonly certificate: DeviceCertificate;
    readonly secrets: AccountSecrets;
  },
): Promise<EnrolmentOutcome<Provisioned>> {
  const document = await provisioningFor(context, { ...made, baseUrl });
  return { kind: "accepted", device: made.device.id, document };
}

/** What the PC says of itself, and over it what the code's maker said. */
function newDeviceFrom(
  { pc, template, stableId, userName }: Wanted,
  { device }: AccountSecrets,
  certificate: DeviceCertificate,
): NewDevice {
  const osPlatform = osPlatformOf(pc);
  const major = Number.parseInt(/\d+/.exec(osPlatform ?? "")?.[0] ?? pc.osVersion, 10);
  return {
    platform: "Windows",
    name: pc.deviceName === "" ? pc.deviceId : pc.deviceName,
    osVersion: pc.osVersion === "" ? null : pc.osVersion,
    osMajor: Number.isSafeInteger(major) ? major : null,
    osPlatform,
    userAssigned: userName !== "",
    ...template,
    stableId,
    externalId: pc.deviceId,
    userName: device.userName,
    password: device.password,
    certificateSubject: certificate.subject,
  };
}

/**
 * The nonces of both directions are told with the passwords, so that the first session needs no
 * challenge. A digest is asked for: what was provisioned must not be talked down to a password.
 */
function accountFrom(site: SiteContext, { device, server }: AccountSecrets): AccountStart {
  const digest = "syncml:auth-md5";
  return {
    scheme: isWeaker(digest, site.omaDm().requiredProof) ? "site" : digest,
    nextNonce: device.nonce,
    serverId: server.userName,
    serverSecretHash: secretHashOf(server.userName, server.password),
    serverScheme: digest,
    serverNonce: server.nonce,
  };
}
