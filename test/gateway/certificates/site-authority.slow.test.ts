import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { parseDeviceId } from "../../../devices/model/ids.ts";
import type { IssuedCertificate } from "../../../devices/ports/certificates.ts";
import { pemOf } from "../../../gateway/certificates/pem.ts";
import {
  AUTHORITY_MS,
  AUTHORITY_NAME,
  type AuthorityValues,
  CLOCK_SKEW_MS,
  FORMER_AUTHORITIES_MAX,
  SiteAuthority,
} from "../../../gateway/certificates/site-authority.ts";
import { readCertificateRequest } from "../../../protocols/mde2/certificate-request.ts";
import { OpensslFolder } from "../../harness/openssl.ts";
import { QUIET } from "../../harness/site-core.ts";
import { missingForOpenssl, testUnless } from "../../harness/skip.ts";
import { request } from "../../protocols/mde2/requests.ts";

const DAY_MS = 24 * 60 * 60_000;
const NOW_MS = Date.parse("2026-11-21T12:00:00.400Z");
const DEVICE = device("0123456789abcdef0123456789abcdef");
const withOpenssl = testUnless(missingForOpenssl());

describe("SiteAuthority", () => {
  test("is made once, at first use, however many ask at the same time", async () => {
    const { authority, values } = open();
    expect(authority.known()).toEqual([]);
    expect(values.size).toBe(0);
    const [first, second] = await Promise.all([authority.current(), authority.current()]);
    expect(second).toEqual(first);
    expect(authority.known()).toEqual([first]);
    expect(first.name).toStartWith("Branch Prague devices ");
    expect(first.notAfterMs).toBe(Math.floor((NOW_MS + AUTHORITY_MS) / 1000) * 1000);
    // What is stored is what another process of the same site goes on with.
    expect(await open({ values }).authority.current()).toEqual(first);
  });

  test("issues for the key of the request, and for no name but ours", async () => {
    const { authority } = await established();
    for (const name of ["windows-rsa-2048.der", "default-subject.der", "ec-p256.der"]) {
      const { publicKey } = readCertificateRequest(await request(name));
      const issued = await authority.issue(wanted(publicKey));
      const certificate = new X509Certificate(Buffer.from(issued.certificate, "base64"));
      expect(certificate.subject).toBe(`CN=${DEVICE}`);
      expect(issued.subject).toBe(`CN=${DEVICE}`);
      expect(certificate.toString()).not.toContain("B1C43CD0");
      expect(certificate.serialNumber.toLowerCase()).toBe(issued.serial);
      expect(certificate.fingerprint.replaceAll(":", "")).toBe(issued.thumbprint);
      expect(certificate.publicKey.export({ type: "spki", format: "der" }).toString("hex")).toBe(
        Buffer.from(publicKey).toString("hex"),
      );
      expect(Date.parse(certificate.validFrom)).toBe(issued.notBeforeMs);
      expect(Date.parse(certificate.validTo)).toBe(issued.notAfterMs);
      expect(issued.notBeforeMs).toBe(Math.floor((NOW_MS - CLOCK_SKEW_MS) / 1000) * 1000);
    }
  });

  test("never gives a serial number twice, nor one that DER would lengthen", async () => {
    const { authority } = await established();
    const { publicKey } = readCertificateRequest(await request("ec-p256.der"));
    const serials = new Set<string>();
    for (let count = 0; count < 8; count++) {
      const { serial } = await authority.issue(wanted(publicKey));
      expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
      serials.add(serial);
    }
    expect(serials.size).toBe(8);
  });

  test("is renewed before what it signs would outlive it, and by hand", async () => {
    const clock = { nowMs: NOW_MS };
    const { authority } = await established(clock);
    const first = await authority.current();
    const { publicKey } = readCertificateRequest(await request("ec-p256.der"));
    clock.nowMs = first.notAfterMs - 364 * DAY_MS;
    const [one, two] = await Promise.all([
      authority.issue(wanted(publicKey)),
      authority.issue(wanted(publicKey)),
    ]);
    const second = await authority.current();
    expect(second.thumbprint).not.toBe(first.thumbprint);
    expect([one.authority, two.authority]).toEqual([second.thumbprint, second.thumbprint]);
    const third = await authority.renew();
    expect(authority.known()).toEqual([third, second, first]);
    clock.nowMs = first.notAfterMs;
    expect(authority.known()).toEqual([third, second]);
  });

  test("keeps no more former authorities than the limit", async () => {
    const { authority, values } = await established();
    const oldest = await authority.current();
    const { current } = JSON.parse(values.get(AUTHORITY_NAME) ?? "");
    const former = new Array(FORMER_AUTHORITIES_MAX).fill(current);
    values.set(AUTHORITY_NAME, JSON.stringify({ current, former }));
    const newest = await authority.renew();
    expect(authority.known()).toEqual([newest, ...former.map(() => oldest)]);
  });

  withOpenssl("openssl finds the chain, the names and the uses right", async () => {
    await using folder = await OpensslFolder.open();
    const { authority } = await established();
    const { publicKey } = readCertificateRequest(await request("windows-rsa-2048.der"));
    const issued = await authority.issue(wanted(publicKey));
    const root = await authority.current();
    await folder.file("ca.pem", pemOf("CERTIFICATE", root.certificate));
    await folder.file(
      "device.pem",
      pemOf("CERTIFICATE", Buffer.from(issued.certificate, "base64")),
    );
    const at = String(Math.floor(NOW_MS / 1000));
    const verify = (...words: string[]) =>
      folder.run(
        "verify",
        "-x509_strict",
        "-attime",
        at,
        ...words,
        "-CAfile",
        "ca.pem",
        "device.pem",
      );
    expect(verify("-purpose", "sslclient").text).toBe("device.pem: OK\n");
    expect(verify("-purpose", "sslserver").code).not.toBe(0);
    const { text } = folder.run("x509", "-in", "device.pem", "-noout", "-text");
    expect(text).toContain(`Subject: CN = ${DEVICE}`);
    expect(text).toContain("TLS Web Client Authentication");
    expect(text).toContain("X509v3 Basic Constraints: critical\n                CA:FALSE");
    expect(text).toContain("X509v3 Key Usage: critical\n                Digital Signature\n");
    const ca = folder.run("x509", "-in", "ca.pem", "-noout", "-text").text;
    expect(ca).toContain("CA:TRUE, pathlen:0");
    expect(ca).toContain("Certificate Sign, CRL Sign");
    expect(ca).toContain("Public-Key: (3072 bit)");
  });

  withOpenssl("openssl refuses what the list revokes, and only that", async () => {
    await using folder = await OpensslFolder.open();
    const { authority } = await established();
    const { publicKey } = readCertificateRequest(await request("ec-p256.der"));
    const good = await authority.issue(wanted(publicKey));
    const bad = { ...(await authority.issue(wanted(publicKey))), revokedAtMs: NOW_MS };
    const [list = new Uint8Array()] = await authority.revocationLists([
      { ...good, revokedAtMs: null },
      bad,
    ]);
    const root = await authority.current();
    await folder.file("ca.pem", pemOf("CERTIFICATE", root.certificate));
    await folder.file("list.pem", pemOf("X509 CRL", list));
    const check = async ({ certificate }: IssuedCertificate) => {
      await folder.file("one.pem", pemOf("CERTIFICATE", Buffer.from(certificate, "base64")));
      const at = String(Math.floor(NOW_MS / 1000) + 1);
      return folder.run(
        ...["verify", "-crl_check", "-attime", at],
        ...["-CRLfile", "list.pem", "-CAfile", "ca.pem", "one.pem"],
      ).text;
    };
    expect(await check(good)).toBe("one.pem: OK\n");
    expect(await check(bad)).toContain("certificate revoked");
    const { text } = folder.run("crl", "-in", "list.pem", "-noout", "-text", "-CAfile", "ca.pem");
    expect(text).toContain("verify OK");
    expect(text).toContain("X509v3 CRL Number");
  });

  test("a list names its own authority's certificates, and none that ended by itself", async () => {
    const clock = { nowMs: NOW_MS };
    const { authority } = await established(clock);
    const { publicKey } = readCertificateRequest(await request("ec-p256.der"));
    const old = { ...(await authority.issue(wanted(publicKey))), revokedAtMs: NOW_MS };
    await authority.renew();
    const fresh = { ...(await authority.issue(wanted(publicKey))), revokedAtMs: NOW_MS };
    const serials = async () =>
      (await authority.revocationLists([old, fresh])).map((list) =>
        [old, fresh]
          .filter(({ serial }) => Buffer.from(list).includes(Buffer.from(serial, "hex")))
          .map(({ serial }) => serial),
      );
    expect(await serials()).toEqual([[fresh.serial], [old.serial]]);
    clock.nowMs = old.notAfterMs;
    expect(await serials()).toEqual([[], []]);
  });
});

