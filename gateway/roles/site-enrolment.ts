import type { CertificateIssuer, DeviceCertificates } from "../../devices/ports/certificates.ts";
import type { WindowsEnrolments } from "../../devices/ports/windows-enrolments.ts";
import { checkCode } from "../../devices/service/windows-enrolment/check-code.ts";
import { enrolWindowsPc, REPEAT_MS } from "../../devices/service/windows-enrolment/enrol.ts";
import {
  DAY_MS,
  type EnrolmentContext,
} from "../../devices/service/windows-enrolment/enrolment-context.ts";
import { renewCertificate } from "../../devices/service/windows-enrolment/renew.ts";
import { revokeCertificate } from "../../devices/service/windows-enrolment/revoke.ts";
import { RSA_BITS_MIN } from "../../protocols/mde2/algorithms.ts";
import { LoginBackoff } from "../access/login-backoff.ts";
import { type AuthorityValues, SiteAuthority } from "../certificates/site-authority.ts";
import { SqlDeviceCertificates, SqlWindowsEnrolments } from "../db/stores/device-certificates.ts";
import type { WindowsEnrolmentDeps } from "../http/routes/windows-enrolment.ts";
import type { CertificateUseCases, LocalSettingsStore } from "../http/use-cases.ts";
import type { Job } from "../jobs/scheduler.ts";
import type { Foundation, RoleOptions } from "./foundation.ts";
import type { SiteCore } from "./site-core.ts";

const SECONDS_PER_DAY = 24 * 60 * 60;

/** Everything with which Windows PCs enrol at a site. */
export interface SiteEnrolment {
  readonly authority: SiteAuthority;
  readonly certificates: DeviceCertificates;
  readonly enrolments: WindowsEnrolments;
  readonly useCases: CertificateUseCases;
  readonly door: Omit<WindowsEnrolmentDeps, "baseUrlOf">;
  readonly jobs: readonly Job[];
}

export function siteEnrolment(
  foundation: Pick<Foundation, "database"> & {
    readonly values: AuthorityValues;
    readonly clock: { readonly now: () => number };
  },
  core: Pick<SiteCore, "context"> & { readonly settings: Pick<LocalSettingsStore, "read"> },
  { log, metrics }: Pick<RoleOptions, "log" | "metrics">,
): SiteEnrolment {
  const { database, values, clock } = foundation;
  const now = () => clock.now();
  const siteName = () => core.settings.read().siteName;
  const authority = new SiteAuthority({ values, siteName, now, log });
  const issuer: CertificateIssuer = authority;
  const certificates = new SqlDeviceCertificates(database);
  const enrolments = new SqlWindowsEnrolments(database);
  const context: EnrolmentContext = {
    site: core.context,
    issuer,
    certificates,
    enrolments,
    settings: () => core.settings.read().windowsEnrolment,
    siteName,
  };
  return {
    authority,
    certificates,
    enrolments,
    useCases: {
      list: () => certificates.list(),
      ofDevice: (device) => certificates.ofDevice(device),
      revoke: (serial) => revokeCertificate(core.context, certificates, serial),
      authorities: () => authority.known(),
      authority: () => authority.current(),
      renewAuthority: () => authority.renew(),
      revocationLists: async () => authority.revocationLists(await certificates.list()),
    },
    door: {
      enrol: (token, request, baseUrl) => enrolWindowsPc(context, token, request, baseUrl),
      renew: (request) => renewCertificate(context, request),
      check: (token) => checkCode(context, token),
      policy: () => ({
        name: siteName(),
        minimalKeyLength: RSA_BITS_MIN,
        validitySeconds: context.settings().certificateDays * SECONDS_PER_DAY,
        renewalSeconds: context.settings().renewalDays * SECONDS_PER_DAY,
      }),
      backoff: new LoginBackoff(),
      now,
      log,
      metrics,
    },
    jobs: [
      {
        name: "forget-enrolment-seeds",
        everyMs: DAY_MS / 144,
        run: (nowMs) => enrolments.forgetSeeds(nowMs - REPEAT_MS),
      },
    ],
  };
}
