/** What must be true of hub and sites once everything has arrived, worked out without the link. */
import { expect } from "bun:test";
import type { Fact } from "../../../devices/model/fact.ts";
import { compareOrder, type Installation } from "../../../devices/model/installation.ts";
import { loadDocument } from "../../../sync/documents/stored.ts";
import { StatusDocument } from "../../../sync/status/status-document.ts";
import type { SiteHost } from "./hosts.ts";
import type { World } from "./world.ts";

/** What of a row travels; the rest the hub finds out by itself. */
function travelling(row: Installation, isSkewed: boolean) {
  const { status, state, operation, version, targetVersion, observedAtMs, incarnation } = row;
  const { attempt, sequence, reason, anomaly, stale, managed, actor, counted } = row;
  return {
    ...{ status, state, operation, version, targetVersion, observedAtMs, incarnation },
    ...{ attempt, sequence, reason, anomaly, stale, managed, actor, counted },
    missedOccurrences: row.missedOccurrences,
    package: row.package,
    revision: row.revision,
    hlc: isSkewed ? "" : row.hlc,
  };
}

export function expectConverged(world: World): void {
  for (const site of world.sites) {
    expectRows(world, site);
    expectFacts(world, site);
    expectPolicy(world, site);
    expectDocument(world, site);
  }
  expectWinners(world);
}

/**
 * Every row of the site is at the hub, the same; and the hub has no others of it, but such as were
 * flushed by a disk that was lost before its journal went: status goes first.
 */
function expectRows(world: World, site: SiteHost): void {
  const isSkewed = site.skewMs > 0;
  const ours = new Map<string, unknown>();
  for (const [key, { row }] of site.disk.rows) {
    expect(world.hub.disk.devices.has(`${row.site}.${row.device}`)).toBe(true);
    if (!isBuried(world, row)) ours.set(key, travelling(row, isSkewed));
  }
  const theirs = new Map<string, unknown>();
  for (const row of world.hub.disk.rows.values()) {
    if (row.site !== site.name || isBuried(world, row)) continue;
    const key = `${row.distribution}.${row.device}`;
    if (!ours.has(key) && !isOnRecord(world, row)) continue;
    theirs.set(key, travelling(row, isSkewed));
  }
  expect(new Map([...theirs].sort())).toEqual(new Map([...ours].sort()));
  expectWords(world, site);
}

/** Where the site has the report itself (and not only the row, adopted), the hub has its words. */
function expectWords(world: World, site: SiteHost): void {
  for (const [key, { row }] of site.disk.rows) {
    const atHub = world.hub.disk.rows.get(`${site.name}.${key}`);
    const hasReport = site.disk.facts.some((fact) => isReportOf(fact, row));
    if (!atHub || !hasReport || isBuried(world, row)) continue;
    const { lastError, nativeValue, source } = row;
    expect(atHub).toMatchObject({ lastError, nativeValue, source });
  }
}

function isReportOf(fact: Fact, row: Installation): boolean {
  const isOfRow = fact.device === row.device && fact.distribution === row.distribution;
  return (
    isOfRow && fact.kind === "report" && fact.hlc === row.hlc && fact.value === row.nativeValue
  );
}

/** The hub has a fact in the row's place, and was told what the device is. */
function isOnRecord(world: World, row: Installation): boolean {
  if (!world.hub.disk.devices.has(`${row.site}.${row.device}`)) return false;
  return [...world.hub.disk.facts.values()].some(
    (fact) =>
      fact.site === row.site &&
      fact.device === row.device &&
      fact.distribution === row.distribution &&
      fact.incarnation === row.incarnation &&
      fact.attempt === row.attempt &&
      fact.sequence === row.sequence,
  );
}

/**
 * Another site has said that it removed the device, in this or a later life: what this site says of
 * the row from then on is not taken over.
 */
function isBuried(world: World, row: Installation): boolean {
  return [...world.hub.disk.facts.values()].some(
    (fact) =>
      fact.kind === "device" &&
      fact.device === row.device &&
      fact.site !== row.site &&
      row.incarnation <= fact.incarnation &&
      !fact.value.includes('"removedAtMs":null'),
  );
}

/** Every fact on the site's disk is at the hub under the same number, and numbers are dense. */
function expectFacts(world: World, site: SiteHost): void {
  const atHub = new Map<string, Fact>();
  for (const fact of world.hub.disk.facts.values()) {
    if (fact.site === site.name) atHub.set(`${fact.siteIncarnation}.${fact.seq}`, fact);
  }
  for (const fact of site.disk.facts) {
    expect(atHub.get(`${fact.siteIncarnation}.${fact.seq}`)).toEqual(fact);
  }
  for (const position of world.hub.disk.positions.values()) {
    if (position.site !== site.name) continue;
    const numbers = [...atHub.values()]
      .filter(({ siteIncarnation }) => siteIncarnation === position.incarnation)
      .map(({ seq }) => seq)
      .sort((a, b) => a - b);
    expect(numbers).toEqual(Array.from({ length: position.seq }, (_, index) => index + 1));
  }
}

function expectPolicy(world: World, site: SiteHost): void {
  const { records } = world.hub.disk;
  for (const [key, record] of records) {
    if (record.origin !== "policy/org") continue;
    const here = site.disk.records.get(key);
    expect(here?.origin).toBe("policy/org");
  }
  const own = `policy/site/${site.name}`;
  expect(world.hub.book.stateVector(own)).toEqual(site.book.stateVector(own));
  expect(site.book.orgVersion).toBe(world.hub.book.orgVersion);
  const record = world.hub.disk.sites.get(site.name);
  expect(record?.confirmedPolicyVersion).toBe(world.hub.book.orgVersion);
}

/** The document at the hub is the site's, entry for entry, although the hub never loads it. */
function expectDocument(world: World, site: SiteHost): void {
  const name = `status/${site.name}/${site.disk.position.incarnation}`;
  const atHub = world.hub.disk.documents.get(name);
  const here = site.disk.documents.get(name);
  expect(atHub === undefined).toBe(here === undefined);
  if (!atHub || !here) return;
  const theirs = new StatusDocument(loadDocument(atHub)).entries();
  const ours = new StatusDocument(loadDocument(here)).entries();
  expect(theirs).toEqual(ours);
  expect(ours.length).toBe(site.disk.rows.size);
}

/** Per (distribution, device) one winner: the maximum of all sites' rows by the order tuple. */
function expectWinners(world: World): void {
  const best = new Map<string, Installation>();
  for (const row of world.hub.disk.rows.values()) {
    const key = `${row.distribution}.${row.device}`;
    const rival = best.get(key);
    if (rival === undefined || compareOrder(row, rival) > 0) best.set(key, row);
  }
  for (const row of world.hub.disk.rows.values()) {
    expect(row.winner).toBe(best.get(`${row.distribution}.${row.device}`) === row);
  }
}
