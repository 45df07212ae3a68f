/** How Windows PCs enrol at a site, and what they are told to do afterwards. */
export interface WindowsEnrolmentSettings {
  /** The host name under which they reach the site by HTTPS; null: the one they used. */
  readonly host: string | null;
  /** How long a certificate holds, and how long before its end it may be renewed, in days. */
  readonly certificateDays: number;
  readonly renewalDays: number;
  /** After its enrolment a PC asks `firstPollCount` times every `firstPollMinutes`, then every `pollMinutes`. */
  readonly firstPollCount: number;
  readonly firstPollMinutes: number;
  readonly pollMinutes: number;
  /** It also asks when somebody logs in. */
  readonly pollOnLogin: boolean;
}

export const WINDOWS_ENROLMENT_DEFAULT: WindowsEnrolmentSettings = {
  host: null,
  certificateDays: 365,
  renewalDays: 60,
  firstPollCount: 10,
  firstPollMinutes: 3,
  pollMinutes: 60,
  pollOnLogin: true,
};

/** Shorter, and a PC that is away for a month cannot renew; longer than two years no proxy likes. */
export const CERTIFICATE_DAYS_MIN = 30;
export const CERTIFICATE_DAYS_MAX = 730;
export const RENEWAL_DAYS_MIN = 7;
/** A PC polls at most once in three minutes, and at least once a day. */
export const POLL_MINUTES_MIN = 3;
export const POLL_MINUTES_MAX = 24 * 60;
export const FIRST_POLL_COUNT_MAX = 100;
