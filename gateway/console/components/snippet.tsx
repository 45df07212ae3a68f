import type { Child } from "hono/jsx";

export interface SnippetProps {
  /** What it is, such as `On the device` or the name of a file. */
  readonly label: Child;
  /** Unique on the page. */
  readonly name: string;
  readonly text: string;
}

/** Something to type on a device or to put into a file of it, with a button that copies it. */
export function Snippet({ label, name, text }: SnippetProps) {
  const id = `snippet-${name}`;
  return (
    <figure class="snippet">
      <figcaption>
        <span>{label}</span>
        <button type="button" class="small" data-copy={id} hidden>
          Copy
        </button>
      </figcaption>
      <pre id={id}>{text}</pre>
    </figure>
  );
}
