import { randomBytes } from "node:crypto";
import { AppError } from "../../devices/model/errors.ts";

/** Links that were signed with a former key are good until they expire, but no longer than this. */
export const FORMER_KEY_MS_MAX = 7 * 24 * 3_600_000;
/** Former keys that may be good at once: whoever changes them more often lets none of them be. */
export const FORMER_KEYS_MAX = 8;
export const LINK_KEY_BYTES = 32;

const NAME = "identity/link-keys";
/** Where a database from before keys could be changed has its one key, as base64. */
const FIRST_NAME = "identity/link-key";

/** Where keys are kept: the gateway's values. */
export interface LinkKeyValues {
  get(name: string): string | undefined;
  /** On the disk when it resolves; null forgets. */
  put(name: string, value: string | null): Promise<void>;
}

interface Stored {
  /** Base64. */
  readonly current: string;
  /** Null for the key of the first start. */
  readonly sinceMs: number | null;
  readonly former: readonly { readonly key: string; readonly untilMs: number }[];
}

/** What people may know of the keys. */
export interface LinkKeysView {
  readonly sinceMs: number | null;
  /** Former keys that are still good, and until when. */
  readonly former: readonly { readonly untilMs: number }[];
}

/** The secrets that sign the links of devices: one that signs, and former ones for a while. [D27] */
export class LinkKeys {
  readonly #values: LinkKeyValues;
  readonly #now: () => number;
  #stored: Stored;

  private constructor(values: LinkKeyValues, now: () => number, stored: Stored) {
    this.#values = values;
    this.#now = now;
    this.#stored = stored;
  }

  /** The keys of this gateway; made and stored when there are none. */
  static async open(values: LinkKeyValues, now: () => number): Promise<LinkKeys> {
    const kept = values.get(NAME);
    if (kept !== undefined) return new LinkKeys(values, now, JSON.parse(kept) as Stored);
    const current = values.get(FIRST_NAME) ?? newKey();
    const stored = { current, sinceMs: null, former: [] };
    await values.put(NAME, JSON.stringify(stored));
    await values.put(FIRST_NAME, null);
    return new LinkKeys(values, now, stored);
  }

  /** What signs from now on. */
  get current(): Uint8Array {
    return Buffer.from(this.#stored.current, "base64");
  }

  /** What a link may have been signed with, the present key first. */
  get accepted(): readonly Uint8Array[] {
    const former = this.#good().map(({ key }) => Buffer.from(key, "base64"));
    return [this.current, ...former];
  }

  view(): LinkKeysView {
    const former = this.#good().map(({ untilMs }) => ({ untilMs }));
    return { sinceMs: this.#stored.sinceMs, former };
  }

  /**
   * A new key signs from now on.
   *
   * @param formerForMs how long links of former keys are good at most, 0 to `FORMER_KEY_MS_MAX`; 0 ends
   *   them all, which is what to do when a key is known to somebody
   * @throws AppError "conflict" when `FORMER_KEYS_MAX` former keys are good already
   */
  async rotate(formerForMs: number): Promise<void> {
    const nowMs = this.#now();
    const untilMs = nowMs + Math.min(formerForMs, FORMER_KEY_MS_MAX);
    const { current } = this.#stored;
    const former = [{ key: current, untilMs }, ...this.#good()]
      .map((one) => ({ ...one, untilMs: Math.min(one.untilMs, untilMs) }))
      .filter((one) => one.untilMs > nowMs);
    if (former.length > FORMER_KEYS_MAX) {
      throw new AppError(
        "conflict",
        `The key of device links was changed ${FORMER_KEYS_MAX} times within a week. Wait, or end the former ` +
          "links now by giving them 0 hours.",
      );
    }
    const stored = { current: newKey(), sinceMs: nowMs, former };
    await this.#values.put(NAME, JSON.stringify(stored));
    this.#stored = stored;
  }

  #good(): Stored["former"] {
    const nowMs = this.#now();
    return this.#stored.former.filter(({ untilMs }) => untilMs > nowMs);
  }
}

function newKey(): string {
  return randomBytes(LINK_KEY_BYTES).toString("base64");
}
