import { isDefaultSubject } from "../../protocols/csp/enterprise-app-management/certificate-criteria.ts";
import { isEnrollmentToken } from "../../protocols/csp/enterprise-app-management/enrollment-token.ts";
import { readDownloadStatus } from "../../protocols/csp/enterprise-app-management/values.ts";
import { URL_CHARACTERS_MAX } from "../model/package.ts";
import type {
  InstallOrder,
  OrderOutcome,
  PushedDownload,
  PushedEnterprise,
} from "../model/virtual-tree.ts";
import { strictestOf } from "./crl-check.ts";
import { nameOf, type TreePath } from "./tree-path.ts";
import {
  DOWNLOADS_MAX,
  downloadOf,
  enterpriseIdOf,
  type Mirror,
  newDownload,
  newEnterprise,
  progress,
  type TreeState,
} from "./tree-state.ts";

/** Characters of a value, the token excepted. */
export const VALUE_CHARACTERS_MAX = URL_CHARACTERS_MAX;
/** Characters of a Version or Name: they become those of a revision and a package. */
export const NAME_CHARACTERS_MAX = 64;

export interface Written {
  readonly state: TreeState;
  readonly code: number;
}

/** Add or Replace of a node whose presence was checked. A refused value leaves all as it was. */
export function writeNode(state: TreeState, mirror: Mirror, path: TreePath, data: string): Written {
  const refusal = refusalOf(path, data);
  if (refusal !== undefined) return { state, code: refusal };
  return path.rule.path.includes("/Download/")
    ? writeDownload(state, mirror, path, data)
    : writeEnrolment(state, mirror, path, data);
}

/** Which status a value gets that its node cannot take; undefined when it can. */
function refusalOf(path: TreePath, data: string): number | undefined {
  const text = data.trim();
  switch (nameOf(path.rule)) {
    case "EnrollmentToken":
      return isEnrollmentToken(data) ? undefined : 400;
    case "CRLCheck":
      return text === "0" || text === "1" ? undefined : 400;
    case "CertificateSearchCriteria":
      // The subject that every device has by default says nothing about this one. [Q46]
      return isDefaultSubject(text) ? 400 : lineRefusal(text, VALUE_CHARACTERS_MAX);
    case "StoreUri":
    case "URL":
      return isWebAddress(text) ? lineRefusal(text, VALUE_CHARACTERS_MAX) : 400;
    case "ProductId":
      return lineRefusal(text, VALUE_CHARACTERS_MAX);
    case "Version":
    case "Name":
      return lineRefusal(text, NAME_CHARACTERS_MAX);
    case "Status":
      return readDownloadStatus(text) === undefined ? 400 : undefined;
    default:
      return undefined; // Interior nodes, and DownloadInstall, whose Data means nothing. [Q35]
  }
}

function lineRefusal(text: string, charactersMax: number): number | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
  if (text === "" || /[\u0000-\u001f\u007f]/.test(text)) return 400;
  return text.length > charactersMax ? 413 : undefined;
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === "";
}

/** The parents are made on the way: the example of enrolment adds the token straight away. [E-076] */
function writeEnrolment(state: TreeState, mirror: Mirror, path: TreePath, data: string): Written {
  const present = enterpriseIdOf(state, mirror) ?? mirror.settings.enterpriseId;
  // A device is managed under one EnterpriseID, and the site's administrators may have set it.
  if (present !== null && present !== path.enterpriseId) return { state, code: 409 };
  const before = state.tree.enterprise ?? newEnterprise(path.enterpriseId);
  const enterprise = { ...before, ...enrolmentChange(before, nameOf(path.rule), data) };
  const isGone = state.enrolment === "unenrolled" || state.enrolment === "unenrol-requested";
  return {
    state: {
      tree: { ...state.tree, enterprise, leaving: null },
      enrolment: isGone ? "unknown" : state.enrolment,
    },
    code: 200,
  };
}

