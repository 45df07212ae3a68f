import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { type EnrolledPc, enrolPc, type Pc } from "../../devices/simulator/enrol-pc.ts";
import { makePcKey, type PcKey } from "../../devices/simulator/pc-key.ts";
import { digestCredential, secretHashOf } from "../../protocols/oma-dm/credentials.ts";
import { PC } from "../harness/enrolment-site.ts";
import { OpensslFolder } from "../harness/openssl.ts";
import { type PhoneState, phone, shapes } from "../harness/phone.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { Loose, Scenario } from "../harness/scenario.ts";
import { missingForOpenssl, testUnless } from "../harness/skip.ts";

const Code = z.looseObject({ code: z.string() });
const Certificates = z.array(
  z.looseObject({
    serial: z.string(),
    device: z.string(),
    pem: z.string(),
    revokedAt: z.unknown(),
  }),
);
const Device = z.looseObject({ id: z.string(), enrolment: z.string(), osPlatform: z.string() });
const Page = z.looseObject({ rows: z.array(Device) });
const withOpenssl = testUnless(missingForOpenssl());

/** A handheld: it enrols as a PC does, and takes apps by EnterpriseAppManagement. */
const HANDHELD: Partial<Pc> = {
  deviceType: "WindowsPhone",
  osVersion: "10.0.15254.603",
  osEdition: "104",
};

