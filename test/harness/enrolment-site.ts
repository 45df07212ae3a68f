import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { Hono } from "hono";
import { SESSION_RECORDING_DEFAULT } from "../../devices/model/recorded-session.ts";
import {
  WINDOWS_ENROLMENT_DEFAULT,
  type WindowsEnrolmentSettings,
} from "../../devices/model/windows-enrolment.ts";
import { CE_DEFAULT } from "../../devices/service/ce/settings.ts";
import { DDI_DEFAULT } from "../../devices/service/ddi/ddi-settings.ts";
import { enrolmentCodeHash } from "../../devices/service/enrol-by-code.ts";
import type { NewDevice } from "../../devices/service/register-device.ts";
import { type EnrolledPc, enrolPc, type Pc } from "../../devices/simulator/enrol-pc.ts";
import type { PcKey } from "../../devices/simulator/pc-key.ts";
import { AUTHORITY_NAME } from "../../gateway/certificates/site-authority.ts";
import { ValueStore } from "../../gateway/db/stores/value-store.ts";
import type { AppEnv } from "../../gateway/http/environment.ts";
import { onError } from "../../gateway/http/on-error.ts";
import { certificateDownloads } from "../../gateway/http/routes/certificate-downloads.ts";
import { windowsEnrolmentRoutes } from "../../gateway/http/routes/windows-enrolment.ts";
import { type SiteEnrolment, siteEnrolment } from "../../gateway/roles/site-enrolment.ts";
import { Metrics } from "../../gateway/telemetry/metrics.ts";
import { QUIET, SiteCore } from "./site-core.ts";

export const PC: Pc = {
  deviceId: "9C41E07B5D3A4F8E8B21C6D50F7A3E12",
  hardwareId: "6E0B5C1D9A7F42E38C50B1D7F2A94E6603C8D15B7E9F4A2C86D0B3E1F5A7C924",
  deviceName: "DESKTOP-EVA",
  deviceType: "CIMClient_Windows",
  osVersion: "10.0.26100.4351",
  osEdition: "48",
  enrolmentType: "Full",
  userName: "eva@branch.example",
};

export const SITE_URL = "https://branch.example";

let sharedAuthority: Promise<string> | undefined;

/** A site at which Windows PCs enrol, without a port: over real SQL, with time in the test's hands. */
export class EnrolmentSite implements AsyncDisposable {
  readonly core: SiteCore;
  readonly enrolment: SiteEnrolment;
  readonly metrics = new Metrics();
  readonly log: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  settings: WindowsEnrolmentSettings = WINDOWS_ENROLMENT_DEFAULT;
  /** Where the next request comes from. */
  address = "10.0.0.1";
  readonly #app = new Hono<AppEnv>();
  #messages = 0;

  /** With an authority, unless one is to be made; its key takes a while, so that all get the same. */
  static async open({ authority = true } = {}): Promise<EnrolmentSite> {
    const core = await SiteCore.open();
    if (authority) {
      sharedAuthority ??= new EnrolmentSite(core).enrolment.authority
        .current()
        .then(() => new ValueStore(core.database).get(AUTHORITY_NAME) ?? "");
      const value = await sharedAuthority;
      await new ValueStore(core.database).putIfAbsent(AUTHORITY_NAME, value);
    }
    return new EnrolmentSite(core);
  }

