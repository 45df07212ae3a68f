import { loadFixtures } from "../syncml/fixtures.ts";

const REQUESTS = new URL("../../fixtures/mde2/requests/", import.meta.url).pathname;

/** A certificate request of the fixtures, by its file name. */
export async function request(name: string): Promise<Uint8Array> {
  return new Uint8Array(await Bun.file(`${REQUESTS}${name}`).arrayBuffer());
}

/** The public key, as PEM, of the certificate that signed the renewal requests of the fixtures. */
export function oldCertificateKey(): Promise<string> {
  return Bun.file(`${REQUESTS}old-certificate-key.pem`).text();
}

/** The messages of a folder with `{request}` filled in, and what is expected of them. */
export async function messages(folder: "valid" | "invalid", partner: string) {
  const token = Buffer.from(await request("windows-rsa-2048.der")).toString("base64");
  return (await loadFixtures(folder, partner, "mde2")).map(({ name, bytes, expected }) => ({
    name,
    xml: Buffer.from(bytes).toString("utf8").replace("{request}", token),
    expected: expected.replace("{request}", token),
  }));
}
