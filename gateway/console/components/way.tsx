import type { Child } from "hono/jsx";
import type { Scope } from "../../access/role.ts";
import { url, type View, whyNot } from "../view.ts";

export interface WayProps {
  readonly view: View;
  readonly scope: Scope;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly primary?: true;
  readonly children?: Child;
}

/** A link to a form. Whoever may not use the form is told why instead of being sent to a refusal. */
export function Way({ view, scope, path, query, primary, children }: WayProps) {
  const reason = whyNot(view, scope);
  if (reason !== undefined) return <span class="reason">{reason}</span>;
  return (
    <a class={primary ? "button primary" : "button"} href={url(view, path, query)}>
      {children}
    </a>
  );
}
