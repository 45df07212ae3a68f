import type { PackageFile } from "../model/package.ts";

/** What a URL that an upstream server wrote stands for at this site. */
export type FoundSource =
  | { readonly kind: "file"; readonly file: PackageFile }
  /** Nothing that devices can be given; `text` says why, for people. */
  | { readonly kind: "refused"; readonly text: string };

export interface OrderSources {
  find(url: string): FoundSource;
}
