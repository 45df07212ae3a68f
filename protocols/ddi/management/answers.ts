/** What tools of hawkBit's Management API are answered. [agents 1.10] */
import type { Link } from "../answers.ts";
import { MODULE_TYPES, type ModuleType, SET_TYPES, type SetType } from "./types.ts";

export const MANAGEMENT_TYPE = "application/hal+json";

/** How urgently an assignment is to be taken: our word, and hawkBit's. */
export const TERMS_OF = {
  forced: "forced",
  soft: "soft",
  "download-only": "downloadonly",
} as const;

/** An address below `/rest/v1`, absolute. */
export type HrefOf = (...path: readonly (string | number)[]) => string;

type Links = Readonly<Record<string, Link & { readonly name?: string }>>;

/** By whom and when something was made and changed; what is not known is left out. */
export interface Times {
  readonly createdBy?: string | undefined;
  readonly createdAtMs: number;
  readonly modifiedBy?: string | undefined;
  readonly modifiedAtMs: number;
}

export interface TargetAnswer extends Times {
  readonly controllerId: string;
  readonly name: string;
  readonly description: string | null;
  readonly updateStatus: "unknown" | "registered" | "pending" | "in_sync" | "error";
  readonly lastRequestAtMs: number | null;
  readonly nextRequestAtMs: number | null;
  readonly overdue: boolean;
  readonly installedAtMs: number | null;
  /** Null where it is not known, or not for whoever asks. */
  readonly securityToken: string | null;
  readonly requestAttributes: boolean;
  readonly autoConfirmActive: boolean;
}

export function targetJson(target: TargetAnswer, href: HrefOf) {
  const { controllerId, lastRequestAtMs, nextRequestAtMs } = target;
  const own = (...path: readonly string[]) => ({ href: href("targets", controllerId, ...path) });
  return {
    ...timesJson(target),
    controllerId,
    name: target.name,
    ...given("description", target.description),
    updateStatus: target.updateStatus,
    ...given("lastControllerRequestAt", lastRequestAtMs),
    ...given("installedAt", target.installedAtMs),
    ...(lastRequestAtMs === null || nextRequestAtMs === null
      ? {}
      : {
          pollStatus: {
            lastRequestAt: lastRequestAtMs,
            nextExpectedRequestAt: nextRequestAtMs,
            overdue: target.overdue,
          },
        }),
    ...given("securityToken", target.securityToken),
    requestAttributes: target.requestAttributes,
    autoConfirmActive: target.autoConfirmActive,
    _links: {
      self: own(),
      assignedDS: own("assignedDS"),
      installedDS: own("installedDS"),
      attributes: own("attributes"),
      actions: { href: `${own("actions").href}?offset=0&limit=50&sort=id%3ADESC` },
    } satisfies Links,
  };
}

export interface NamedAnswer extends Times {
  readonly id: number;
  readonly name: string;
  readonly version: string;
  readonly description: string | null;
  readonly locked: boolean;
  readonly deleted: boolean;
}

export interface ModuleAnswer extends NamedAnswer {
  readonly type: ModuleType;
  readonly vendor: string | null;
  readonly artifacts: readonly unknown[];
}

export function moduleJson(module: ModuleAnswer, href: HrefOf) {
  const self = href("softwaremodules", module.id);
  return {
    ...namedJson(module),
    type: module.type,
    typeName: MODULE_TYPES[module.type].name,
    ...given("vendor", module.vendor),
    encrypted: false,
    complete: module.artifacts.length > 0,
    _links: { self: { href: self }, artifacts: { href: `${self}/artifacts` } } satisfies Links,
  };
}

export interface ArtifactAnswer extends Times {
  readonly id: number;
  readonly name: string;
  readonly bytes: number;
  readonly hashes: { readonly sha1: string; readonly md5: string; readonly sha256: string };
}

export function artifactJson(artifact: ArtifactAnswer, module: number, href: HrefOf) {
  const self = href("softwaremodules", module, "artifacts", artifact.id);
  return {
    ...timesJson(artifact),
    id: artifact.id,
    hashes: artifact.hashes,
    providedFilename: artifact.name,
    size: artifact.bytes,
    _links: { self: { href: self }, download: { href: `${self}/download` } } satisfies Links,
  };
}

