import { countWords } from "../time-words.ts";
import { url, type View } from "../view.ts";

export interface PagerProps {
  readonly view: View;
  readonly path: string;
  readonly query: Readonly<Record<string, string | number | undefined>>;
  readonly shown: number;
  readonly total: number;
  readonly next: string | undefined;
  readonly isFirst: boolean;
}

/** The foot of a list: how much of it is shown, and the way to the rest. */
export function Pager({ view, path, query, shown, total, next, isFirst }: PagerProps) {
  if (isFirst && next === undefined) {
    return (
      <div class="pager small muted" data-total={total}>
        {shown === 1 ? "1 row" : `All ${countWords(total)} rows`}
      </div>
    );
  }
  return (
    <nav class="pager" aria-label="Pages" data-total={total}>
      <span class="small muted">
        {countWords(shown)} of {countWords(total)} rows
      </span>
      <span class="buttons">
        {!isFirst && (
          <a class="button" href={url(view, path, query)}>
            First page
          </a>
        )}
        {next !== undefined && (
          <a class="button" rel="next" href={url(view, path, { ...query, cursor: next })}>
            Next page
          </a>
        )}
      </span>
    </nav>
  );
}
