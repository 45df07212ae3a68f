import type { Element } from "../syncml/element.ts";
import { parseXml } from "../syncml/parse-xml.ts";
import {
  type AccountCredential,
  type FirstProvisioning,
  type ProvisioningDocument,
  thumbprintOf,
} from "./provisioning-document.ts";
import { broken } from "./rules.ts";
import { SOAP_LIMITS } from "./soap.ts";
import { attributeOf, bytesOf } from "./tree.ts";

/** Reads a document as the device does. @throws ProtocolError `mde2-value` or one of the XML gate */
export function decodeProvisioning(text: Uint8Array | string): ProvisioningDocument {
  const root = parseXml(text, SOAP_LIMITS);
  if (root.name !== "wap-provisioningdoc") {
    throw broken("mde2-value", "this is no provisioning document");
  }
  const stores = inside(root, "CertificateStore");
  const app = inside(root, "APPLICATION");
  const my = inside(stores, "My");
  const store = find(my, "System") === undefined ? "User" : "System";
  const providerId = value(app, "PROVIDER-ID");
  const isFirst = find(root, "DMClient") !== undefined;
  return {
    providerId,
    store,
    rootCertificate: certificateIn(inside(inside(stores, "Root"), "System")),
    clientCertificate: certificateIn(inside(my, store)),
    first: isFirst ? firstOf(root, app, my, providerId) : undefined,
  };
}

function firstOf(root: Element, app: Element, my: Element, providerId: string): FirstProvisioning {
  const renew = inside(inside(my, "WSTEP"), "Renew");
  const provider = inside(inside(inside(root, "DMClient"), "Provider"), providerId);
  const poll = inside(provider, "Poll");
  const criteria = new URLSearchParams(value(app, "SSLCLIENTCERTSEARCHCRITERIA"));
  const encoding = value(app, "DEFAULTENCODING");
  if (
    encoding !== "application/vnd.syncml.dm+xml" &&
    encoding !== "application/vnd.syncml.dm+wbxml"
  ) {
    throw broken("mde2-value", `DEFAULTENCODING is ${encoding}`);
  }
  return {
    renewal: {
      automatic: value(renew, "ROBOSupport") === "true",
      periodDays: Number(value(renew, "RenewPeriod")),
      retryDays: Number(value(renew, "RetryInterval")),
    },
    account: {
      name: value(app, "NAME"),
      address: value(app, "ADDR"),
      encoding,
      connectionRetries: Number(value(app, "CONNRETRYFREQ")),
      backOffMsMin: Number(value(app, "INITIALBACKOFFTIME")),
      backOffMsMax: Number(value(app, "MAXBACKOFFTIME")),
      certificateSubject: criteria.get("Subject") ?? "",
      device: credentialIn(app, "APPSRV"),
      server: credentialIn(app, "CLIENT"),
    },
    poll: {
      firstCount: Number(value(poll, "NumberOfFirstRetries")),
      firstMinutes: Number(value(poll, "IntervalForFirstSetOfRetries")),
      minutes: Number(value(poll, "IntervalForRemainingScheduledRetries")),
      onLogin: value(poll, "PollOnLogin") === "true",
    },
    deviceName: value(provider, "EntDeviceName"),
    deviceId: value(provider, "EntDMID"),
    userName: parmOf(provider, "UPN") ?? "",
  };
}

function credentialIn(app: Element, level: string): AccountCredential {
  const found = app.children.find(
    (child) => attributeOf(child, "type") === "APPAUTH" && parmOf(child, "AAUTHLEVEL") === level,
  );
  if (found === undefined) throw broken("mde2-value", `there is no APPAUTH of level ${level}`);
  return {
    userName: value(found, "AAUTHNAME"),
    password: value(found, "AAUTHSECRET"),
    nonce: value(found, "AAUTHDATA"),
  };
}

function certificateIn(store: Element): Uint8Array {
  const entry = store.children.find((child) => parmOf(child, "EncodedCertificate") !== undefined);
  if (entry === undefined) throw broken("mde2-value", "a certificate store is empty");
  const certificate = bytesOf(value(entry, "EncodedCertificate"), "a certificate");
  if (attributeOf(entry, "type") !== thumbprintOf(certificate)) {
    throw broken("mde2-value", "a certificate does not have the thumbprint it is stored under");
  }
  return certificate;
}

function find(parent: Element, type: string): Element | undefined {
  return parent.children.find(
    (child) => child.name === "characteristic" && attributeOf(child, "type") === type,
  );
}

function inside(parent: Element, type: string): Element {
  const found = find(parent, type);
  if (found === undefined) throw broken("mde2-value", `there is no characteristic ${type}`);
  return found;
}

function parmOf(parent: Element, name: string): string | undefined {
  const found = parent.children.find(
    (child) => child.name === "parm" && attributeOf(child, "name") === name,
  );
  return found && attributeOf(found, "value");
}

function value(parent: Element, name: string): string {
  const text = parmOf(parent, name);
  if (text === undefined) throw broken("mde2-value", `there is no parm ${name}`);
  return text;
}
