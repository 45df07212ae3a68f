import type { Platform } from "../../model/device.ts";
import type { Actor, Operation, Status } from "../../model/installation.ts";

/** What a native value means in the vocabulary of the matrix. */
export interface Interpretation {
  readonly status: Status;
  readonly state: string | null;
  /** Whether the organisation manages the app; missing when the value says nothing about it. */
  readonly managed?: boolean;
  readonly actor?: Actor;
  /** A failure that may pass by itself. */
  readonly retryable?: boolean;
  /** Concluded from silence, not said: the next inventory confirms it or not. */
  readonly inferred?: boolean;
}

/** Undefined: no such value in this vocabulary. `no-change`: understood, and nothing moves. */
export type Meaning = Interpretation | "no-change" | undefined;

/** What the meaning of a value may depend on. */
export interface MeaningContext {
  readonly platform: Platform;
  readonly operation: Operation;
  /** HRESULT as the signed integer of the wire; null or 0 when there is none. */
  readonly lastError: number | null;
}
