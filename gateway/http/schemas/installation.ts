import { z } from "@hono/zod-openapi";
import { PLATFORMS } from "../../../devices/model/device.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import {
  ACTORS,
  BUCKETS,
  type Installation,
  OPERATIONS,
  REASONS,
  STATUSES,
} from "../../../devices/model/installation.ts";
import type { InstallationView } from "../../reports/report-reader.ts";
import { Time, timeFrom } from "./common.ts";

export const MatrixRowSchema = z
  .object({
    id: z.string().openapi({ example: "ios.pending_install.command_scheduled" }),
    platform: z.enum(PLATFORMS),
    status: z.string().openapi({ description: "The platform's label" }),
    canonicalStatus: z.enum(STATUSES),
    state: z.string(),
    description: z.string(),
  })
  .openapi("MatrixRow");

export const InstallationSchema = z
  .object({
    id: z.string(),
    site: z.string(),
    siteName: z.string(),
    device: z.string(),
    deviceName: z.string(),
    distribution: z.string(),
    mode: z.enum(["automatic", "on-demand"]),
    package: z.string(),
    packageName: z.string(),
    revision: z.string(),
    platform: z.enum(PLATFORMS),
    status: z.enum(STATUSES),
    statusLabel: z.string().openapi({ description: "The platform's own label" }),
    state: z.string().nullable().openapi({ description: "The granular state; null: not known" }),
    description: z.string(),
    bucket: z.enum(BUCKETS),
    operation: z.enum(OPERATIONS),
    targetVersion: z.string(),
    version: z.string().nullable().openapi({ description: "On the device, as far as is known" }),
    attempt: z.int(),
    reason: z.enum(REASONS).nullable(),
    reasonDetail: z.string(),
    siteKnowsMore: z.boolean().openapi({
      description: "At the hub: the site can say more of the reason than is known here",
    }),
    since: Time.openapi({
      description:
        "At the hub: of a change of reason that no report and no decision brought, when it was heard",
    }),
    observed: Time,
    nextAttempt: Time.nullable(),
    nextAttemptNote: z.string().openapi({
      description: "What has to happen first, where no time is known; empty when nothing waits",
      example: "in the device's next maintenance window",
    }),
    lastContact: Time.nullable(),
    source: z.string().nullable(),
    nativeValue: z.string().nullable(),
    lastError: z.int().nullable().openapi({ description: "HRESULT, signed as on the wire" }),
    lastErrorHex: z.string().nullable().openapi({ example: "0x80072EE7" }),
    lastErrorText: z.string().nullable(),
    anomaly: z.boolean(),
    stale: z.boolean(),
    attention: z.boolean(),
    managed: z.boolean().nullable(),
    actor: z.enum(ACTORS).nullable(),
    requestedAt: Time.nullable(),
    offeredAt: Time.nullable(),
    missedOccurrences: z.int(),
    counted: z.boolean(),
    current: z.boolean(),
    winner: z.boolean(),
    asOf: Time.nullable(),
    siteStale: z.boolean(),
  })
  .openapi("Installation");
export type InstallationJson = z.infer<typeof InstallationSchema>;

export function installationJson(row: InstallationView): InstallationJson {
  return {
    id: row.id,
    site: row.site,
    siteName: row.siteName,
    device: row.device,
    deviceName: row.deviceName,
    distribution: row.distribution,
    mode: row.mode,
    package: row.package,
    packageName: row.packageName,
    revision: row.revision,
    platform: row.platform,
    status: row.status,
    statusLabel: row.statusLabel,
    state: row.state,
    description: row.description,
    bucket: row.bucket,
    operation: row.operation,
    targetVersion: row.targetVersion,
    version: row.version,
    attempt: row.attempt,
    reason: row.reason,
    reasonDetail: row.reasonDetail,
    siteKnowsMore: row.siteKnowsMore,
    since: timeFrom(row.sinceMs),
    observed: timeFrom(row.observedAtMs),
    nextAttempt: timeFrom(row.nextAttemptMs),
    nextAttemptNote: row.nextAttemptNote,
    lastContact: timeFrom(row.deviceLastContactMs),
    source: row.source,
    nativeValue: row.nativeValue,
    lastError: row.lastError,
    lastErrorHex: hexOf(row.lastError),
    lastErrorText: row.lastErrorText,
    anomaly: row.anomaly,
    stale: row.stale,
    attention: row.attention,
    managed: row.managed,
    actor: row.actor,
    requestedAt: timeFrom(row.requestedAtMs),
    offeredAt: timeFrom(row.offeredAtMs),
    missedOccurrences: row.missedOccurrences,
    counted: row.counted,
    current: row.current,
    winner: row.winner,
    asOf: timeFrom(row.asOfMs),
    siteStale: row.siteStale,
  };
}

/** What a change of one row answers: the row as it is now, without the names that go with it. */
export const ChangedRowSchema = z
  .object({
    id: z.string(),
    status: z.enum(STATUSES),
    state: z.string().nullable(),
    operation: z.enum(OPERATIONS),
    attempt: z.int(),
    sequence: z.int(),
    reason: z.enum(REASONS).nullable(),
    reasonDetail: z.string(),
    nextAttempt: Time.nullable(),
    version: z.string().nullable(),
    anomaly: z.boolean(),
  })
  .openapi("ChangedRow");

export function changedRowJson(id: string, row: Installation): z.infer<typeof ChangedRowSchema> {
  return {
    id,
    status: row.status,
    state: row.state,
    operation: row.operation,
    attempt: row.attempt,
    sequence: row.sequence,
    reason: row.reason,
    reasonDetail: row.reasonDetail,
    nextAttempt: timeFrom(row.nextAttemptMs),
    version: row.version,
    anomaly: row.anomaly,
  };
}

export const HistoryEntrySchema = z
  .object({
    seq: z.int(),
    siteIncarnation: z.int(),
    kind: z.string(),
    at: Time,
    source: z.string().openapi({ description: "Whose vocabulary `value` is in" }),
    protocol: z.string(),
    value: z.string(),
    text: z.string().nullable(),
    lastError: z.int().nullable(),
    lastErrorHex: z.string().nullable(),
    version: z.string().nullable(),
    operation: z.enum(OPERATIONS).nullable(),
    status: z.enum(STATUSES).nullable(),
    state: z.string().nullable(),
    actor: z.enum(ACTORS).nullable(),
    anomaly: z.boolean(),
    effect: z.enum(["moved", "repeated", "late", "none"]),
    incarnation: z.int(),
    attempt: z.int().nullable(),
    sequence: z.int().nullable(),
    by: z.string(),
  })
  .openapi("HistoryEntry");

export function historyEntryJson(fact: Fact): z.infer<typeof HistoryEntrySchema> {
  return {
    seq: fact.seq,
    siteIncarnation: fact.siteIncarnation,
    kind: fact.kind,
    at: timeFrom(fact.atMs),
    source: fact.source,
    protocol: fact.protocol,
    value: fact.value,
    text: fact.text,
    lastError: fact.lastError,
    lastErrorHex: hexOf(fact.lastError),
    version: fact.version,
    operation: fact.operation,
    status: fact.status,
    state: fact.state,
    actor: fact.actor,
    anomaly: fact.anomaly,
    effect: fact.effect,
    incarnation: fact.incarnation,
    attempt: fact.attempt,
    sequence: fact.sequence,
    by: fact.by,
  };
}

/** An HRESULT as documentation writes it. */
export function hexOf(code: number | null): string | null {
  return code === null ? null : `0x${(code >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
}
