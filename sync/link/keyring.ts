import type { SiteId } from "../../devices/model/ids.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import { newSiteKeys, signerFor } from "../crypto/keys.ts";
import { SUCCESSIONS_MAX } from "../limits.ts";
import { type Succession, successionOf } from "../messages/succession.ts";
import type { SealingKeys } from "../policy/secrets.ts";
import type { SiteKeyring, SiteKeys, SiteLinkStore } from "../ports/site-link-store.ts";
import { SerialQueue } from "../serial-queue.ts";
import type { HelloSigner } from "./hello-body.ts";

type KeyringStore = Pick<SiteLinkStore, "keyring" | "changeKeyring">;

/** A key by the name that people compare: 16 hexadecimal digits of its SHA-256. */
export function keyFingerprint(publicKey: string): string {
  return sha256Hex(Buffer.from(publicKey, "base64")).slice(0, 16);
}

/**
 * A site's keys, in memory as they are on disk. New ones are made here and used only once the hub has
 * said that it knows them; until then, and whenever a process dies in between, the present ones hold.
 * [PROTOCOL 1.7 to 1.11]
 */
export class Keyring {
  readonly #store: KeyringStore;
  readonly #queue = new SerialQueue();
  #ring: SiteKeyring;

  private constructor(store: KeyringStore, ring: SiteKeyring) {
    this.#store = store;
    this.#ring = ring;
  }

  /** The keys of this site; made and stored when there are none. */
  static async open(store: KeyringStore): Promise<Keyring> {
    const known = await store.keyring();
    if (known !== undefined) return new Keyring(store, known);
    const ring = firstKeyring(newSiteKeys());
    await store.changeKeyring(undefined, ring);
    return new Keyring(store, ring);
  }

  get ring(): SiteKeyring {
    return this.#ring;
  }

  get sealing(): SealingKeys {
    const { current, formerSealing, next } = this.#ring;
    // The hub seals for the next key as soon as it was used there, which may be before we know.
    const others = [...(next ? [next.keys.sealingPrivate] : []), ...formerSealing];
    return {
      sealingPublic: current.sealingPublic,
      sealingPrivates: [current.sealingPrivate, ...others],
    };
  }

  sign(bytes: Uint8Array): Uint8Array {
    return signerFor(this.#ring.current.signingPrivate)(bytes);
  }

  /**
   * Makes new keys. With a hub they wait until it knows them; without one they hold at once. While
   * some are waiting nothing happens: the hub may know those already.
   *
   * @param site what the hub calls this site; undefined when there is no hub
   */
  async rotate(site: SiteId | undefined, nowMs: number): Promise<"waits" | "done" | "under-way"> {
    const keys = newSiteKeys();
    let outcome: "waits" | "done" | "under-way" = "under-way";
    await this.change((ring) => {
      if (ring.next !== null) return ring;
      outcome = site === undefined ? "done" : "waits";
      if (site === undefined) return replaced(ring, keys, nowMs);
      const succession = successionOf(site, ring.current, keys);
      return { ...ring, next: { keys, succession, madeAtMs: nowMs }, problem: null };
    });
    return outcome;
  }

  /** What signs a hello: the present keys, or the next ones where the hub may know only those. */
  signer(isNext: boolean): HelloSigner {
    const { current, next, successions } = this.#ring;
    if (!isNext || next === null) return { keys: current, successions };
    return { keys: next.keys, successions: withSuccession(successions, next.succession) };
  }

  /** The hub knows the next keys: they hold from now on. */
  confirm(nowMs: number): Promise<void> {
    return this.change((ring) => confirmed(ring, nowMs));
  }

  /** The next keys are dropped; nobody has used them, so that is safe whoever knows them. */
  giveUp(problem: string): Promise<void> {
    return this.change((ring) => ({ ...ring, next: null, problem }));
  }

  /** Nothing is sealed for a former key any more. */
  async forgetFormer(): Promise<void> {
    if (this.#ring.formerSealing.length === 0) return;
    await this.change((ring) => ({ ...ring, formerSealing: [] }));
  }

  /**
   * One change at a time, on disk before it is used.
   *
   * @param write stores the ring; as part of a larger transaction where there is one
   */
  change(
    decide: (ring: SiteKeyring) => SiteKeyring,
    write: (after: SiteKeyring, before: SiteKeyring) => Promise<void> = (after, before) =>
      this.#store.changeKeyring(before, after),
  ): Promise<void> {
    return this.#queue.run(async () => {
      const after = decide(this.#ring);
      await write(after, this.#ring);
      this.#ring = after;
    });
  }
}

export function firstKeyring(keys: SiteKeys): SiteKeyring {
  return {
    current: keys,
    sinceMs: null,
    next: null,
    formerSealing: [],
    successions: [],
    problem: null,
  };
}

/** The next keys in the place of the current ones; without next keys the same ring. */
export function confirmed(ring: SiteKeyring, nowMs: number): SiteKeyring {
  const { next } = ring;
  if (next === null) return ring;
  return {
    ...replaced(ring, next.keys, nowMs),
    successions: withSuccession(ring.successions, next.succession),
  };
}

function replaced(ring: SiteKeyring, keys: SiteKeys, nowMs: number): SiteKeyring {
  return {
    current: keys,
    sinceMs: nowMs,
    next: null,
    formerSealing: [ring.current.sealingPrivate, ...ring.formerSealing],
    successions: [],
    problem: null,
  };
}

function withSuccession(
  successions: readonly Succession[],
  newest: Succession,
): readonly Succession[] {
  return [...successions, newest].slice(-SUCCESSIONS_MAX);
}
