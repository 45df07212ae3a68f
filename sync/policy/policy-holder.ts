import type { Policy } from "../../devices/model/policy.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import { emptyPolicy } from "./build-policy.ts";

/** The policy that holds now, and who wants to know when it changes. */
export class PolicyHolder implements PolicyReader {
  #policy: Policy = emptyPolicy();
  readonly #listeners = new Set<(policy: Policy) => void>();

  read(): Policy {
    return this.#policy;
  }

  /** Called after the projection is committed, so that readers never see what is not on disk. */
  replace(policy: Policy): void {
    this.#policy = policy;
    for (const listener of this.#listeners) listener(policy);
  }

  /** @returns a function that ends the subscription */
  onChange(listener: (policy: Policy) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
