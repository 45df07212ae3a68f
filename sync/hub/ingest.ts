/**
 * How the hub takes one frame in: cheap checks first, then decoding, then one transaction, then the
 * acknowledgement. A frame that is the site's own but wrong goes to quarantine and counts as
 * received, so that it never holds up the ones after it. [PROTOCOL 3.5 to 3.9, 6]
 */
import type { Log } from "../../devices/ports/log.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { documentWrite, isTailFull } from "../documents/stored.ts";
import { type ReadFrame, unpackBody } from "../frame/envelope.ts";
import { parseFacts } from "../journal/codec.ts";
import { projectFacts } from "../journal/project.ts";
import { QUARANTINE_BYTES_PER_SITE_MAX } from "../limits.ts";
import type { FrameAnswer } from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { siteDocumentName } from "../policy/policy-document.ts";
import type { DocumentWrite } from "../ports/documents.ts";
import type {
  HubStore,
  InboxEntry,
  IngestWrite,
  QuarantinedFrame,
  SiteRecord,
} from "../ports/hub-store.ts";
import { addLines } from "../status/directories.ts";
import { projectEntries, resolveEntries } from "../status/project.ts";
import { readStatusUpdate } from "../status/read-update.ts";
import { type OrderOf, rankChanged } from "./rank-changed.ts";
import { withAnnouncedKeys } from "./site-keys.ts";
import type { StatusReplica, StatusReplicas } from "./status-replicas.ts";

export interface IngestDeps {
  readonly store: HubStore;
  readonly book: PolicyBook;
  readonly replicas: StatusReplicas;
  /** The HLC of a distribution, for ranking. */
  readonly orderOf: OrderOf;
  readonly newId: () => string;
  readonly log: Log;
}

/** What a frame adds to the transaction, and what to do once it is committed. */
type Prepared = Omit<IngestWrite, "site" | "inbox"> & {
  readonly site: SiteRecord;
  readonly accept?: () => void;
};

/** How far back the last report before a decision is looked for, in facts. */
const EARLIER_FACTS_MAX = 2000;

/**
 * @param site the sender's record as it is now
 * @param frame proven to be the site's and whole
 * @returns the answer, after the commit
 */
export async function ingestFrame(
  deps: IngestDeps,
  site: SiteRecord,
  frame: ReadFrame,
  bytes: Uint8Array,
  nowMs: number,
): Promise<FrameAnswer> {
  const { header } = frame;
  if (header.incarnation !== site.incarnation) {
    return { verdict: "fenced", reason: `incarnation ${header.incarnation} is over` };
  }
  if (header.seq <= site.acknowledgedFrame) return answerToRepeated(deps, site, frame);
  if (header.seq > site.acknowledgedFrame + 1) {
    return { verdict: "expected", acknowledgedFrame: site.acknowledgedFrame };
  }
  const next = { ...site, acknowledgedFrame: header.seq, lastSeenMs: nowMs };
  const inbox: InboxEntry = {
    site: site.id,
    incarnation: header.incarnation,
    frameSeq: header.seq,
    kind: header.content.kind,
    bytes: bytes.length,
    sha256: header.sha256,
    receivedAtMs: nowMs,
  };
  try {
    const answer = await deps.book.exclusive(async () => {
      const { accept, ...parts } = await prepare(deps, next, frame, nowMs);
      await deps.store.ingest({ ...parts, inbox });
      accept?.();
      return taken(deps, parts.site, "taken", "");
    });
    return answer;
  } catch (error) {
    deps.replicas.forget(documentNameOf(site)); // What was read ahead of the commit is not true.
    if (!(error instanceof ProtocolError)) throw error;
    return setAside(deps, next, inbox, frame, bytes, error);
  }
}

async function prepare(
  deps: IngestDeps,
  site: SiteRecord,
  frame: ReadFrame,
  nowMs: number,
): Promise<Prepared> {
  const { content } = frame.header;
  switch (content.kind) {
    case "status":
      return prepareStatus(deps, site, frame, content, nowMs);
    case "journal":
      return prepareJournal(deps, site, frame, content);
    case "policy":
      return preparePolicy(deps, site, frame);
    case "keys":
      return { site: withAnnouncedKeys(site, unpackBody(frame)) };
  }
}

