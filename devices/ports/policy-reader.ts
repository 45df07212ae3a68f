import type { Policy } from "../model/policy.ts";

export interface PolicyReader {
  /** The policy that holds now. Cheap: it is kept in memory and replaced when it changes. */
  read(): Policy;
}
