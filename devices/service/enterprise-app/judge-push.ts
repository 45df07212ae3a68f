import type { AppProvider } from "./app-provider.ts";
import type { Push, PushForm } from "./conversation-state.ts";

/** What to do after a device answered a push. */
export type PushVerdict =
  | { readonly kind: "accepted" }
  /** Plain form: the writes succeeded, the Exec may follow. */
  | { readonly kind: "written" }
  | {
      readonly kind: "again";
      readonly form: PushForm;
      readonly plain: boolean;
      readonly code: number;
    }
  | { readonly kind: "refused"; readonly codes: readonly number[] };

/** The container itself is beyond the device, or has no room in one message of its or ours. */
const NOT_SUPPORTED: ReadonlySet<number> = new Set([406, 413, 501, 517]);
/** Codes that only say that something else failed. [syncml 3.6] */
const CONSEQUENCES: ReadonlySet<number> = new Set([215, 216, 507, 516]);

/** Tags of one push: of the container, of the writes and of the Exec. */
export function pushTags(distribution: string): { all: string; write: string; exec: string } {
  return {
    all: `push ${distribution}`,
    write: `push-write ${distribution}`,
    exec: `push-exec ${distribution}`,
  };
}

/**
 * Reads the answer to a write and its Exec.
 *
 * In an Atomic, 418 on an Add means that the node of an earlier installation is still there: the other
 * form. 404 where it should be there means that it is gone: Add. Once each way; then it is a failure
 * with the codes shown. An answer without a Status for the Atomic is judged by its members (weak
 * clients). [Q39, Q40, S-40] Beside each other, the Exec decides.
 */
export function judgePush(
  distribution: string,
  push: Push,
  binds: AppProvider["binds"],
): PushVerdict {
  const tags = pushTags(distribution);
  const container = push.answers[tags.all]?.code;
  const exec = push.answers[tags.exec]?.code;
  const write = push.answers[tags.write];
  const writeCodes = write ? [write.code, ...write.itemCodes] : [];
  if (binds === "message") {
    if (isGood(exec)) return { kind: "accepted" };
    return { kind: "refused", codes: [...push.codes, exec ?? write?.code ?? 0] };
  }

  const isWritten = push.plain && exec === undefined && writeCodes.length > 0;
  if (isWritten && writeCodes.every(isGood)) return { kind: "written" };

  const containerFailed = container !== undefined && container >= 300;
  const culprit =
    writeCodes.find((code) => code >= 400 && !CONSEQUENCES.has(code)) ??
    (exec !== undefined && exec >= 300 && !CONSEQUENCES.has(exec) ? exec : undefined);
  if (culprit === undefined && !containerFailed && isGood(exec ?? container)) {
    return { kind: "accepted" };
  }

  if (writeCodes.includes(418) && push.form === "add" && !push.fellBackTo.includes("replace")) {
    return { kind: "again", form: "replace", plain: push.plain, code: 418 };
  }
  const isMissing = writeCodes.includes(404) || (writeCodes.length === 0 && exec === 404);
  if (isMissing && push.form === "replace" && !push.fellBackTo.includes("add")) {
    return { kind: "again", form: "add", plain: push.plain, code: 404 };
  }
  const cannotDoAtomic =
    !push.plain &&
    container !== undefined &&
    (NOT_SUPPORTED.has(container) || (container === 500 && culprit === undefined));
  if (cannotDoAtomic) return { kind: "again", form: push.form, plain: true, code: container };
  return { kind: "refused", codes: [...push.codes, culprit ?? container ?? exec ?? 0] };
}

function isGood(code: number | undefined): boolean {
  return code !== undefined && code >= 200 && code < 300;
}
