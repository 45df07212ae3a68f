import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { removeDevice } from "../../../devices/service/change-device.ts";
import { rotateSecret } from "../../../devices/service/register-device.ts";
import { REPEAT_MS } from "../../../devices/service/windows-enrolment/enrol.ts";
import {
  type EnrolledPc,
  EnrolmentError,
  requestToken,
} from "../../../devices/simulator/enrol-pc.ts";
import type { PcKey } from "../../../devices/simulator/pc-key.ts";
import { FREE_FAILURES } from "../../../gateway/access/login-backoff.ts";
import { renameDevices } from "../../../gateway/db/stores/device-ids.ts";
import { readCertificateRequest } from "../../../protocols/mde2/certificate-request.ts";
import { decodeFault, type FaultName } from "../../../protocols/mde2/faults.ts";
import { parseEnvelope, SOAP_LIMITS } from "../../../protocols/mde2/soap.ts";
import { digestCredential, secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import {
  EnrolmentSite,
  fastKey,
  PC,
  SITE_URL,
  signedRenewal,
} from "../../harness/enrolment-site.ts";
import { alertXml, pc as played } from "../../harness/pc.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { messages, request } from "../../protocols/mde2/requests.ts";

const GOODBYE = alertXml(9, 1226, "com.microsoft:mdm.unenrollment.userrequest", "", "1");
const DAY_MS = 24 * 60 * 60_000;
const invalid = await messages("invalid", ".error.txt");
let site: EnrolmentSite;

beforeEach(async () => {
  site = await EnrolmentSite.open();
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
});

describe("a PC that enrols", () => {
  test("is known with what it says of itself, and nobody had to register it", async () => {
    const { provisioning } = await site.enrol(await site.code("abcd-efgh"));
    const device = await onlyDevice();
    expect(device).toMatchObject({
      name: "DESKTOP-EVA",
      platform: "Windows",
      stableId: PC.hardwareId,
      osVersion: "10.0.26100.4351",
      osMajor: 11,
      osPlatform: "Windows 11",
      userAssigned: true,
      removedAtMs: null,
    });
    const named = await site.core.context.store.findByAlias("oma-dm", PC.deviceId);
    expect(named?.id).toBe(device.id);
    expect(provisioning.first).toMatchObject({
      deviceName: "DESKTOP-EVA",
      deviceId: device.id,
      userName: PC.userName,
      poll: { firstCount: 10, firstMinutes: 3, minutes: 60, onLogin: true },
      renewal: { automatic: true, periodDays: 60, retryDays: 4 },
      account: {
        name: "Branch Prague",
        address: `${SITE_URL}/syncml`,
        certificateSubject: `CN=${device.id}`,
        device: { userName: device.id },
        server: { userName: "outpost" },
      },
    });
  });

  test("gets a certificate of this site under our name, in the store it asked for", async () => {
    const user = await site.enrol(await site.code());
    const machine = await site.enrol(await site.code(), {
      deviceId: "B",
      hardwareId: "B",
      enrolmentType: "Device",
    });
    expect([user.provisioning.store, machine.provisioning.store]).toEqual(["User", "System"]);
    const certificate = new X509Certificate(user.provisioning.clientCertificate);
    const [, issued] = await site.enrolment.certificates.list();
    expect(issued).toMatchObject({
      subject: certificate.subject,
      serial: certificate.serialNumber.toLowerCase(),
      userName: PC.userName,
      store: "User",
      revokedAtMs: null,
    });
    const root = await site.enrolment.authority.current();
    expect(Buffer.from(user.provisioning.rootCertificate)).toEqual(Buffer.from(root.certificate));
    expect(Date.parse(certificate.validTo) - site.core.nowMs).toBe(365 * DAY_MS);
  });

  test("opens its first session with what it was given, and knows the site by it", async () => {
    const { provisioning } = await site.enrol(await site.code());
    const account = provisioning.first?.account;
    if (!account) throw new Error("there is no account");
    const { device, server } = account;
    const raw = new RawDevice({
      url: account.address,
      deviceId: PC.deviceId,
      user: device.userName,
      password: device.password,
      nonce: device.nonce,
      auth: "md5",
      fetch: site.core.fetch,
    });
    const answer = await raw.open();
    // No challenge was needed: the first nonce came with the account.
    expect(raw.answers).toHaveLength(1);
    expect(answer.statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 212 });
    const proof = digestCredential(secretHashOf(server.userName, server.password), server.nonce);
    expect(answer.xml).toContain(`<Data>${proof.data}</Data>`);
  });

  test("may not be talked down to sending its password", async () => {
    const { provisioning } = await site.enrol(await site.code());
    const account = needAccount(provisioning);
    const raw = new RawDevice({
      url: account.address,
      deviceId: PC.deviceId,
      user: account.device.userName,
      password: account.device.password,
      auth: "basic",
      fetch: site.core.fetch,
    });
    expect((await raw.open()).statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 401 });
  });

  test("has secrets that no other PC has, in both directions", async () => {
    const one = needAccount((await site.enrol(await site.code())).provisioning);
    const two = needAccount(
      (await site.enrol(await site.code(), { deviceId: "B", hardwareId: "B" })).provisioning,
    );
    const secrets = [one, two].flatMap(({ device, server }) => [
      device.password,
      server.password,
      device.nonce,
      server.nonce,
    ]);
    expect(new Set(secrets).size).toBe(8);
    for (const { device } of [one, two]) {
      expect(Buffer.from(device.nonce, "base64")).toHaveLength(16);
    }
  });

  test("starts with what the code's maker said, over what it says itself", async () => {
    const code = await site.code("till", {
      template: { platform: "Windows", name: "Till 4", ownership: "corporate", shared: true },
    });
    await site.enrol(code);
    expect(await onlyDevice()).toMatchObject({
      name: "Till 4",
      ownership: "corporate",
      shared: true,
      osPlatform: "Windows 11",
    });
  });

  test("without a hardware id is known by its DeviceID", async () => {
    await site.enrol(await site.code(), { hardwareId: "" });
    expect(await onlyDevice()).toMatchObject({ stableId: PC.deviceId });
  });

  test("that was removed comes back in its next life, and its old certificate is gone", async () => {
    const first = await site.enrol(await site.code());
    const before = await onlyDevice();
    await removeDevice(site.core.context, before.id);
    const [old] = await site.enrolment.certificates.list();
    expect(old?.revokedAtMs).toBe(site.core.nowMs);
    const second = await site.enrol(await site.code(), { deviceId: "another, after set-up" });
    const after = await onlyDevice();
    expect(after.id).toBe(before.id);
    expect(after.incarnation).toBeGreaterThan(before.incarnation);
    expect(needAccount(second.provisioning).device.password).not.toBe(
      needAccount(first.provisioning).device.password,
    );
    const [fresh, former] = await site.enrolment.certificates.list();
    expect(fresh?.revokedAtMs).toBeNull();
    expect(former?.serial).toBe(old?.serial ?? "");
  });
});

