import { createHash } from "node:crypto";
import type { Element } from "../syncml/element.ts";
import { printXml } from "../syncml/print-xml.ts";
import { element } from "./tree.ts";

/** Whose key store: that of the user who enrols, or the machine's. */
export type CertificateStore = "User" | "System";

/** One of the two secrets of an account; each side proves itself with its own. [syncml 3.4, w7 APPLICATION] */
export interface AccountCredential {
  readonly userName: string;
  readonly password: string;
  /** Base64 of the nonce that the first digest answers. */
  readonly nonce: string;
}

/** The OMA DM account. */
export interface DmAccount {
  /** For people. */
  readonly name: string;
  /** Where the device sends SyncML. */
  readonly address: string;
  readonly encoding: "application/vnd.syncml.dm+xml" | "application/vnd.syncml.dm+wbxml";
  readonly connectionRetries: number;
  readonly backOffMsMin: number;
  readonly backOffMsMax: number;
  /** Subject of the client certificate to show in TLS, such as `CN=Device-42`. */
  readonly certificateSubject: string;
  /** Proves the device to the server (AAUTHLEVEL APPSRV). */
  readonly device: AccountCredential;
  /** Proves the server to the device (AAUTHLEVEL CLIENT). */
  readonly server: AccountCredential;
}

/** When the device asks by itself. Minutes; a count of 0 means for ever. [DMClient] */
export interface PollSchedule {
  readonly firstCount: number;
  readonly firstMinutes: number;
  readonly minutes: number;
  readonly onLogin: boolean;
}

export interface CertificateRenewal {
  /** The device renews before the end by itself. */
  readonly automatic: boolean;
  /** Days before the end at which it begins, and days between attempts. */
  readonly periodDays: number;
  readonly retryDays: number;
}

/** What a device that enrolled is given. */
export interface ProvisioningDocument {
  /** Ties the account, its schedule and renewals together. */
  readonly providerId: string;
  readonly store: CertificateStore;
  /** DER. */
  readonly rootCertificate: Uint8Array;
  /** DER. */
  readonly clientCertificate: Uint8Array;
  /** The rest is undefined when only the certificate was renewed. */
  readonly first: FirstProvisioning | undefined;
}

export interface FirstProvisioning {
  readonly renewal: CertificateRenewal;
  readonly account: DmAccount;
  readonly poll: PollSchedule;
  /** The device's name at this server (EntDeviceName). */
  readonly deviceName: string;
  /** The device's id at this server (EntDMID): renewal needs one. */
  readonly deviceId: string;
  /** Who enrolled it; empty when nobody said. */
  readonly userName: string;
}

/** DM sessions as of Windows 10: SessionID in hexadecimal. [DMClient SyncApplicationVersion] */
const SYNC_VERSION = "2.0";

export function encodeProvisioning(document: ProvisioningDocument): string {
  const { providerId, first } = document;
  const characteristics =
    first === undefined
      ? [
          certificates(document, undefined),
          characteristic("APPLICATION", [parm("PROVIDER-ID", providerId)]),
        ]
      : [
          certificates(document, first.renewal),
          application(providerId, document.store, first.account),
          dmClient(providerId, first),
        ];
  return printXml(element("wap-provisioningdoc", "", characteristics, { version: "1.1" }));
}

/** SHA-1 of a certificate, the name by which Windows stores it. */
export function thumbprintOf(certificate: Uint8Array): string {
  return createHash("sha1").update(certificate).digest("hex").toUpperCase();
}

function certificates(
  { store, rootCertificate, clientCertificate }: ProvisioningDocument,
  renewal: CertificateRenewal | undefined,
): Element {
  const root = characteristic("Root", [characteristic("System", [stored(rootCertificate)])]);
  const own = characteristic(store, [
    stored(clientCertificate),
    characteristic("PrivateKeyContainer", []),
  ]);
  return characteristic("CertificateStore", [
    root,
    characteristic("My", renewal === undefined ? [own] : [own, renewing(renewal)]),
  ]);
}

function stored(certificate: Uint8Array): Element {
  return characteristic(thumbprintOf(certificate), [
    parm("EncodedCertificate", Buffer.from(certificate).toString("base64")),
  ]);
}

function renewing({ automatic, periodDays, retryDays }: CertificateRenewal): Element {
  return characteristic("WSTEP", [
    characteristic("Renew", [
      parm("ROBOSupport", String(automatic), "boolean"),
      parm("RenewPeriod", String(periodDays), "integer"),
      parm("RetryInterval", String(retryDays), "integer"),
    ]),
  ]);
}

function application(providerId: string, store: CertificateStore, account: DmAccount): Element {
  const criteria = `Subject=${encodeURIComponent(account.certificateSubject)}&Stores=My%5C${store}`;
  return characteristic("APPLICATION", [
    parm("APPID", "w7"),
    parm("PROVIDER-ID", providerId),
    parm("NAME", account.name),
    parm("ADDR", account.address),
    parm("CONNRETRYFREQ", String(account.connectionRetries)),
    parm("INITIALBACKOFFTIME", String(account.backOffMsMin)),
    parm("MAXBACKOFFTIME", String(account.backOffMsMax)),
    // Without a value: that it is there says it all.
    element("parm", "", [], { name: "BACKCOMPATRETRYDISABLED" }),
    parm("DEFAULTENCODING", account.encoding),
    parm("SSLCLIENTCERTSEARCHCRITERIA", criteria),
    credential("CLIENT", account.server),
    credential("APPSRV", account.device),
  ]);
}

function credential(level: "CLIENT" | "APPSRV", credential: AccountCredential): Element {
  return characteristic("APPAUTH", [
    parm("AAUTHLEVEL", level),
    parm("AAUTHTYPE", "DIGEST"),
    parm("AAUTHNAME", credential.userName),
    parm("AAUTHSECRET", credential.password),
    parm("AAUTHDATA", credential.nonce),
  ]);
}

function dmClient(providerId: string, first: FirstProvisioning): Element {
  const { poll } = first;
  const schedule = characteristic("Poll", [
    parm("NumberOfFirstRetries", String(poll.firstCount), "integer"),
    parm("IntervalForFirstSetOfRetries", String(poll.firstMinutes), "integer"),
    parm("NumberOfSecondRetries", "0", "integer"),
    parm("IntervalForSecondSetOfRetries", "0", "integer"),
    parm("NumberOfRemainingScheduledRetries", "0", "integer"),
    parm("IntervalForRemainingScheduledRetries", String(poll.minutes), "integer"),
    parm("PollOnLogin", String(poll.onLogin), "boolean"),
  ]);
  return characteristic("DMClient", [
    characteristic("Provider", [
      characteristic(providerId, [
        schedule,
        parm("EntDeviceName", first.deviceName, "string"),
        parm("EntDMID", first.deviceId, "string"),
        ...(first.userName === "" ? [] : [parm("UPN", first.userName, "string")]),
        parm("SyncApplicationVersion", SYNC_VERSION, "string"),
      ]),
    ]),
  ]);
}

function characteristic(type: string, content: readonly Element[]): Element {
  return element("characteristic", "", content, { type });
}

function parm(name: string, value: string, datatype?: string): Element {
  return element("parm", "", [], { name, value, ...(datatype && { datatype }) });
}
