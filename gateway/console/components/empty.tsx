import type { PropsWithChildren } from "hono/jsx";

/** What stands in the place of a list with nothing in it: what it means and what to do first. */
export function Empty(props: PropsWithChildren<{ title: string; words: string }>) {
  return (
    <div class="empty">
      <h3>{props.title}</h3>
      <p>{props.words}</p>
      <div class="buttons">{props.children}</div>
    </div>
  );
}