describe("an answer that was lost", () => {
  test("is given again to the same request: one device, one certificate, one account", async () => {
    const code = await site.code();
    const key = fastKey();
    const first = await site.enrol(code, {}, key);
    site.core.nowMs += REPEAT_MS;
    const second = await site.enrol(code, {}, key);
    expect(second.provisioning).toEqual(first.provisioning);
    expect(await site.core.context.store.deviceIds()).toHaveLength(1);
    expect(await site.enrolment.certificates.list()).toHaveLength(1);
  });

  test("is given again when the site joined a hub meanwhile", async () => {
    const code = await site.code();
    const key = fastKey();
    const first = await site.enrol(code, {}, key);
    await joinHub();
    const second = needAccount((await site.enrol(code, {}, key)).provisioning);
    expect(second).toEqual(needAccount(first.provisioning));
  });

  test("two requests at the same time get the same answer", async () => {
    const code = await site.code();
    const key = fastKey();
    const both = await Promise.all([site.enrol(code, {}, key), site.enrol(code, {}, key)]);
    expect(both[1]?.provisioning).toEqual(both[0]?.provisioning ?? ({} as never));
    expect(await site.enrolment.certificates.list()).toHaveLength(1);
  });

  test.each([
    ["after the time for it", async () => later(REPEAT_MS + 1)],
    ["once its seed is forgotten", async () => site.enrolment.enrolments.forgetSeeds(1e15)],
    ["once it was removed", async () => removeDevice(site.core.context, (await onlyDevice()).id)],
    [
      "once it was given another password",
      async () => void (await rotateSecret(site.core.context, (await onlyDevice()).id)),
    ],
    [
      "once its certificate was revoked",
      async () => {
        const [issued] = await site.enrolment.certificates.list();
        await site.enrolment.useCases.revoke(issued?.serial ?? "");
      },
    ],
    ["once it has spoken", async () => void (await firstSession())],
  ])("is not given again %s", async (_, meanwhile) => {
    const code = await site.code();
    const key = fastKey();
    await keep(site.enrol(code, {}, key));
    await meanwhile();
    expect(await faultOf(site.enrol(code, {}, key))).toBe("enrolment Authentication");
  });

  test.each([
    ["another key", {}, fastKey()],
    ["another device", { hardwareId: "other" }, undefined],
  ])("is not given to %s", async (_, change, otherKey) => {
    const code = await site.code();
    const key = fastKey();
    await site.enrol(code, {}, key);
    expect(await faultOf(site.enrol(code, change, otherKey ?? key))).toBe(
      "enrolment Authentication",
    );
    expect(await site.core.context.store.deviceIds()).toHaveLength(1);
  });
});

