import type { Item } from "../../syncml/message.ts";
import { parseProductId, segmentsOf } from "./uris.ts";

/** Download/{ProductID}/Status, by its value. [E-044 to E-051] */
export const DOWNLOAD_STATUSES = [
  "CONFIRM",
  "QUEUED",
  "DOWNLOADING",
  "DOWNLOADED",
  "INSTALLING",
  "INSTALLED",
  "FAILED",
  "DOWNLOAD_FAILED",
] as const;
export type DownloadStatus = (typeof DOWNLOAD_STATUSES)[number];

/** {EnterpriseID}/Status, by its value. [E-040] */
export const ENROLMENT_STATUSES = ["ENABLED", "INSTALL_DISABLED", "REVOKED", "INVALID"] as const;
export type EnrolmentStatus = (typeof ENROLMENT_STATUSES)[number];

/** How the installation of one app goes on, as far as the device said; null is what it did not say. */
export interface DownloadState {
  readonly productId: string;
  /** 0 to 7. */
  readonly status: number | null;
  /** HRESULT as a signed 32-bit integer; 0 is no error. */
  readonly lastError: number | null;
  readonly lastErrorDesc: string | null;
}

/** Reads the answers to `poll`, of one app or several, in one Results or many. */
export function readDownloads(items: readonly Item[]): readonly DownloadState[] {
  const states = new Map<string, DownloadState>();
  for (const { source, data } of items) {
    const segments = source === undefined ? undefined : segmentsOf(source);
    if (segments?.[1] !== "EnterpriseApps" || segments[2] !== "Download") continue;
    const productId = parseProductId((segments[3] ?? "").replaceAll(/\s/g, ""));
    if (productId === undefined || data === undefined) continue;
    const state = states.get(productId) ?? {
      productId,
      status: null,
      lastError: null,
      lastErrorDesc: null,
    };
    states.set(productId, withLeaf(state, segments[4], data.trim()));
  }
  return [...states.values()];
}

function withLeaf(state: DownloadState, leaf: string | undefined, data: string): DownloadState {
  switch (leaf) {
    case "Status":
      return { ...state, status: parseDownloadStatus(data) ?? null };
    case "LastError":
      return { ...state, lastError: parseHresult(data) ?? null };
    case "LastErrorDesc":
      return { ...state, lastErrorDesc: data === "" ? null : data };
    default:
      return state;
  }
}

/** 0 to 7, or undefined when the text is neither such a number nor the value's name. */
export function parseDownloadStatus(text: string): number | undefined {
  return indexOf(DOWNLOAD_STATUSES, text);
}

/** 0 to 3, or undefined when the text is neither such a number nor the value's name. */
export function parseEnrolmentStatus(text: string): number | undefined {
  return indexOf(ENROLMENT_STATUSES, text);
}

function indexOf(names: readonly string[], text: string): number | undefined {
  const word = text.trim().toUpperCase();
  const index = names.findIndex((name, value) => word === name || word === String(value));
  return index < 0 ? undefined : index;
}

/** The answer to `getEnrolmentStatus`; undefined when no item is that node. */
export function readEnrolmentStatus(items: readonly Item[]): number | undefined {
  for (const { source, data } of items) {
    const segments = source === undefined ? undefined : segmentsOf(source);
    if (segments?.length === 2 && segments[1] === "Status" && data !== undefined) {
      return parseEnrolmentStatus(data);
    }
  }
  return undefined;
}

const DECIMAL = /^[+-]?\d{1,10}$/;
const HEXADECIMAL = /^0x[0-9a-f]{1,8}$/i;

/**
 * An HRESULT as the signed 32-bit integer that it is on the wire. Written signed
 * (`-2147009296`), unsigned (`2147958000`) or hexadecimal (`0x80073CF0`); otherwise undefined.
 */
export function parseHresult(text: string): number | undefined {
  const trimmed = text.trim();
  if (!DECIMAL.test(trimmed) && !HEXADECIMAL.test(trimmed)) return undefined;
  const value = Number(trimmed);
  if (value < -(2 ** 31) || value >= 2 ** 32) return undefined;
  return value | 0;
}

/** Such as `0x80073CF0`, for people. */
export function formatHresult(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;
}
