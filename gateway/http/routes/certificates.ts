import { createRoute, z } from "@hono/zod-openapi";
import type { DeviceCertificate } from "../../../devices/ports/certificates.ts";
import type { Audit } from "../../access/audit.ts";
import { pemOf } from "../../certificates/pem.ts";
import type { AuthorityView } from "../../certificates/site-authority.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { Time, timeFrom } from "../schemas/common.ts";
import type { CertificateUseCases } from "../use-cases.ts";
import { needDeviceId } from "./devices.ts";

const tags = ["certificates"];

export interface CertificateRoutesDeps {
  readonly certificates: CertificateUseCases;
  readonly audit: Audit;
}

const CertificateSchema = z
  .object({
    serial: z.string(),
    device: z.string(),
    subject: z.string().openapi({ example: "CN=0f3c…" }),
    thumbprint: z.string().openapi({ description: "SHA-1, as Windows shows it" }),
    userName: z.string().openapi({ description: "Who enrolled the device" }),
    issuedAt: Time,
    notBefore: Time,
    notAfter: Time,
    revokedAt: Time.nullable(),
    pem: z.string(),
  })
  .openapi("DeviceCertificate");

const AuthoritySchema = z
  .object({
    name: z.string(),
    thumbprint: z.string().openapi({ description: "SHA-1, as Windows shows it" }),
    fingerprint: z.string().openapi({ description: "SHA-256" }),
    notBefore: Time,
    notAfter: Time,
    pem: z.string(),
  })
  .openapi("CertificateAuthority");

/** The site's certificate authority, and what it issued to devices that enrolled. */
export function certificateRoutes({ certificates, audit }: CertificateRoutesDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/certificates",
    tags,
    summary: "Certificates issued to devices, newest first",
    ...guarded("reports:read"),
    request: { query: z.strictObject({ device: z.string().optional() }) },
    responses: { 200: json(z.array(CertificateSchema), "The certificates"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => {
    const { device } = c.req.valid("query");
    const issued =
      device === undefined
        ? await certificates.list()
        : await certificates.ofDevice(needDeviceId(device));
    return c.json(issued.map(certificateJson), 200);
  });

  const revoke = createRoute({
    method: "post",
    path: "/certificates/{serial}/revoke",
    tags,
    summary: "Take a certificate back; the device needs another proof or a new enrolment",
    ...guarded("devices:write"),
    request: { params: z.object({ serial: z.string() }) },
    responses: { 200: json(CertificateSchema, "The certificate now"), ...PROBLEMS },
  });
  api.openapi(revoke, async (c) => {
    const revoked = await certificates.revoke(c.req.valid("param").serial.toLowerCase());
    await recordAction(audit, c, "certificate.revoke", revoked.serial, { device: revoked.device });
    return c.json(certificateJson(revoked), 200);
  });

  const authorities = createRoute({
    method: "get",
    path: "/certificate-authorities",
    tags,
    summary: "Authorities whose certificates may still be good, the current one first",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(AuthoritySchema), "The authorities"), ...PROBLEMS },
  });
  api.openapi(authorities, (c) => c.json(certificates.authorities().map(authorityJson), 200));

  const make = createRoute({
    method: "post",
    path: "/certificate-authorities",
    tags,
    summary: "The current authority, made if there is none; the first enrolment does the same",
    ...guarded("settings:write"),
    responses: { 200: json(AuthoritySchema, "The current authority"), ...PROBLEMS },
  });
  api.openapi(make, async (c) => {
    const isNew = certificates.authorities().length === 0;
    const current = await certificates.authority();
    if (isNew) await recordAction(audit, c, "certificate-authority.make", current.thumbprint);
    return c.json(authorityJson(current), 200);
  });

  const renew = createRoute({
    method: "post",
    path: "/certificate-authorities/renew",
    tags,
    summary:
      "A new authority in the place of the current one, whose certificates hold until they end",
    ...guarded("settings:write"),
    responses: { 200: json(AuthoritySchema, "The current authority"), ...PROBLEMS },
  });
  api.openapi(renew, async (c) => {
    const current = await certificates.renewAuthority();
    await recordAction(audit, c, "certificate-authority.renew", current.thumbprint);
    return c.json(authorityJson(current), 200);
  });

  return api;
}

function certificateJson(issued: DeviceCertificate): z.infer<typeof CertificateSchema> {
  const { serial, device, subject, thumbprint, userName } = issued;
  return {
    serial,
    device,
    subject,
    thumbprint,
    userName,
    issuedAt: timeFrom(issued.issuedAtMs),
    notBefore: timeFrom(issued.notBeforeMs),
    notAfter: timeFrom(issued.notAfterMs),
    revokedAt: timeFrom(issued.revokedAtMs),
    pem: pemOf("CERTIFICATE", Buffer.from(issued.certificate, "base64")),
  };
}

function authorityJson(authority: AuthorityView): z.infer<typeof AuthoritySchema> {
  const { name, thumbprint, fingerprint } = authority;
  return {
    name,
    thumbprint,
    fingerprint,
    notBefore: timeFrom(authority.notBeforeMs),
    notAfter: timeFrom(authority.notAfterMs),
    pem: pemOf("CERTIFICATE", authority.certificate),
  };
}