export interface SetAnswer extends NamedAnswer {
  readonly type: SetType;
  readonly complete: boolean;
  readonly modules: readonly ModuleAnswer[];
}

export function setJson(set: SetAnswer, href: HrefOf) {
  return {
    ...namedJson(set),
    type: set.type,
    typeName: SET_TYPES[set.type].name,
    complete: set.complete,
    valid: true,
    requiredMigrationStep: false,
    modules: set.modules.map((one) => moduleJson(one, href)),
    _links: { self: { href: href("distributionsets", set.id) } } satisfies Links,
  };
}

export interface ActionAnswer extends Times {
  readonly id: number;
  readonly controllerId: string;
  readonly targetName: string;
  readonly isCancel: boolean;
  readonly active: boolean;
  readonly status: string;
  readonly forceType: string;
  readonly window: {
    readonly schedule: string;
    readonly duration: string;
    readonly timezone: string;
    readonly nextStartAtMs: number | null;
  } | null;
  readonly set: { readonly id: number; readonly name: string; readonly version: string } | null;
}

export function actionJson(action: ActionAnswer, href: HrefOf) {
  const { controllerId, id, set, window } = action;
  const self = href("targets", controllerId, "actions", id);
  return {
    ...timesJson(action),
    id,
    type: action.isCancel ? "cancel" : "update",
    status: action.active ? "pending" : "finished",
    detailStatus: action.status,
    active: action.active,
    forceType: action.forceType,
    ...(window === null
      ? {}
      : {
          maintenanceWindow: {
            schedule: window.schedule,
            duration: window.duration,
            timezone: window.timezone,
            ...given("nextStartAt", window.nextStartAtMs),
          },
        }),
    _links: {
      self: { href: self },
      target: { href: href("targets", controllerId), name: action.targetName },
      ...(set === null
        ? {}
        : {
            distributionset: {
              href: href("distributionsets", set.id),
              name: `${set.name}:${set.version}`,
            },
          }),
      status: { href: `${self}/status?offset=0&limit=50&sort=id%3ADESC` },
    } satisfies Links,
  };
}

export interface ActionStatusAnswer {
  readonly id: number;
  readonly type: string;
  readonly messages: readonly string[];
  readonly atMs: number;
  readonly code: number | null;
}

export function actionStatusJson({ id, type, messages, atMs, code }: ActionStatusAnswer) {
  return { id, type, messages, reportedAt: atMs, timestamp: atMs, ...given("code", code) };
}

export function assignmentJson(
  actions: readonly { readonly id: number; readonly controllerId: string }[],
  alreadyAssigned: number,
  href: HrefOf,
) {
  return {
    alreadyAssigned,
    assignedActions: actions.map(({ id, controllerId }) => ({
      id,
      _links: { self: { href: href("targets", controllerId, "actions", id) } },
    })),
    assigned: actions.length,
    total: actions.length + alreadyAssigned,
  };
}

export function configJson(key: string, value: string | boolean, href: HrefOf) {
  return { value, global: false, _links: { self: { href: href("system", "configs", key) } } };
}

function namedJson(named: NamedAnswer) {
  return {
    ...timesJson(named),
    id: named.id,
    name: named.name,
    version: named.version,
    ...given("description", named.description),
    locked: named.locked,
    deleted: named.deleted,
  };
}

function timesJson({ createdBy, createdAtMs, modifiedBy, modifiedAtMs }: Times) {
  return {
    ...given("createdBy", createdBy ?? null),
    createdAt: createdAtMs,
    ...given("lastModifiedBy", modifiedBy ?? null),
    lastModifiedAt: modifiedAtMs,
  };
}

/** hawkBit leaves out what it does not know. */
function given<Name extends string, Value>(name: Name, value: Value | null) {
  return (value === null ? {} : { [name]: value }) as Partial<Record<Name, Value>>;
}
