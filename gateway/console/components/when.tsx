import type { SiteId } from "../../../devices/model/ids.ts";
import { absoluteWords, relativeWords } from "../time-words.ts";
import { type View, zoneOf } from "../view.ts";

export interface WhenProps {
  readonly view: View;
  /** Milliseconds since the epoch; null shows `none`. */
  readonly at: number | null;
  /** Whose local time; the gateway's own unless given. */
  readonly site?: SiteId | undefined;
  /** Words for null. */
  readonly none?: string;
  /** On two lines, for a column of its own. */
  readonly stacked?: true;
}

/** A time in words and as the local time of its site, with the zone: the one way times are shown. */
export function When({ view, at, site, none = "never", stacked }: WhenProps) {
  if (at === null) return <span class="muted">{none}</span>;
  const iso = new Date(at).toISOString();
  return (
    <time class={stacked ? "time stacked" : "time"} datetime={iso} title={`${iso} (UTC)`}>
      <span class="rel nowrap">{relativeWords(at, view.nowMs)}</span>{" "}
      <span class="abs">{absoluteWords(at, zoneOf(view, site), view.nowMs)}</span>
    </time>
  );
}
