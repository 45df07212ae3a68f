/** How fresh a site's part of the report is. */
export interface SiteFreshness {
  readonly name: string;
  /** The site's state is known as of then, by its own clock; null: nothing is known. */
  readonly asOfMs: number | null;
  /** At the hub: not heard for longer than the stale limit. Never true at a site. */
  readonly stale: boolean;
}
