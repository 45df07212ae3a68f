import type { Child, PropsWithChildren } from "hono/jsx";

export interface CardProps {
  readonly title: string;
  /** Stands to the right of the title: a link to more, a number. */
  readonly aside?: Child;
  /** Column width in the grid, such as `w6`. */
  readonly width?: string;
  /** A table brings its own spacing. */
  readonly flush?: true;
}

/** A part of a page with its heading. */
export function Card({ title, aside, width = "", flush, children }: PropsWithChildren<CardProps>) {
  return (
    <section class={`card ${width}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside !== undefined && <div class="small">{aside}</div>}
      </header>
      {flush ? children : <div class="body">{children}</div>}
    </section>
  );
}
