import type { Distribution } from "../model/distribution.ts";
import type { Package, Revision } from "../model/package.ts";

/** A record to make, or fields of one to change; what is not given is as its kind has it. */
export type PolicyRecordChange =
  | { readonly kind: "package"; readonly id: string; readonly body: Fields<Package> }
  | { readonly kind: "revision"; readonly id: string; readonly body: Fields<Revision> }
  | { readonly kind: "distribution"; readonly id: string; readonly body: Fields<Distribution> };

type Fields<Kind> = Partial<Readonly<Record<keyof Kind, unknown>>>;

/** Writes policy of this gateway on somebody's behalf. */
export interface PolicyWriter {
  /**
   * All changes or none, durable and readable when it resolves. Throws AppError "unprocessable" when a
   * record would not be valid, "conflict" when it belongs to the hub alone.
   */
  write(changes: readonly PolicyRecordChange[], by: string): Promise<void>;
}
