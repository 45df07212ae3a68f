import type { z } from "zod";
import { fingerprintOf } from "../journal/codec.ts";
import { ADOPT_ANSWER, FINGERPRINT_ANSWER } from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { siteDocumentName } from "../policy/policy-document.ts";
import {
  type Adoption,
  type FactPosition,
  INITIAL_POSITION,
  type KnownDevice,
  type SiteIdentity,
  type SiteLinkStore,
} from "../ports/site-link-store.ts";

/** Asks the hub something within the session that the hello gave. */
export type SessionAsk = <Schema extends z.ZodType>(
  operation: "adopt" | "fingerprint",
  body: unknown,
  schema: Schema,
) => Promise<z.output<Schema>>;

export interface AdoptDeps {
  readonly store: SiteLinkStore;
  readonly book: PolicyBook;
  readonly identity: SiteIdentity;
  readonly ask: SessionAsk;
}

/**
 * Takes over what the hub knows of this site and goes on under a new incarnation. What happened here
 * that the hub has not seen is kept: its facts get new numbers where theirs are taken. [PROTOCOL 6.6]
 *
 * @param granted the new incarnation, and how far the hub knows the journal
 */
export async function adoptFromHub(
  deps: AdoptDeps,
  granted: { readonly incarnation: number; readonly facts: readonly FactPosition[] },
): Promise<void> {
  const { store, book, identity } = deps;
  const before = await store.position();
  const { known, policy } = await readKnown(deps);
  const renumber = await findDivergences(deps, before.incarnation, granted.facts);
  await book.receive(siteDocumentName(identity.site), policy, false);
  const adoption: Adoption = {
    position: {
      ...INITIAL_POSITION,
      incarnation: granted.incarnation,
      acknowledgedFacts: granted.facts,
      lastAcknowledgedAtMs: before.lastAcknowledgedAtMs,
    },
    renumber,
    known,
    documents: [{ kind: "remove", name: `status/${identity.site}/${before.incarnation}` }],
  };
  await store.adopt(adoption);
}

async function readKnown(
  deps: AdoptDeps,
): Promise<{ readonly known: readonly KnownDevice[]; readonly policy: Uint8Array }> {
  const known: KnownDevice[] = [];
  let after = "";
  while (true) {
    const page = await deps.ask("adopt", { after }, ADOPT_ANSWER);
    known.push(...page.devices);
    if (page.next === null) {
      const policy = new Uint8Array(Buffer.from(page.policy ?? "AAA=", "base64"));
      return { known, policy };
    }
    after = page.next;
  }
}

/**
 * Where our facts stop being the ones the hub knows under the same numbers, per incarnation. What was
 * acknowledged once is compared too: the hub may have lost it, and taken the numbers from a copy of
 * this site.
 */
async function findDivergences(
  deps: AdoptDeps,
  current: number,
  atHub: readonly FactPosition[],
): Promise<readonly FactPosition[]> {
  const { lastFacts } = await deps.store.changes(Number.MAX_SAFE_INTEGER, 1);
  const found: FactPosition[] = [];
  for (const { incarnation, seq: ours } of lastFacts) {
    const theirs = seqOf(atHub, incarnation);
    const [oldest] = await deps.store.facts({ incarnation, seq: 0 }, 1);
    const first =
      oldest !== undefined && oldest.seq > theirs + 1
        ? oldest.seq // Those in between are forgotten on both sides: a gap that nothing can fill.
        : await firstDifference(deps, incarnation, Math.min(ours, theirs));
    if (first !== undefined) found.push({ incarnation, seq: first });
    // Facts that are written while we adopt would take numbers that the hub has used.
    else if (incarnation === current && theirs > ours) found.push({ incarnation, seq: ours + 1 });
  }
  return found;
}

/**
 * Two copies of a site have the same facts up to where they parted and none after it, so halving
 * finds the place.
 *
 * @returns the number of the first fact up to `last` that differs; undefined when none does
 */
async function firstDifference(
  deps: AdoptDeps,
  incarnation: number,
  last: number,
): Promise<number | undefined> {
  const [oldest] = await deps.store.facts({ incarnation, seq: 0 }, 1);
  let same = (oldest?.seq ?? last + 1) - 1;
  let different = last + 1;
  while (same + 1 < different) {
    const middle = Math.ceil((same + different) / 2);
    if (await isSame(deps, { incarnation, seq: middle })) same = middle;
    else different = middle;
  }
  return different > last ? undefined : different;
}

/** What either side has deleted by age was acknowledged, and says nothing. */
async function isSame(deps: AdoptDeps, { incarnation, seq }: FactPosition): Promise<boolean> {
  const [ours] = await deps.store.facts({ incarnation, seq: seq - 1 }, 1);
  if (ours?.seq !== seq) return true;
  const { fingerprint } = await deps.ask("fingerprint", { incarnation, seq }, FINGERPRINT_ANSWER);
  return fingerprint === null || fingerprintOf(ours) === fingerprint;
}

function seqOf(positions: readonly FactPosition[], incarnation: number): number {
  return positions.find((one) => one.incarnation === incarnation)?.seq ?? 0;
}