describe("who may not enrol", () => {
  test("gets the fault that says why", async () => {
    const expired = await site.code("expired", { expiresAtMs: site.core.nowMs });
    const phone = await site.code("phone", { template: { platform: "iOS" } });
    expect(await faultOf(site.enrol("never made"))).toBe("policies Authentication");
    expect(await faultOf(site.enrol(expired))).toBe("policies Authentication");
    expect(await faultOf(site.enrol(phone))).toBe("policies Authorization");
    expect(await site.core.context.store.deviceIds()).toEqual([]);
  });

  test("a code is used up by one PC", async () => {
    const code = await site.code();
    await site.enrol(code);
    expect(await faultOf(site.enrol(code, { deviceId: "B", hardwareId: "B" }))).toBe(
      "enrolment Authentication",
    );
  });

  test("a PC that is known has to be removed first, and its code stays good", async () => {
    await site.enrol(await site.code());
    const code = await site.code();
    const error = await refusalOf(site.enrol(code));
    expect([error.fault, error.message]).toEqual([
      "Authorization",
      "This PC is known here already as DESKTOP-EVA. Ask for an enrolment code for this PC.",
    ]);
    await removeDevice(site.core.context, (await onlyDevice()).id);
    await site.enrol(code);
  });

  test("a code for one PC enrols that one anew, after Windows was installed again", async () => {
    await site.enrol(await site.code(), { userName: "eva" });
    const before = await onlyDevice();
    const other = await site.code("other", { stableId: "another" });
    expect(await faultOf(site.enrol(other))).toBe("enrolment Authorization");
    const code = await site.code("anew", { stableId: PC.hardwareId });
    const again = await site.enrol(code, { deviceId: "DeviceID after set-up" });
    const after = await onlyDevice();
    expect([after.id, after.incarnation > before.incarnation]).toEqual([before.id, true]);
    const issued = await site.enrolment.certificates.list();
    expect(issued.map(({ revokedAtMs }) => revokedAtMs === null)).toEqual([true, false]);
    const { device } = needAccount(again.provisioning);
    const raw = new RawDevice({
      url: "http://site.test/syncml",
      deviceId: "DeviceID after set-up",
      user: device.userName,
      password: device.password,
      nonce: device.nonce,
      auth: "md5",
      fetch: site.core.fetch,
    });
    expect((await raw.open()).statuses[0]).toMatchObject({ code: 212 });
  });

  test("a code that only said its name at another door is not taken for an enrolled one", async () => {
    const code = await site.code("basic");
    const raw = new RawDevice({
      url: "http://site.test/syncml",
      deviceId: "urn:other",
      user: "any",
      password: code,
      fetch: site.core.fetch,
    });
    await raw.open();
    expect(await faultOf(site.enrol(code))).toBe("policies Authentication");
  });

  test("whoever guesses has to wait, and the log says so", async () => {
    for (let count = 0; count < FREE_FAILURES; count++) await refusalOf(site.enrol(`no ${count}`));
    const xml = await policies("no more");
    const answer = await site.post("Policy", xml);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await faultIn(answer)).toBe("Authentication");
    const refusals = site.log.filter(({ event }) => event === "windows-enrolment-refused");
    expect(refusals).toHaveLength(FREE_FAILURES + 1);
    expect(refusals[0]?.fields).toMatchObject({
      operation: "policies",
      fault: "Authentication",
      hresult: "0x80180002",
      address: "10.0.0.1",
    });
    expect(JSON.stringify(site.log)).not.toContain("no more");
    // Another user from elsewhere is not kept waiting, and time forgives.
    const code = await site.code();
    await site.enrol(code, { userName: "adam", deviceId: "B", hardwareId: "B" });
    site.core.nowMs += 2 * 60 * 60_000;
    await site.enrol(await site.code());
  });
});

