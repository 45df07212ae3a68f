import type { PackageFile, RevisionSource } from "../model/package.ts";

/** What a URL that an upstream server wrote stands for at this site. */
export type FoundSource =
  | { readonly kind: "file"; readonly file: PackageFile }
  /** The site fetches it from there first. */
  | { readonly kind: "source"; readonly source: RevisionSource }
  /** Nothing that devices can be given; `text` says why, for people. */
  | { readonly kind: "refused"; readonly text: string };

export interface OrderSources {
  find(url: string): FoundSource;
}
