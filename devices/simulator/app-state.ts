import type { DownloadStatus } from "./download-status.ts";

/** Who put an app on the device; it decides whether a server may take it away. [E-059, E-060] */
export type AppOrigin = "enterprise" | "store" | "side-loaded";

export interface InstalledApp {
  readonly version: string;
  readonly title: string;
  readonly publisher: string;
  readonly installedAtMs: number;
  readonly origin: AppOrigin;
}

/** A `Download/{ProductID}` node and, once it was executed, the work behind it. */
export interface Download {
  readonly version: string | null;
  readonly name: string | null;
  readonly url: string | null;
  /** The DownloadInstall node was added: it can be executed. */
  readonly armed: boolean;
  readonly status: DownloadStatus;
  /** The value of LastError: a signed HRESULT, 0 when there is none. */
  readonly lastError: number;
  readonly lastErrorText: string;
  readonly changedAtMs: number;
}

export interface EnterpriseEnrolment {
  readonly id: string;
  readonly token: string | null;
  readonly criteria: string | null;
  readonly crlCheck: string | null;
  readonly storeProductId: string | null;
  readonly storeUri: string | null;
  /** 0 ENABLED, 1 INSTALL_DISABLED, 2 REVOKED, 3 INVALID. */
  readonly status: 0 | 1 | 2 | 3;
}

/**
 * Everything below ./Vendor/MSFT/EnterpriseAppManagement of one device, as an immutable value: an
 * Atomic that fails is undone by keeping the value from before it.
 */
export interface AppState {
  readonly enterprise: EnterpriseEnrolment | null;
  /** By ProductID: a GUID in braces, upper case. */
  readonly inventory: ReadonlyMap<string, InstalledApp>;
  readonly downloads: ReadonlyMap<string, Download>;
}

export const EMPTY_APP_STATE: AppState = {
  enterprise: null,
  inventory: new Map(),
  downloads: new Map(),
};

export function withDownload(
  state: AppState,
  productId: string,
  change: Partial<Download>,
  atMs: number,
): AppState {
  const before = state.downloads.get(productId) ?? emptyDownload(atMs);
  const downloads = new Map(state.downloads).set(productId, { ...before, ...change });
  return { ...state, downloads };
}

export function withInstalled(state: AppState, productId: string, app: InstalledApp): AppState {
  return { ...state, inventory: new Map(state.inventory).set(productId, app) };
}

export function withoutInstalled(state: AppState, productId: string): AppState {
  const inventory = new Map(state.inventory);
  inventory.delete(productId);
  return { ...state, inventory };
}

/** Unenrolment takes the organisation's apps and the token with it; other apps stay. [E-005] */
export function unenrolled(state: AppState): AppState {
  const others = [...state.inventory].filter(([, app]) => app.origin !== "enterprise");
  return { enterprise: null, inventory: new Map(others), downloads: new Map() };
}

/** Download nodes that ended `lifeMs` ago or earlier are gone. [E-053, E-086] */
export function withoutExpired(state: AppState, nowMs: number, lifeMs: number): AppState {
  const kept = [...state.downloads].filter(
    ([, download]) => download.status < 5 || nowMs - download.changedAtMs < lifeMs,
  );
  return kept.length === state.downloads.size ? state : { ...state, downloads: new Map(kept) };
}

function emptyDownload(atMs: number): Download {
  return {
    version: null,
    name: null,
    url: null,
    armed: false,
    status: 1,
    lastError: 0,
    lastErrorText: "",
    changedAtMs: atMs,
  };
}