describe("certificate requests that are refused", () => {
  test.each([
    ["weak-rsa-1024.der", "mde2-weak-key"],
    ["exponent-3.der", "mde2-weak-key"],
    ["ed25519.der", "mde2-weak-key"],
    ["md5.der", "mde2-signature"],
    ["renewal-plain.p7", "mde2-certificate-request"],
  ])("%s", async (name, rule) => {
    const code = await site.code();
    const bad = await request(name);
    const key = async (): Promise<PcKey> => ({ ...(await fastKey()()), request: bad });
    const error = await refusalOf(site.enrol(code, {}, key));
    expect(error.fault).toBe("CertificateRequest");
    expect(error.message).toContain(`(${rule})`);
    expect(await site.core.context.store.deviceIds()).toEqual([]);
    await site.enrol(code); // The code is still good.
  });

  test("the subject that every device has by default is replaced, not taken", async () => {
    const bytes = await request("default-subject.der");
    const key = async (): Promise<PcKey> => ({
      request: bytes,
      publicKey: readCertificateRequest(bytes).publicKey,
      privateKey: new Uint8Array(),
    });
    const { provisioning } = await site.enrol(await site.code(), {}, key);
    const { id } = await onlyDevice();
    expect(new X509Certificate(provisioning.clientCertificate).subject).toBe(`CN=${id}`);
  });

  test("a PC that names itself by the default subject is refused", async () => {
    const id = "B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1\\x00";
    expect(await faultOf(site.enrol(await site.code(), { deviceId: id }))).toBe(
      "enrolment MessageFormat",
    );
  });
});