  private constructor(core: SiteCore) {
    this.core = core;
    const log = {
      ...QUIET,
      info: (event: string, fields = {}) => this.log.push({ event, fields }),
      warn: (event: string, fields = {}) => this.log.push({ event, fields }),
    };
    const settings = {
      read: () => ({
        siteName: "Branch Prague",
        timeZone: "Europe/Prague",
        factRetentionDays: 90,
        contentOrigins: [],
        tokenAliases: {},
        omaDm: core.omaDm,
        mender: { autoAccept: false },
        agents: { plugAndPlay: false },
        ddi: DDI_DEFAULT,
        windowsEnrolment: this.settings,
        windowsCe: CE_DEFAULT,
        sessions: SESSION_RECORDING_DEFAULT,
      }),
    };
    this.enrolment = siteEnrolment(
      {
        database: core.database,
        values: new ValueStore(core.database),
        clock: { now: () => core.nowMs },
      },
      { context: core.context, settings },
      { log, metrics: this.metrics },
    );
    this.#app.use(async (c, next) => {
      c.set("requestId", "request-1");
      c.set("address", this.address);
      await next();
    });
    this.#app.onError(onError(QUIET));
    this.#app.route(
      "/",
      windowsEnrolmentRoutes({ ...this.enrolment.door, baseUrlOf: () => SITE_URL }),
    );
    this.#app.route(
      "/",
      certificateDownloads({
        certificates: this.enrolment.useCases,
        now: () => core.nowMs,
      }),
    );
  }

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> =>
    this.#app.request(new URL(url, SITE_URL).pathname, init);

  post(path: string, body: string | Uint8Array, type = "application/soap+xml"): Promise<Response> {
    return this.fetch(`/EnrollmentServer/${path}.svc`, {
      method: "POST",
      headers: { "content-type": type },
      body: typeof body === "string" ? body : Uint8Array.from(body),
    });
  }

  /** Makes a code; its text is answered. */
  async code(
    text = `code-${++this.#messages}`,
    options: { template?: Partial<NewDevice>; expiresAtMs?: number; stableId?: string } = {},
  ): Promise<string> {
    await this.core.context.enrolmentCodes.add({
      id: text,
      codeHash: enrolmentCodeHash(text),
      note: "",
      template: JSON.stringify(options.template ?? {}),
      stableId: options.stableId ?? null,
      createdBy: "test",
      createdAtMs: this.core.nowMs,
      expiresAtMs: options.expiresAtMs ?? this.core.nowMs + 24 * 60 * 60_000,
      usedAtMs: null,
      usedBy: null,
    });
    return text;
  }

  /** Plays a PC that enrols. */
  enrol(
    code: string,
    change: Partial<Pc> = {},
    makeKey: (wanted: { bits: number; commonName: string }) => Promise<PcKey> = fastKey(),
  ): Promise<EnrolledPc> {
    return enrolPc(
      { ...PC, ...change },
      {
        serverUrl: SITE_URL,
        code,
        fetch: this.fetch,
        nextMessageId: () => `urn:uuid:${++this.#messages}`,
        makeKey,
      },
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.core[Symbol.asyncDispose]();
  }
}

/**
 * A key on a curve instead of RSA, because that takes no time, and a request for it. Asked twice, it
 * gives the same, as a PC does that repeats its request.
 */
export function fastKey(commonName = "PC"): () => Promise<PcKey> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" });
  const info = der(0x30, der(0x02, Buffer.from([0])), name(commonName), spki, der(0xa0));
  const signature = sign("sha256", info, privateKey);
  const made: PcKey = {
    request: new Uint8Array(der(0x30, info, ECDSA_SHA256, der(0x03, Buffer.from([0]), signature))),
    publicKey: new Uint8Array(spki),
    privateKey: new Uint8Array(pkcs8),
  };
  return async () => made;
}

/** A CMS around a request, signed by the key of a certificate with this serial: a renewal. */
export function signedRenewal(request: Uint8Array, old: PcKey, serial: string): Uint8Array {
  const attributes = [
    der(0x30, oid("06092a864886f70d010903"), der(0x31, oid("06092a864886f70d010701"))),
    der(0x30, oid("06092a864886f70d010904"), der(0x31, der(0x04, sha256(request)))),
  ];
  const key = createPrivateKey({
    key: Buffer.from(old.privateKey),
    format: "der",
    type: "pkcs8",
  });
  const signature = sign("sha256", der(0x31, ...attributes), key);
  const signer = der(
    0x30,
    der(0x02, Buffer.from([1])),
    der(0x30, name("issuer"), der(0x02, Buffer.from(serial, "hex"))),
    SHA256,
    der(0xa0, ...attributes),
    ECDSA_SHA256,
    der(0x04, signature),
  );
  const signedData = der(
    0x30,
    der(0x02, Buffer.from([1])),
    der(0x31, SHA256),
    der(0x30, oid("06092a864886f70d010701"), der(0xa0, der(0x04, Buffer.from(request)))),
    der(0x31, signer),
  );
  return new Uint8Array(der(0x30, oid("06092a864886f70d010702"), der(0xa0, signedData)));
}

const oid = (hex: string) => Buffer.from(hex, "hex");
const ECDSA_SHA256 = der(0x30, oid("06082a8648ce3d040302"));
const SHA256 = der(0x30, oid("0609608648016503040201"));

function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const length =
    body.length < 0x80
      ? [body.length]
      : body.length < 0x100
        ? [0x81, body.length]
        : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}

function name(commonName: string): Buffer {
  const attribute = der(0x30, oid("0603550403"), der(0x0c, Buffer.from(commonName)));
  return der(0x30, der(0x31, attribute));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
