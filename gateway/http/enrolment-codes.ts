import { AppError, fieldError } from "../../devices/model/errors.ts";
import type { EnrolmentCode, EnrolmentCodes } from "../../devices/ports/enrolment-codes.ts";
import { enrolmentCodeHash } from "../../devices/service/enrol-by-code.ts";
import type { Audit } from "../access/audit.ts";
import { nameOf } from "../access/principal.ts";
import { randomText } from "../access/secret-text.ts";
import { recordAction } from "./audited.ts";
import type { AppContext } from "./environment.ts";
import { needPrincipal } from "./identify.ts";

const DAY_MS = 24 * 60 * 60_000;
/** How long a code works unless said otherwise, and at most. */
export const CODE_DAYS_DEFAULT = 7;
export const CODE_DAYS_MAX = 90;
/** Codes that wait to be used. */
export const CODES_MAX = 10_000;
/** Five bits each: short enough to type on a handheld, long enough not to be guessed. */
const CODE_CHARACTERS = 16;

export interface EnrolmentCodeDeps {
  readonly codes: EnrolmentCodes;
  readonly audit: Audit;
  readonly now: () => number;
}

export interface WantedCode {
  readonly id?: string | undefined;
  readonly note: string;
  /** Null: for any device that is not served yet. */
  readonly stableId: string | null;
  /** Facts that the device starts with. */
  readonly device: object;
  readonly expiresAtMs?: number | undefined;
}

/**
 * Makes a one-time code and says so in the audit log. [D14]
 *
 * @returns the record, and the code's text, to be shown once
 */
export async function issueEnrolmentCode(
  { codes, audit, now }: EnrolmentCodeDeps,
  c: AppContext,
  { id = Bun.randomUUIDv7(), note, stableId, device, expiresAtMs }: WantedCode,
): Promise<{ readonly record: EnrolmentCode; readonly text: string }> {
  const nowMs = now();
  const untilMs = expiresAtMs ?? nowMs + CODE_DAYS_DEFAULT * DAY_MS;
  if (!(untilMs > nowMs && untilMs <= nowMs + CODE_DAYS_MAX * DAY_MS)) {
    throw fieldError("/expiresAt", `choose a time in the next ${CODE_DAYS_MAX} days`);
  }
  const known = await codes.list();
  if (known.some((code) => code.id === id)) {
    throw new AppError("conflict", `there is an enrolment code ${id} already`);
  }
  if (known.filter((code) => isCodeOpen(code, nowMs)).length >= CODES_MAX) {
    throw new AppError("conflict", `${CODES_MAX} codes wait to be used: take some back first`);
  }
  const text = grouped(randomText(CODE_CHARACTERS));
  const record: EnrolmentCode = {
    id,
    codeHash: enrolmentCodeHash(text),
    note,
    template: JSON.stringify(device),
    stableId,
    createdBy: nameOf(needPrincipal(c)),
    createdAtMs: nowMs,
    expiresAtMs: untilMs,
    usedAtMs: null,
    usedBy: null,
  };
  await codes.add(record);
  await recordAction(audit, c, "enrolment-code.create", id, { note, stableId });
  return { record, text };
}

/**
 * @throws AppError "not-found", or "conflict" for one that was used
 */
export async function takeBackEnrolmentCode(
  { codes, audit }: Pick<EnrolmentCodeDeps, "codes" | "audit">,
  c: AppContext,
  id: string,
): Promise<void> {
  const code = (await codes.list()).find((one) => one.id === id);
  if (!code) throw new AppError("not-found", `no enrolment code ${id}`);
  if (code.usedAtMs !== null) {
    throw new AppError("conflict", "the code was used already: remove the device instead");
  }
  await codes.remove(id);
  await recordAction(audit, c, "enrolment-code.remove", id);
}

/** Does it still wait to be used? */
export function isCodeOpen(code: EnrolmentCode, nowMs: number): boolean {
  return code.usedAtMs === null && code.expiresAtMs > nowMs;
}

/** `abcd-efgh-ijkm-npqr`: the hash ignores the hyphens. */
function grouped(text: string): string {
  return text.match(/.{1,4}/g)?.join("-") ?? text;
}
