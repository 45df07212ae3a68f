import { expect } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { enrolPc } from "../../devices/simulator/enrol-pc.ts";
import { makePcKey } from "../../devices/simulator/pc-key.ts";
import { PC } from "../harness/enrolment-site.ts";
import { Nginx, readmeServer } from "../harness/nginx.ts";
import { OpensslFolder } from "../harness/openssl.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { Scenario } from "../harness/scenario.ts";
import { missingForNginx, missingForOpenssl, testUnless } from "../harness/skip.ts";

const Code = z.looseObject({ code: z.string() });
const TIMEOUT_MS = 120_000;

/** The recipe of README.md, with its own nginx configuration and real certificates. */
testUnless(missingForNginx() ?? missingForOpenssl())(
  "a PC enrols through a TLS proxy and proves itself with its certificate until it is removed",
  async () => {
    await using site = await Scenario.start({
      role: "site",
      now: new Date().toISOString(),
      settings: { trustedProxies: "127.0.0.1", certificateSubjectHeader: "x-client-subject" },
    });
    await using nginx = await Nginx.prepare();
    const { folder } = nginx;
    const ca = await serverCertificate(folder);
    await site.api.send("/api/v1/certificate-authorities", { method: "POST" });
    const fetchLists = async () => {
      for (const name of ["authority.pem", "revoked.pem"]) {
        const answer = await fetch(`${site.url}/EnrollmentServer/${name}`);
        expect(answer.status).toBe(200);
        await writeFile(join(folder, name), await answer.text());
      }
    };
    await fetchLists();
    const server = await readmeServer({ port: nginx.port, siteUrl: site.url, folder });
    await nginx.start(server);

    const { code } = await site.api.request("/api/v1/enrolment-codes", Code, {
      method: "POST",
      json: { note: "PC" },
    });
    const overTls =
      (tls: Readonly<Record<string, string>>) =>
      (url: string, init: RequestInit): Promise<Response> =>
        fetch(url, { ...init, tls: { ca, ...tls }, keepalive: false } as RequestInit);
    let messages = 0;
    const { provisioning, key } = await enrolPc(PC, {
      serverUrl: nginx.url,
      code,
      fetch: overTls({}),
      nextMessageId: () => `urn:uuid:${++messages}`,
      makeKey: makePcKey,
    });
    const first = provisioning.first;
    if (!first) throw new Error("there is no account");
    // The proxy said where the PC came to: it goes on there.
    expect(first.account.address).toBe(`${nginx.url}/syncml`);

    // From now on nothing less than the certificate.
    await site.api.send(`/api/v1/devices/${first.deviceId}/oma-dm`, {
      method: "PATCH",
      json: { scheme: "certificate" },
    });
    const mine = {
      cert: pem("CERTIFICATE", provisioning.clientCertificate),
      key: pem("PRIVATE KEY", key.privateKey),
    };
    const { userName: user, password, nonce } = first.account.device;
    const session = (tls: Readonly<Record<string, string>>, headers = {}) =>
      new RawDevice({
        url: first.account.address,
        deviceId: PC.deviceId,
        user,
        password,
        nonce,
        auth: "md5",
        fetch: (url, init) =>
          overTls(tls)(url, { ...init, headers: { ...init.headers, ...headers } }),
      }).open();
    expect((await session(mine)).statuses[0]).toMatchObject({ cmd: "SyncHdr", code: 212 });
    expect((await session({})).statuses[0]?.code).toBe(401);

    // A header that the PC sends itself is a claim, and the proxy takes it away.
    const claim = await session({}, { "x-client-subject": first.account.certificateSubject });
    expect(claim.statuses[0]?.code).toBe(401);

    await site.api.send(`/api/v1/devices/${first.deviceId}`, { method: "DELETE" });
    await fetchLists();
    await nginx.restart(server);
    await expect(session(mine)).rejects.toThrow("HTTP 400");
  },
  TIMEOUT_MS,
);

/** A server certificate for `localhost` in the folder; answers what a PC has to trust. */
async function serverCertificate(folder: string): Promise<string> {
  await using openssl = await OpensslFolder.open();
  const made = openssl.run(
    ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost", "-keyout", "server.key", "-out", "server.pem"],
  );
  expect(made.code).toBe(0);
  for (const name of ["server.key", "server.pem"]) {
    await writeFile(join(folder, name), await readFile(join(openssl.path, name)));
  }
  return readFile(join(folder, "server.pem"), "utf8");
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