describe("a renewal", () => {
  const old = fastKey();
  let enrolled: EnrolledPc;

  beforeEach(async () => {
    enrolled = await keep(site.enrol(await site.code(), {}, old));
    site.core.nowMs += 306 * DAY_MS;
  });

  test("gives a new certificate for a new key, and the old one holds to its end", async () => {
    const key = fastKey();
    const renewed = await renew(key, old);
    expect(renewed.first).toBeUndefined();
    expect(renewed.providerId).toBe("outpost");
    const certificate = new X509Certificate(renewed.clientCertificate);
    const before = new X509Certificate(enrolled.provisioning.clientCertificate);
    expect(certificate.subject).toBe(before.subject);
    expect(certificate.serialNumber).not.toBe(before.serialNumber);
    expect(Date.parse(certificate.validTo)).toBe(site.core.nowMs + 365 * DAY_MS);
    const issued = await site.enrolment.certificates.list();
    expect(issued.map(({ revokedAtMs, userName }) => [revokedAtMs, userName])).toEqual([
      [null, PC.userName],
      [null, PC.userName],
    ]);
    // The account is as it was: the PC keeps its passwords.
    expect((await openWith(enrolled)).statuses[0]).toMatchObject({ code: 212 });
    // And the new certificate renews itself when its time comes.
    site.core.nowMs += 306 * DAY_MS;
    await renew(fastKey(), key, certificate.serialNumber.toLowerCase());
  });

  test("whose answer was lost gets the same certificate again", async () => {
    const key = fastKey();
    const first = await renew(key, old);
    expect(await renew(key, old)).toEqual(first);
    expect(await site.enrolment.certificates.list()).toHaveLength(2);
  });

  test.each([
    ["too early", "NotEligibleToRenew", async () => later(-10 * DAY_MS)],
    ["after the end", "NotEligibleToRenew", async () => later(59 * DAY_MS)],
    [
      "after a revocation",
      "NotEligibleToRenew",
      async () => {
        const [issued] = await site.enrolment.certificates.list();
        await site.enrolment.useCases.revoke(issued?.serial ?? "");
      },
    ],
    [
      "after the device was removed",
      "NotEligibleToRenew",
      async () => removeDevice(site.core.context, (await onlyDevice()).id),
    ],
  ])("%s is refused", async (_, fault, meanwhile) => {
    await meanwhile();
    expect(await faultOf(renew(fastKey(), old))).toBe(`enrolment ${fault}`);
  });

  test("keeps the name that the PC finds its certificate by, also after the site joined a hub", async () => {
    const former = await onlyDevice();
    await joinHub();
    const renewed = await renew(fastKey(), old);
    const now = await onlyDevice();
    expect(now.id).not.toBe(former.id);
    expect(new X509Certificate(renewed.clientCertificate).subject).toBe(`CN=${former.id}`);
    expect(await site.enrolment.certificates.ofDevice(now.id)).toHaveLength(2);
    expect((await openWith(enrolled)).statuses[0]).toMatchObject({ code: 212 });
    const credential = await site.core.context.store.credential(now.id);
    expect(credential?.certificateSubject).toBe(`CN=${former.id}`);
  });

  test("signed by a stranger, or by nobody that is known, is refused", async () => {
    expect(await faultOf(renew(fastKey(), fastKey()))).toBe("enrolment Authentication");
    expect(await faultOf(renew(fastKey(), old, "7f"))).toBe("enrolment Authentication");
  });

  test("of a weak key is refused", async () => {
    const weak = await request("weak-rsa-1024.der");
    const key = async (): Promise<PcKey> => ({ ...(await fastKey()()), request: weak });
    expect(await faultOf(renew(key, old))).toBe("enrolment CertificateRequest");
  });

  async function renew(key: () => Promise<PcKey>, by: () => Promise<PcKey>, serial?: string) {
    const { request: inner } = await key();
    const first = (await site.enrolment.certificates.list()).at(-1);
    return requestToken(
      { fetch: site.fetch, nextMessageId: () => "urn:uuid:renewal" },
      `${SITE_URL}/EnrollmentServer/Enrollment.svc`,
      {
        kind: "renew",
        request: signedRenewal(inner, await by(), serial ?? first?.serial ?? ""),
        context: new Map(),
      },
      undefined,
    );
  }
});