async function prepareStatus(
  deps: IngestDeps,
  site: SiteRecord,
  frame: ReadFrame,
  content: { readonly anew: boolean; readonly asOfMs: number | null },
  nowMs: number,
): Promise<Prepared> {
  const name = documentNameOf(site);
  const replica = await replicaFor(deps, site, name, content.anew);
  const update = unpackBody(frame);
  const { entries, lines, clocks } = readStatusUpdate(update, replica.clocks);
  const problem = addLines(replica.directories, lines);
  if (problem !== undefined) throw new ProtocolError("status-shape", problem);
  const resolved = resolveEntries(entries, replica.directories);
  const known = await deps.store.devices(
    different(resolved, ({ device }) => device),
    {
      // What is ranked together.
      packages: different(resolved, ({ line }) => line.package),
      distributions: different(resolved, ({ line }) => line.distribution),
    },
  );
  const rows = projectEntries(site.id, resolved, known, nowMs);
  const written = await writeOf(deps, name, replica, update, content.anew, nowMs);
  return {
    site: {
      ...site,
      needsSnapshot: false,
      asOfMs: content.asOfMs ?? site.asOfMs,
    },
    documents: written.documents,
    rows: rankChanged(known, rows, deps.orderOf),
    accept: () => {
      deps.replicas.keep(name, {
        ...replica,
        clocks,
        tail: written.tail,
        version: written.version,
      });
    },
  };
}

async function replicaFor(
  deps: IngestDeps,
  site: SiteRecord,
  name: string,
  anew: boolean,
): Promise<StatusReplica> {
  if (anew) return deps.replicas.empty();
  const replica = site.needsSnapshot ? undefined : await deps.replicas.find(name);
  if (replica !== undefined) return replica;
  throw new ProtocolError("status-anew", "the hub needs the status document from its beginning");
}

async function writeOf(
  deps: IngestDeps,
  name: string,
  replica: StatusReplica,
  update: Uint8Array,
  anew: boolean,
  atMs: number,
): Promise<{
  readonly documents: readonly DocumentWrite[];
  readonly tail: StatusReplica["tail"];
  readonly version: number;
}> {
  const version = replica.version + 1;
  if (anew) {
    return {
      documents: [
        ...(await formerDocuments(deps, name)),
        { kind: "replace", name, state: update, version, atMs },
      ],
      tail: { updates: 0, bytes: 0, stateBytes: update.length },
      version,
    };
  }
  const whole = isTailFull(replica.tail, update.length)
    ? await deps.replicas.whole(name, update)
    : undefined;
  const written = documentWrite(name, replica.tail, update, whole, { version, atMs });
  return { documents: [written.write], tail: written.tail, version };
}

async function prepareJournal(
  deps: IngestDeps,
  site: SiteRecord,
  frame: ReadFrame,
  content: { readonly incarnation: number; readonly first: number; readonly count: number },
): Promise<Prepared> {
  const expected = await expectedFact(deps, site, content.incarnation);
  if (content.first !== expected || content.incarnation > site.incarnation) {
    throw new ProtocolError(
      "journal-gap",
      `facts of incarnation ${content.incarnation} are expected from number ${expected}`,
    );
  }
  const facts = parseFacts(unpackBody(frame), { site: site.id, ...content });
  const known = await deps.store.devices(
    different(facts, ({ device }) => device),
    {
      packages: [],
      distributions: different(facts, ({ distribution }) => distribution).filter(isSome),
    },
  );
  const first = projectFacts(site.id, facts, [], known);
  const seq = Math.max(0, expected - 1 - EARLIER_FACTS_MAX);
  const projected = first.needsEarlier
    ? projectFacts(
        site.id,
        facts,
        await deps.store.facts(
          site.id,
          { incarnation: content.incarnation, seq },
          expected - 1 - seq,
        ),
        known,
      )
    : first;
  return {
    site,
    facts,
    factPosition: { incarnation: content.incarnation, seq: expected + content.count - 1 },
    devices: projected.devices,
    rows: projected.rows, // Words and particulars: where a row stands, only the status document says.
  };
}