const wanted = (publicKey: Uint8Array) => ({
  device: DEVICE,
  commonName: DEVICE,
  publicKey,
  validForMs: 365 * DAY_MS,
});

/** An authority that was made at NOW_MS. Its RSA key takes long to make, so all tests have the same one. */
async function established(clock = { nowMs: NOW_MS }) {
  stored ??= await makeStored();
  const values = new Values();
  values.set(AUTHORITY_NAME, stored);
  return open({ values, clock });
}

let stored: string | undefined;

async function makeStored(): Promise<string> {
  const { authority, values } = open();
  await authority.current();
  return values.get(AUTHORITY_NAME) ?? "";
}

function open({ values = new Values(), clock = { nowMs: NOW_MS } } = {}) {
  const authority = new SiteAuthority({
    values,
    siteName: () => "Branch Prague",
    now: () => clock.nowMs,
    log: QUIET,
  });
  return { authority, values };
}

class Values extends Map<string, string> implements AuthorityValues {
  async put(name: string, value: string): Promise<void> {
    this.set(name, value);
  }

  async putIfAbsent(name: string, value: string): Promise<string> {
    if (!this.has(name)) this.set(name, value);
    return this.get(name) ?? "";
  }
}

function device(text: string) {
  const id = parseDeviceId(text);
  if (!id) throw new Error(`${text} is no device id`);
  return id;
}