/** Over HTTP against one started site: nobody registers a device, each enrols itself. */
describe("Windows enrolment", () => {
  let site: Scenario;
  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    await site.prepare();
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  test("a device enrols, opens its first session and installs an app", async () => {
    const pc: Pc = { ...PC, ...HANDHELD, deviceId: "handheld-1", hardwareId: "hardware-1" };
    const enrolled = await enrol(site, pc, await newCode(site, { name: "Counter 3" }));
    const { rows } = await site.api.request("/api/v1/devices?filter=name:%22Counter%203%22", Page);
    const [device] = rows;
    if (!device) throw new Error("the device is not known");
    expect(device.osPlatform).toBe("Windows 10 Mobile");

    const raw = sessionsOf(enrolled, pc);
    const state: PhoneState = { seen: [], installed: null, download: null };
    await raw.session(phone(state));
    expect(raw.answers[0]?.statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 212 });
    const account = needAccount(enrolled);
    const { userName, password, nonce } = account.server;
    expect(raw.answers[0]?.xml).toContain(
      `<Data>${digestCredential(secretHashOf(userName, password), nonce).data}</Data>`,
    );

    const only = { target: { kind: "device", device: device.id } };
    const distribution = await site.distribute("2.0.0.0", only);
    await site.request(device.id, distribution);
    const commands = await raw.session(phone(state));
    expect(shapes(commands)).toContain(
      "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
    );
    const seen: string[] = [];
    for (const status of [2, 5]) {
      await site.gateway.advance(60_000);
      state.download = { status };
      if (status === 5) state.installed = "2.0.0.0";
      await raw.session(phone(state));
      seen.push((await site.row(device.id, distribution)).statusLabel);
    }
    expect(seen).toEqual(["Installing", "Installed"]);
  });

  test("an enrolment that was answered survives kill -9, and a lost answer can be had again", async () => {
    const pc: Pc = { ...PC, deviceId: "pc-2", hardwareId: "hardware-2" };
    const code = await newCode(site, {});
    const key = await makePcKey({ bits: 2048, commonName: "pc-2" });
    const first = await enrol(site, pc, code, key);
    await site.gateway.kill();
    await site.gateway.restart();
    const again = await enrol(site, pc, code, key);
    expect(again.provisioning).toEqual(first.provisioning);
    const answer = await sessionsOf(again, pc).open();
    expect(answer.statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 212 });
    await expect(enrol(site, pc, code, key)).rejects.toThrow("used already");
  });

  withOpenssl(
    "openssl finds the device's certificate good until the device is removed",
    async () => {
      await using folder = await OpensslFolder.open();
      const pc: Pc = { ...PC, deviceId: "pc-3", hardwareId: "hardware-3" };
      const { provisioning } = await enrol(site, pc, await newCode(site, {}));
      const id = provisioning.first?.deviceId ?? "";
      const issued = await site.api.request(`/api/v1/certificates?device=${id}`, Certificates);
      expect(issued).toHaveLength(1);
      await folder.file("device.pem", issued[0]?.pem ?? "");
      const verify = async () => {
        for (const name of ["authority.pem", "revoked.pem"]) {
          const answer = await fetch(`${site.url}/EnrollmentServer/${name}`);
          expect(answer.status).toBe(200);
          await folder.file(name, await answer.text());
        }
        const at = String(Math.floor(site.gateway.nowMs / 1000) + 1);
        return folder.run(
          ...["verify", "-x509_strict", "-crl_check_all", "-attime", at, "-purpose", "sslclient"],
          ...["-CAfile", "authority.pem", "-CRLfile", "revoked.pem", "device.pem"],
        ).text;
      };
      expect(await verify()).toBe("device.pem: OK\n");
      await site.api.send(`/api/v1/devices/${id}`, { method: "DELETE" });
      expect(await verify()).toContain("certificate revoked");
      const answer = await sessionsOf({ provisioning } as EnrolledPc, pc).open();
      expect(answer.statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 401 });
    },
  );

  test("settings say where PCs go and when they ask; they are checked", async () => {
    const settings = "/api/v1/settings/windows-enrolment";
    for (const json of [
      { host: "https://branch.example" },
      { certificateDays: 3 },
      { renewalDays: 365 },
      { pollMinutes: 0 },
    ]) {
      await expect(site.api.send(settings, { method: "PATCH", json })).rejects.toThrow(
        Object.keys(json)[0],
      );
    }
    await site.api.send(settings, {
      method: "PATCH",
      json: { host: "EnterpriseEnrollment.branch.example", pollMinutes: 15, certificateDays: 90 },
    });
    try {
      const pc: Pc = { ...PC, deviceId: "pc-4", hardwareId: "hardware-4" };
      // What the name would resolve to: this site.
      const local = (url: string) =>
        url.replace("https://EnterpriseEnrollment.branch.example", site.url);
      const enrolled = await enrol(site, pc, await newCode(site, {}), undefined, local);
      expect(enrolled.provisioning.first).toMatchObject({
        poll: { minutes: 15 },
        account: { address: "https://EnterpriseEnrollment.branch.example/syncml" },
      });
    } finally {
      await site.api.send(settings, { method: "PATCH", json: { host: null } });
    }
  });

  test("a certificate and the authority can be renewed and taken back by an administrator", async () => {
    const pc: Pc = { ...PC, deviceId: "pc-5", hardwareId: "hardware-5" };
    const { provisioning } = await enrol(site, pc, await newCode(site, {}));
    const id = provisioning.first?.deviceId ?? "";
    const [issued] = await site.api.request(`/api/v1/certificates?device=${id}`, Certificates);
    const revoke = `/api/v1/certificates/${issued?.serial}/revoke`;
    await site.api.send(revoke, { method: "POST" });
    await site.api.send(revoke, { method: "POST" });
    const [revoked] = await site.api.request(`/api/v1/certificates?device=${id}`, Certificates);
    expect(revoked?.revokedAt).not.toBeNull();
    expect(await site.api.request(`/api/v1/devices/${id}/oma-dm`, Loose)).toMatchObject({
      certificateSubject: null,
    });
    await site.api.send("/api/v1/certificate-authorities/renew", { method: "POST" });
    const authorities = await site.api.request("/api/v1/certificate-authorities", z.array(Loose));
    expect(authorities).toHaveLength(2);
    const text = await (await fetch(`${site.url}/EnrollmentServer/authority.pem`)).text();
    expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });
});

async function newCode(site: Scenario, device: object): Promise<string> {
  const { code } = await site.api.request("/api/v1/enrolment-codes", Code, {
    method: "POST",
    json: { note: "test", device },
  });
  return code;
}

function enrol(
  site: Scenario,
  pc: Pc,
  code: string,
  key?: PcKey,
  local = (url: string) => url,
): Promise<EnrolledPc> {
  let messages = 0;
  return enrolPc(pc, {
    serverUrl: site.url,
    code,
    fetch: (url, init) => fetch(local(url), init),
    nextMessageId: () => `urn:uuid:${pc.deviceId}-${++messages}`,
    makeKey: async (wanted) => key ?? makePcKey(wanted),
  });
}

function needAccount({ provisioning }: EnrolledPc) {
  if (!provisioning.first) throw new Error("there is no account");
  return provisioning.first.account;
}

/** A device that knows what it was provisioned with, and nothing else. */
function sessionsOf(enrolled: EnrolledPc, pc: Pc): RawDevice {
  const { address, device } = needAccount(enrolled);
  return new RawDevice({
    url: address,
    deviceId: pc.deviceId,
    user: device.userName,
    password: device.password,
    nonce: device.nonce,
    auth: "md5",
  });
}