function different<Item, Value>(
  items: readonly Item[],
  read: (item: Item) => Value,
): readonly Value[] {
  return [...new Set(items.map(read))];
}

function isSome<Value>(value: Value | null): value is Value {
  return value !== null;
}

async function preparePolicy(
  deps: IngestDeps,
  site: SiteRecord,
  frame: ReadFrame,
): Promise<Prepared> {
  const staged = deps.book.stage(siteDocumentName(site.id), unpackBody(frame), false);
  return { site, policy: staged.write, accept: staged.accept };
}

async function answerToRepeated(
  deps: IngestDeps,
  site: SiteRecord,
  { header }: ReadFrame,
): Promise<FrameAnswer> {
  const entry = await deps.store.inboxEntry(site.id, header.incarnation, header.seq);
  if (entry?.sha256 === header.sha256) return taken(deps, site, "taken", "received before");
  const reason = `frame ${header.seq} differs from the one that was taken in`;
  return { verdict: "fenced", reason };
}

/** Reasons for which there is nothing to look into: the site only has to send something else. */
const NOT_KEPT: ReadonlySet<string> = new Set(["status-anew", "journal-gap"]);

async function setAside(
  deps: IngestDeps,
  site: SiteRecord,
  inbox: InboxEntry,
  frame: ReadFrame,
  bytes: Uint8Array,
  error: ProtocolError,
): Promise<FrameAnswer> {
  const { content } = frame.header;
  const isStatus = content.kind === "status";
  const after = { ...site, needsSnapshot: site.needsSnapshot || isStatus };
  const reason = `${error.rule}: ${error.message}`;
  const kept = !NOT_KEPT.has(error.rule);
  // The facts are in quarantine, whole; the journal goes on after them instead of standing still.
  const skipped =
    kept && content.kind === "journal"
      ? { incarnation: content.incarnation, seq: content.first + content.count - 1 }
      : undefined;
  await deps.store.ingest({
    site: after,
    inbox,
    ...(kept ? { quarantined: await quarantinedFrame(deps, inbox, bytes, reason) } : {}),
    ...(skipped ? { factPosition: skipped } : {}),
  });
  deps.log.warn("link-frame-set-aside", { site: site.id, seq: inbox.frameSeq, reason });
  return taken(deps, after, "set-aside", reason);
}

/** A site that goes on sending wrong frames does not fill the hub's disk with them. */
async function quarantinedFrame(
  { newId, store }: IngestDeps,
  inbox: InboxEntry,
  bytes: Uint8Array,
  reason: string,
): Promise<QuarantinedFrame> {
  const before = await store.quarantinedBytes(inbox.site);
  const hasRoom = before + bytes.length <= QUARANTINE_BYTES_PER_SITE_MAX;
  return { ...inbox, id: newId(), reason, frame: hasRoom ? bytes : new Uint8Array() };
}

async function taken(
  deps: IngestDeps,
  site: SiteRecord,
  verdict: "taken" | "set-aside",
  reason: string,
): Promise<FrameAnswer> {
  return {
    verdict,
    acknowledgedFrame: site.acknowledgedFrame,
    startAnew: site.needsSnapshot,
    facts: [...(await deps.store.factPositions(site.id))],
    reason,
  };
}

async function expectedFact(
  deps: IngestDeps,
  site: SiteRecord,
  incarnation: number,
): Promise<number> {
  const positions = await deps.store.factPositions(site.id);
  return (positions.find((one) => one.incarnation === incarnation)?.seq ?? 0) + 1;
}

export function documentNameOf(site: Pick<SiteRecord, "id" | "incarnation">): string {
  return `status/${site.id}/${site.incarnation}`;
}

/** A new incarnation's document takes the place of the former ones. */
async function formerDocuments(deps: IngestDeps, name: string): Promise<readonly DocumentWrite[]> {
  const prefix = name.slice(0, name.lastIndexOf("/") + 1);
  const names = await deps.store.documentNames(prefix);
  return names.filter((one) => one !== name).map((one) => ({ kind: "remove", name: one }));
}