function enrolmentChange(
  before: PushedEnterprise,
  leaf: string,
  data: string,
): Partial<PushedEnterprise> {
  switch (leaf) {
    case "EnrollmentToken":
      return { enrollmentToken: data };
    case "ProductId":
      return { storeProductId: data };
    case "StoreUri":
      return { storeUri: data };
    case "CertificateSearchCriteria":
      return { certificateSearchCriteria: data };
    case "CRLCheck": {
      const crlCheck = data.trim() === "1" ? "1" : "0";
      return { crlCheck, strictestCrlCheck: strictestOf(before.strictestCrlCheck, crlCheck) };
    }
    default:
      return {};
  }
}

function writeDownload(state: TreeState, mirror: Mirror, path: TreePath, data: string): Written {
  if (enterpriseIdOf(state, mirror) !== path.enterpriseId) return { state, code: 404 };
  const known = downloadOf(state, path.productId);
  if (known === undefined && state.tree.downloads.length >= DOWNLOADS_MAX) {
    return { state, code: 420 };
  }
  const change = downloadChange(nameOf(path.rule), data);
  const download: PushedDownload = {
    ...(known ?? newDownload(path.productId, mirror.nowMs)),
    ...change,
    changedAtMs: mirror.nowMs,
  };
  return { state: withDownload(state, download), code: 200 };
}

function downloadChange(leaf: string, data: string): Partial<PushedDownload> {
  switch (leaf) {
    case "Version":
      return { version: data };
    case "Name":
      return { name: data };
    case "URL":
      return { url: data };
    case "Status":
      return { status: data };
    case "DownloadInstall":
      return { armed: true };
    default:
      return {};
  }
}

function withDownload(state: TreeState, download: PushedDownload): TreeState {
  const others = state.tree.downloads.filter(({ productId }) => productId !== download.productId);
  return { ...state, tree: { ...state.tree, downloads: [...others, download] } };
}

/** Delete of an EnterpriseID unenrols, Delete of an installed app orders its removal. */
export function deleteNode(state: TreeState, mirror: Mirror, path: TreePath): Written {
  const { tree } = state;
  if (nameOf(path.rule) === "{EnterpriseID}") {
    return {
      state: {
        tree: {
          ...tree,
          enterprise: null,
          leaving: path.enterpriseId,
          downloads: [],
          removals: [],
        },
        enrolment: "unenrol-requested",
      },
      code: 200,
    };
  }
  // Only what this enterprise installed may be taken away by it. [Q45]
  if (!mirror.isOwnApp(path.productId)) return { state, code: 405 };
  const { productId } = path;
  const removal = { productId, by: mirror.by, atMs: mirror.nowMs, outcome: WAITING };
  const others = tree.removals.filter((one) => one.productId !== productId);
  return { state: { ...state, tree: { ...tree, removals: [...others, removal] } }, code: 200 };
}

const WAITING: OrderOutcome = { kind: "waiting" };

/** E_INVALIDARG: what is to be installed was not said. */
const INCOMPLETE = 0x80070057 | 0;

/**
 * Exec of DownloadInstall: an order of what the nodes say now. It is accepted in any case, and how it
 * ends is told by Status and LastError, as on a device. The same order again while its work is under
 * way is the one that is under way.
 */
export function executeNode(state: TreeState, mirror: Mirror, path: TreePath): Written {
  const download = downloadOf(state, path.productId);
  if (download === undefined) return { state, code: 404 };
  const wanted = orderOf(download, mirror);
  const { order } = download;
  const isUnderWay =
    order !== null &&
    order.version === wanted.version &&
    order.url === wanted.url &&
    progress(order, mirror).isOpen;
  if (isUnderWay) return { state, code: 202 };
  const ordered = { ...download, changedAtMs: mirror.nowMs, order: wanted };
  return { state: withDownload(state, ordered), code: 202 };
}

function orderOf(download: PushedDownload, { by, nowMs }: Mirror): InstallOrder {
  const version = download.version?.trim() ?? "";
  const url = download.url?.trim() ?? "";
  const missing = [version === "" ? "Version" : "", url === "" ? "URL" : ""].filter(Boolean);
  const outcome: OrderOutcome =
    missing.length === 0
      ? WAITING
      : {
          kind: "refused",
          lastError: INCOMPLETE,
          text: `nothing to install: ${missing.join(" and ")} of the download node ${missing.length > 1 ? "are" : "is"} not set`,
        };
  return { version, name: download.name?.trim() ?? null, url, by, atMs: nowMs, outcome };
}