describe("messages that are refused", () => {
  test.each([...invalid])("$name", async ({ name, xml, expected }) => {
    const path = { discover: "Discovery", policies: "Policy", enrolment: "Enrollment" }[
      name.split("-")[0] ?? ""
    ];
    const answer = await site.post(path ?? "", xml);
    expect(answer.status).toBe(400);
    expect(answer.headers.get("content-type")).toBe("application/soap+xml; charset=utf-8");
    const text = await answer.text();
    const fault = decodeFault(parseEnvelope(text));
    const [rule = "", ...words] = expected.trim().split(": ");
    expect(fault?.name).toBe(rule === "mde2-security" ? "InvalidSecurity" : "MessageFormat");
    expect(fault?.reason).toBe(`${words.join(": ")} (${rule})`);
  });

  test("a body over the limit, with and without a declared length", async () => {
    const body = "x".repeat(SOAP_LIMITS.bytesMax + 1);
    expect((await site.post("Discovery", body)).status).toBe(413);
    const stream = new Blob([body]).stream();
    const chunked = await site.fetch("/EnrollmentServer/Discovery.svc", {
      method: "POST",
      headers: { "content-type": "application/soap+xml" },
      body: stream,
    });
    expect(chunked.status).toBe(413);
    expect(await faultIn(chunked)).toBe("MessageFormat");
  });

  test("another content type", async () => {
    const answer = await site.post("Discovery", "{}", "application/json");
    expect([answer.status, await faultIn(answer)]).toEqual([415, "MessageFormat"]);
  });

  test("a client that is too old, and one that knows no passwords", async () => {
    const [discover] = (await messages("valid", ".json")).filter(
      ({ name }) => name === "discover-windows-11",
    );
    const xml = discover?.xml ?? "";
    const old = xml.replace("<RequestVersion>7.0", "<RequestVersion>2.0");
    expect(await faultIn(await site.post("Discovery", old))).toBe("DeviceNotSupported");
    const federated = xml.replace("<AuthPolicy>OnPremise</AuthPolicy>", "");
    expect(await faultIn(await site.post("Discovery", federated))).toBe("NotSupported");
  });

  test("no credential, and one of another kind", async () => {
    const xml = await policies("x");
    const none = xml.replace(/<wsse:Security.*<\/wsse:Security>/s, "");
    expect(await faultIn(await site.post("Policy", none))).toBe("InvalidSecurity");
    const [federated] = (await messages("valid", ".json")).filter(
      ({ name }) => name === "policies-with-federated-token",
    );
    const answer = await site.post("Policy", federated?.xml ?? "");
    expect([answer.status, await faultIn(answer)]).toEqual([500, "Authentication"]);
  });

  test("a mistake of ours is told as one, and not what it is", async () => {
    const code = await site.code();
    await site.core.database.close();
    const answer = await site.post("Policy", await policies(code));
    expect([answer.status, await faultIn(answer)]).toEqual([500, "InternalServiceFault"]);
  });
});

