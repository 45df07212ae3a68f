import { AppError, type FieldError, fieldError } from "../../devices/model/errors.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import type { PolicyChange, PolicyKind } from "../ports/policy-author.ts";
import type { PolicyRecord } from "../ports/policy-store.ts";
import { fingerprintOfFields, isOverridable } from "./override.ts";
import { type DocumentChange, type Fields, keyOf, type PolicyContents } from "./policy-document.ts";
import { problemsOf } from "./schemas.ts";
import { type SecretToSeal, takeSecrets, withoutSecrets } from "./secrets.ts";

/** What an author's changes come to: document changes, and secrets that still have to be sealed. */
export interface Authored {
  readonly changes: readonly DocumentChange[];
  readonly secrets: readonly SecretToSeal[];
}

export interface AuthorContext {
  readonly by: string;
  readonly origin: "hub" | "site";
  readonly nextHlc: () => Hlc;
  readonly nowMs: number;
  /** The gateway's own document. */
  readonly own: PolicyContents;
  /** The hub's document as known here; the own one at the hub. */
  readonly org: PolicyContents;
  /** What holds now, for references between records. */
  readonly records: readonly PolicyRecord[];
}

/**
 * Turns an administrator's changes into document changes, or refuses all of them. A change of a
 * record that belongs to the hub becomes the site's override of it. [PROTOCOL 7.2, 7.4]
 *
 * @throws AppError "unprocessable" when a record would not be valid, "conflict" when it is the hub's
 *   alone, "not-found" when a record to delete or change does not exist
 */
export function authorChanges(changes: readonly PolicyChange[], context: AuthorContext): Authored {
  const references = new Set(context.records.map(({ kind, id }) => keyOf(kind, id)));
  for (const { kind, id, body } of changes) {
    if (body === null) references.delete(keyOf(kind, id));
    else references.add(keyOf(kind, id));
  }
  const done = changes.map((change) =>
    isOverride(change, context)
      ? overrideOf(change, context)
      : recordOf(change, context, references),
  );
  return {
    changes: done.flatMap((one) => one.changes),
    secrets: done.flatMap((one) => one.secrets),
  };
}

/** Settings of a site are always its override, so that a later setting of the hub does not hide them. */
function isOverride(change: PolicyChange, context: AuthorContext): boolean {
  if (context.origin === "hub") return false;
  return change.kind === "setting" || context.org.records.has(keyOf(change.kind, change.id));
}

function recordOf(
  change: PolicyChange,
  context: AuthorContext,
  references: ReadonlySet<string>,
): Authored {
  const { kind, id, body } = change;
  const key = keyOf(kind, id);
  const known = context.own.records.get(key);
  if (body === null) {
    if (known === undefined) throw new AppError("not-found", `there is no ${kind} ${id}`);
    return { changes: [{ map: kind, key: id, fields: null }], secrets: [] };
  }
  const hlc = context.nextHlc();
  const given = { ...(known === undefined ? defaultsFor(kind, context, hlc) : {}), ...body };
  const whole = { ...withoutSecrets(kind, known?.fields ?? {}), ...given };
  refuse(problemsOf(kind, id, whole));
  refuse(danglingReferences(kind, whole, references));
  const { fields, secrets } = takeSecrets(kind, id, given);
  const stamped = { ...fields, $author: context.by, $hlc: hlc };
  return { changes: [{ map: kind, key: id, fields: stamped }], secrets };
}

function overrideOf(change: PolicyChange, context: AuthorContext): Authored {
  const { kind, id, body } = change;
  const key = keyOf(kind, id);
  if (body === null) {
    throw new AppError(
      "conflict",
      `${kind} ${id} belongs to the hub and can only be deleted there`,
    );
  }
  const hub = context.org.records.get(key)?.fields ?? {};
  const fields = Object.entries(body).filter(
    ([field, value]) => isOverridable(kind, field) || !Bun.deepEquals(hub[field], value),
  );
  const foreign = fields.find(([field]) => !isOverridable(kind, field));
  if (foreign !== undefined) {
    throw new AppError(
      "conflict",
      `${kind} ${id} belongs to the hub: a site cannot change its ${foreign[0]}`,
    );
  }
  if (kind === "distribution" && hub.stoppedAtMs !== null && body.stoppedAtMs === null) {
    throw new AppError("conflict", `distribution ${id} was stopped by the hub and stays stopped`);
  }
  const given = Object.fromEntries(fields);
  refuse(problemsOf(kind, id, { ...withoutSecrets(kind, hub), ...given }));
  const clear = takeSecrets(kind, id, given);
  const stamped = {
    ...clear.fields,
    $author: context.by,
    $hlc: context.nextHlc(),
    $base: fingerprintOfFields(hub),
  };
  return { changes: [{ map: "override", key, fields: stamped }], secrets: clear.secrets };
}

/** What a new record has when its author does not say. */
function defaultsFor(kind: PolicyKind, context: AuthorContext, hlc: Hlc): Fields {
  const { nowMs } = context;
  switch (kind) {
    case "package":
    case "revision":
      return { createdAtMs: nowMs };
    case "distribution":
      return {
        createdAtMs: nowMs,
        hlc,
        author: context.by,
        origin: context.origin,
        stoppedAtMs: null,
        sites: [],
        allowDowngrade: false,
        updateOnly: false,
        question: null,
      };
    case "window":
    case "group":
    case "setting":
      return {};
  }
}

function danglingReferences(
  kind: PolicyKind,
  body: Fields,
  references: ReadonlySet<string>,
): readonly FieldError[] {
  const missing = (field: string, of: PolicyKind): readonly FieldError[] =>
    references.has(keyOf(of, String(body[field])))
      ? []
      : [{ pointer: `/${field}`, message: `there is no ${of} ${String(body[field])}` }];
  switch (kind) {
    case "revision":
      return missing("package", "package");
    case "distribution":
      return [...missing("package", "package"), ...missing("revision", "revision")];
    case "package":
    case "window":
    case "group":
    case "setting":
      return [];
  }
}

function refuse(problems: readonly FieldError[]): void {
  const [first] = problems;
  if (first === undefined) return;
  if (problems.length === 1) throw fieldError(first.pointer, first.message);
  const message = problems.map((one) => `${one.pointer}: ${one.message}`).join("; ");
  throw new AppError("unprocessable", message, { fields: problems });
}
