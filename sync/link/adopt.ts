import type { z } from "zod";
import { fingerprintOf } from "../journal/codec.ts";
import { ADOPT_FACTS_MAX } from "../limits.ts";
import { ADOPT_ANSWER, FINGERPRINTS_ANSWER } from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { siteDocumentName } from "../policy/policy-document.ts";
import {
  type Adoption,
  type FactPosition,
  INITIAL_POSITION,
  type KnownDevice,
  type LinkPosition,
  type SiteIdentity,
  type SiteLinkStore,
} from "../ports/site-link-store.ts";

/** Asks the hub something within the session that the hello gave. */
export type SessionAsk = <Schema extends z.ZodType>(
  operation: "adopt" | "fingerprints",
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
  const renumber = await findDivergence(deps, before, granted.facts);
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
 * Where our facts of the last incarnation stop being the ones the hub knows under the same numbers.
 *
 * @returns the first fact that needs a new number; null when none does
 */
async function findDivergence(
  deps: AdoptDeps,
  position: LinkPosition,
  atHub: readonly FactPosition[],
): Promise<FactPosition | null> {
  const { incarnation } = position;
  const { lastFacts } = await deps.store.changes(Number.MAX_SAFE_INTEGER, 1);
  const ours = seqOf(lastFacts, incarnation);
  const theirs = seqOf(atHub, incarnation);
  let seq = Math.min(seqOf(position.acknowledgedFacts, incarnation), theirs);
  const common = Math.min(ours, theirs);
  while (seq < common) {
    const limit = Math.min(ADOPT_FACTS_MAX, common - seq);
    const facts = await deps.store.facts({ incarnation, seq }, limit);
    const body = { after: { incarnation, seq }, limit };
    const { fingerprints } = await deps.ask("fingerprints", body, FINGERPRINTS_ANSWER);
    const wrong = facts.findIndex((fact, index) => fingerprintOf(fact) !== fingerprints[index]);
    const different = facts[wrong];
    if (different !== undefined) return { incarnation, seq: different.seq };
    seq += limit;
  }
  // The hub has more of this incarnation than we: its next numbers are taken.
  return theirs > ours ? { incarnation, seq: ours + 1 } : null;
}

function seqOf(positions: readonly FactPosition[], incarnation: number): number {
  return positions.find((one) => one.incarnation === incarnation)?.seq ?? 0;
}
