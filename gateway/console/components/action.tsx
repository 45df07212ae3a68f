import type { PropsWithChildren } from "hono/jsx";
import { CSRF_FIELD } from "../../http/identify.ts";
import { url, type View } from "../view.ts";
import { Icon } from "./icon.tsx";

export interface ActionProps {
  readonly view: View;
  /** Path below the console's base that is posted to. */
  readonly path: string;
  readonly label: string;
  readonly icon?: string;
  readonly kind?: "primary" | "danger";
  /** Why it cannot be done now, in words; undefined when it can. */
  readonly whyNot?: string | undefined;
  /** A question that must be answered first. */
  readonly confirm?: string;
}

/** A button that does one thing. One that cannot do it stands there all the same and says why. */
export function Action(props: ActionProps) {
  const { view, path, label, icon, kind, whyNot, confirm } = props;
  const inside = (
    <>
      {icon && <Icon view={view} name={icon} />}
      {label}
    </>
  );
  if (whyNot !== undefined) {
    const id = `why-${path.replace(/[^a-z0-9]+/gi, "-")}`;
    return (
      <span class="with-reason">
        <button type="button" aria-disabled="true" aria-describedby={id}>
          {inside}
        </button>
        <span class="reason" id={id}>
          {whyNot}
        </span>
      </span>
    );
  }
  return (
    <PostForm view={view} path={path}>
      <button type="submit" class={kind ?? ""} data-confirm={confirm}>
        {inside}
      </button>
    </PostForm>
  );
}

export interface PostFormProps {
  readonly view: View;
  readonly path: string;
  readonly class?: string;
  readonly id?: string;
}

/** A form that proves that it comes from our own page. */
export function PostForm(props: PropsWithChildren<PostFormProps>) {
  return (
    <form method="post" action={url(props.view, props.path)} class={props.class} id={props.id}>
      <CsrfField view={props.view} />
      {props.children}
    </form>
  );
}

/** The last line of a form whose fields stay as they were set. */
export function SaveLine() {
  return (
    <div>
      <button type="submit" class="primary">
        Save
      </button>
    </div>
  );
}

export function CsrfField({ view }: { view: View }) {
  const token = view.principal?.session.csrfToken;
  return token === undefined ? null : <input type="hidden" name={CSRF_FIELD} value={token} />;
}
