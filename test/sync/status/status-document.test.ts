import { describe, expect, test } from "bun:test";
import { encodeStateAsUpdate } from "yjs";
import type { Installation } from "../../../devices/model/installation.ts";
import {
  DocumentDamaged,
  documentWrite,
  loadDocument,
  TAIL_UPDATES_MAX,
  tailSizeOf,
} from "../../../sync/documents/stored.ts";
import type { StoredDocument } from "../../../sync/ports/documents.ts";
import { addLines, emptyDirectories } from "../../../sync/status/directories.ts";
import { projectEntries, resolveEntries } from "../../../sync/status/project.ts";
import { readStatusUpdate } from "../../../sync/status/read-update.ts";
import { StatusDocument } from "../../../sync/status/status-document.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { rowAt, SITE } from "./rows.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 41);

describe("StatusDocument", () => {
  test("[4.1] a row that changed ten times since the last flush is one entry", () => {
    const document = new StatusDocument();
    const first = document.flush([rowAt(1, 1, 0)]);
    const steps = Array.from({ length: 10 }, (_, step) => rowAt(1, 1, step + 1));
    const update = document.flush(steps);
    expect(document.entries()).toHaveLength(1);
    expect(projected([first, update]).at(0)).toMatchObject({ sequence: 11 });
  });

  test("[4.1] a flush of rows that differ in nothing that travels is no update", () => {
    const document = new StatusDocument();
    const row = rowAt(1, 1, 3);
    document.flush([row]);
    const same: Installation = { ...row, reasonDetail: "in ten minutes", winner: true };
    expect(document.flush([same])).toBeUndefined();
  });

  test("[4.2, 4.3] the hub's rows are the site's, read from updates alone", () => {
    const document = new StatusDocument();
    const random = seededRandom(SEED);
    const latest = new Map<string, Installation>();
    const updates: Uint8Array[] = [];
    for (let flush = 0; flush < 40; flush += 1) {
      const rows = Array.from({ length: 12 }, (_, index) =>
        rowAt(Math.floor(random() * 20), Math.floor(random() * 5), flush * 12 + index),
      );
      for (const row of rows) latest.set(`${row.distribution}.${row.device}`, row);
      const update = document.flush(rows);
      if (update) updates.push(update);
    }
    const atHub = projected(updates);
    expect(atHub).toHaveLength(latest.size);
    for (const row of atHub) {
      const ours = latest.get(`${row.distribution}.${row.device}`);
      const { status, state, version, package: app, revision, targetVersion } = row;
      expect(ours).toMatchObject({ status, state, version, package: app, revision, targetVersion });
      expect(ours).toMatchObject({ reason: row.reason, actor: row.actor, managed: row.managed });
    }
  });

  test("[4.7] goes on after a restart with a client id of its own", () => {
    const first = new StatusDocument();
    first.flush([rowAt(1, 1, 0), rowAt(2, 1, 0)]);
    const stored = storedAs(encodeStateAsUpdate(first.doc));
    const second = new StatusDocument(loadDocument(stored));
    expect(second.doc.clientID).not.toBe(first.doc.clientID);
    second.flush([rowAt(1, 1, 1), rowAt(3, 2, 1)]);
    expect(second.entries()).toHaveLength(3);
    const whole = projected([encodeStateAsUpdate(second.doc)]);
    expect(new Set(whole.map(({ device }) => device)).size).toBe(3);
  });
});

describe("a stored document", () => {
  test("[4.7] that lacks an update in the middle, or was damaged, is an error and never empty", () => {
    const document = new StatusDocument();
    const [first, , third] = [0, 1, 2].map((step) => document.flush([rowAt(1, 1, step)]));
    if (!first || !third) throw new Error("no updates");
    const gap: StoredDocument = { ...storedAs(first), tail: [third] };
    expect(() => loadDocument(gap)).toThrow(DocumentDamaged);
    expect(() => loadDocument(storedAs(first.subarray(0, 20)))).toThrow(DocumentDamaged);
  });

  test("[4.8] is folded by load, apply, save when its tail has reached its limit", () => {
    const document = new StatusDocument();
    const state = document.flush([rowAt(1, 1, 0)]);
    if (!state) throw new Error("no update");
    let stored = storedAs(state);
    let folded = 0;
    for (let step = 1; step <= TAIL_UPDATES_MAX + 1; step += 1) {
      const update = document.flush([rowAt(1, 1, step)]);
      if (!update) throw new Error("no update");
      const at = { version: step, atMs: 0 };
      const { write } = documentWrite("x", tailSizeOf(stored), update, document.doc, at);
      if (write.kind === "replace") {
        folded += 1;
        expect(step).toBe(TAIL_UPDATES_MAX + 1);
        stored = storedAs(write.state);
      } else if (write.kind === "append") {
        stored = { ...stored, tail: [...stored.tail, write.update] };
      }
    }
    expect(folded).toBe(1);
    const entries = new StatusDocument(loadDocument(stored)).entries();
    expect(entries).toEqual(document.entries());
  });
});

/** The rows that updates make at a hub that has nothing else. */
function projected(updates: readonly (Uint8Array | undefined)[]): readonly Installation[] {
  const directories = emptyDirectories();
  const rows = new Map<string, Installation>();
  let clocks: ReadonlyMap<number, number> = new Map();
  for (const update of updates) {
    if (!update) continue;
    const read = readStatusUpdate(update, clocks);
    expect(addLines(directories, read.lines)).toBeUndefined();
    clocks = read.clocks;
    const resolved = resolveEntries(read.entries, directories);
    for (const row of projectEntries(SITE, resolved, new Map(), 2_000_000_000_000)) {
      rows.set(`${row.distribution}.${row.device}`, row);
    }
  }
  return [...rows.values()];
}

function storedAs(state: Uint8Array): StoredDocument {
  return { name: "status/prague/1", state, tail: [], version: 1 };
}
