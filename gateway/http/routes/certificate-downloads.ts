import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import { pemOf } from "../../certificates/pem.ts";
import type { AppEnv } from "../environment.ts";
import type { CertificateUseCases } from "../use-cases.ts";
import { ENROLMENT_PATH } from "./windows-enrolment.ts";

/** Lists are made again after this time, or when they would say something else. */
const LIST_MS = 60 * 60_000;

export interface CertificateDownloadsDeps {
  readonly certificates: CertificateUseCases;
  readonly now: () => number;
}

interface MadeLists {
  readonly about: string;
  readonly madeAtMs: number;
  readonly lists: readonly Uint8Array[];
}

/**
 * What a proxy and a PC fetch without credentials: the authority's certificate, and which of the
 * issued ones are revoked. None of it is secret. There is none before the authority was needed.
 */
export function certificateDownloads(deps: CertificateDownloadsDeps): Hono<AppEnv> {
  const { certificates, now } = deps;
  const routes = new Hono<AppEnv>();
  let made: MadeLists | undefined;

  const lists = async (): Promise<readonly Uint8Array[]> => {
    const revoked = (await certificates.list()).filter(({ revokedAtMs }) => revokedAtMs !== null);
    const names = [
      ...needAuthorities(certificates).map(({ thumbprint }) => thumbprint),
      ...revoked.map(({ serial }) => serial),
    ];
    const about = names.join(" ");
    const nowMs = now();
    if (made === undefined || made.about !== about || nowMs - made.madeAtMs > LIST_MS) {
      made = { about, madeAtMs: nowMs, lists: await certificates.revocationLists() };
    }
    return made.lists;
  };

  // As one DER, for Windows; as PEM with all that still hold, for openssl and proxies.
  routes.get(`${ENROLMENT_PATH}/authority.cer`, (c) => {
    const [current] = needAuthorities(certificates);
    return download(c, "application/x-x509-ca-cert", current?.certificate ?? new Uint8Array());
  });
  routes.get(`${ENROLMENT_PATH}/authority.pem`, (c) => {
    const all = needAuthorities(certificates);
    const text = all.map(({ certificate }) => pemOf("CERTIFICATE", certificate)).join("");
    return download(c, "application/x-pem-file", new TextEncoder().encode(text));
  });
  routes.get(`${ENROLMENT_PATH}/revoked.crl`, async (c) => {
    const [current = new Uint8Array()] = await lists();
    return download(c, "application/pkix-crl", current);
  });
  routes.get(`${ENROLMENT_PATH}/revoked.pem`, async (c) => {
    const text = (await lists()).map((list) => pemOf("X509 CRL", list)).join("");
    return download(c, "application/x-pem-file", new TextEncoder().encode(text));
  });
  return routes;
}

function needAuthorities(certificates: CertificateUseCases) {
  const all = certificates.authorities();
  if (all.length > 0) return all;
  throw new AppError("not-found", "this site has no certificate authority yet");
}

function download(c: Context<AppEnv>, type: string, bytes: Uint8Array): Response {
  const name = c.req.path.split("/").at(-1) ?? "";
  return c.body(Uint8Array.from(bytes), 200, {
    "content-type": type,
    "content-disposition": `attachment; filename="${name}"`,
    "cache-control": "no-cache",
  });
}