describe("what anybody may ask", () => {
  test("whether somebody is there", async () => {
    const answer = await site.fetch("/EnrollmentServer/Discovery.svc");
    expect([answer.status, await answer.text()]).toEqual([200, ""]);
  });

  test("the authority and what it revoked, once there is one", async () => {
    await site[Symbol.asyncDispose]();
    site = await EnrolmentSite.open({ authority: false });
    const names = ["authority.cer", "authority.pem", "revoked.crl", "revoked.pem"];
    for (const name of names) {
      expect((await site.fetch(`/EnrollmentServer/${name}`)).status).toBe(404);
    }
    await site.enrol(await site.code());
    const get = async (name: string) => {
      const answer = await site.fetch(`/EnrollmentServer/${name}`);
      expect(answer.status).toBe(200);
      return Buffer.from(await answer.arrayBuffer());
    };
    const root = new X509Certificate(await get("authority.cer"));
    expect(root.ca).toBe(true);
    await site.enrolment.authority.renew();
    const pem = (await get("authority.pem")).toString();
    expect(pem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    const list = await get("revoked.crl");
    expect(await get("revoked.crl")).toEqual(list);
    expect((await get("revoked.pem")).toString().match(/BEGIN X509 CRL/g)).toHaveLength(2);
    await removeDevice(site.core.context, (await onlyDevice()).id);
    const [issued] = await site.enrolment.certificates.list();
    const base64 = (await get("revoked.pem")).toString().split("-----")[6] ?? "";
    const second = Buffer.from(base64, "base64");
    expect(second.includes(Buffer.from(issued?.serial ?? "", "hex"))).toBe(true);
  });
});

/** Every device gets another id. */
async function joinHub(): Promise<void> {
  const { connection, writer } = site.core.database;
  await writer.submit(() => renameDevices(connection, "hub's"));
  Object.assign(site.core.context, { organisation: "hub's" });
  site.core.restart();
}

function later(milliseconds: number): void {
  site.core.nowMs += milliseconds;
}

async function onlyDevice() {
  const [id, ...others] = await site.core.context.store.deviceIds();
  const device = id && (await site.core.context.store.find(id));
  if (!device || others.length > 0) throw new Error("there is not one device");
  return device;
}

let last: EnrolledPc | undefined;

async function keep(enrolling: Promise<EnrolledPc>): Promise<EnrolledPc> {
  last = await enrolling;
  return last;
}

function firstSession() {
  if (!last) throw new Error("nobody has enrolled");
  return openWith(last);
}

function openWith({ provisioning }: EnrolledPc) {
  const { device, address } = needAccount(provisioning);
  const { userName: user, password, nonce } = device;
  const { fetch } = site.core;
  const options = { url: address, deviceId: PC.deviceId, user, password, nonce, fetch };
  return new RawDevice({ ...options, auth: "md5" }).open();
}

function needAccount({ first }: EnrolledPc["provisioning"]) {
  if (!first) throw new Error("there is no account");
  return first.account;
}

async function refusalOf(enrolling: Promise<unknown>): Promise<EnrolmentError> {
  try {
    await enrolling;
  } catch (error) {
    if (error instanceof EnrolmentError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

async function faultOf(enrolling: Promise<unknown>): Promise<string> {
  const { step, fault } = await refusalOf(enrolling);
  return `${step} ${fault}`;
}

async function faultIn(answer: Response): Promise<FaultName | undefined> {
  return decodeFault(parseEnvelope(await answer.text()))?.name;
}

async function policies(code: string): Promise<string> {
  const [found] = (await messages("valid", ".json")).filter(
    ({ name }) => name === "policies-with-password",
  );
  return (found?.xml ?? "").replace("abcd-efgh-jkmn-pqrs", code);
}

describe("unenrolment of a PC that enrolled by itself", () => {
  test("revokes its certificate, and any code brings it back under its old id", async () => {
    const enrolled = await site.enrol(await site.code());
    const id = enrolled.provisioning.first?.deviceId as DeviceId;
    const isGood = async () =>
      (await site.enrolment.useCases.ofDevice(id)).map(({ revokedAtMs }) => revokedAtMs === null);
    expect(await isGood()).toEqual([true]);
    await expect(site.enrol(await site.code(), {}, fastKey("again"))).rejects.toThrow("known here");

    const { account } = enrolled.provisioning.first ?? { account: undefined };
    if (!account) throw new Error("no account");
    const raw = new RawDevice({
      url: "http://site.test/syncml",
      deviceId: PC.deviceId,
      user: account.device.userName,
      password: account.device.password,
      nonce: account.device.nonce,
      auth: "md5",
      fetch: site.core.fetch,
    });
    raw.alerts = GOODBYE;
    await raw.session(played({ seen: [] }));
    expect((await site.core.context.store.find(id))?.enrolment).toBe("unenrolled");
    expect(await isGood()).toEqual([false]);
    expect((await site.core.context.store.credential(id))?.certificateSubject).toBeNull();

    const again = await site.enrol(await site.code(), {}, fastKey("again"));
    expect(again.provisioning.first?.deviceId).toBe(id);
    expect((await site.core.context.store.find(id))?.enrolment).toBe("unknown");
  });
});
