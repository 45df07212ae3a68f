import type { SessionEvent } from "../../oma-dm/server-state.ts";
import { isSuccess, statusKind } from "../../syncml/statuses.ts";

/** What a device made of the commands of `install`. */
export type InstallOutcome =
  /** The work was taken over; how it goes on is asked with `poll`. */
  | { readonly kind: "accepted" }
  /** 418: the node of an earlier installation is still there; use the form Replace. [E-086] */
  | { readonly kind: "exists" }
  /** 404 to the form Replace: the node is gone already; use the form Add. [Q39] */
  | { readonly kind: "missing" }
  /** The device knows no Atomic: use `installPlainly`. */
  | { readonly kind: "no-atomic" }
  | { readonly kind: "refused"; readonly code: number }
  /** The device finished its package without a word about it. */
  | { readonly kind: "unanswered" };

/**
 * Judges the events of one `receive` about the installation with this tag, sent as an Atomic or
 * plainly; undefined when they do not concern it.
 */
export function installOutcome(
  events: readonly SessionEvent[],
  tag: string,
): InstallOutcome | undefined {
  const own = events.filter((event) => "tag" in event && isOwn(event.tag, tag));
  if (own.length === 0) return undefined;
  const codes: number[] = [];
  let container: number | undefined;
  for (const event of own) {
    if (event.kind !== "status") continue;
    if (event.tag === tag) container = event.code;
    else if (!event.derived) codes.push(event.code, ...Object.values(event.itemCodes));
  }
  const culprits = codes.filter((code) => statusKind(code) === "failed" && code !== 516);
  if (culprits.includes(418)) return { kind: "exists" };
  if (culprits.includes(404)) return { kind: "missing" };
  const [culprit] = culprits;
  if (culprit !== undefined) return { kind: "refused", code: culprit };
  if (container === 406 || container === 501) return { kind: "no-atomic" };
  if (container !== undefined && !isSuccess(container)) return { kind: "refused", code: container };
  const exec = own.find((event) => event.kind === "status" && event.tag === `${tag}/exec`);
  if (exec?.kind === "status") {
    return isSuccess(exec.code) ? { kind: "accepted" } : { kind: "refused", code: exec.code };
  }
  return container === undefined ? { kind: "unanswered" } : { kind: "accepted" };
}

function isOwn(tag: string, install: string): boolean {
  return tag === install || tag.startsWith(`${install}/`);
}
