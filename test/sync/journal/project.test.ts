import { describe, expect, test } from "bun:test";
import type { Fact } from "../../../devices/model/fact.ts";
import type { Hlc } from "../../../devices/model/hlc.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { projectFacts } from "../../../sync/journal/project.ts";
import type { DeviceAtHub } from "../../../sync/ports/hub-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../contracts/site-rows.ts";

const row = rowOf("till", "d1", { attempt: 1, sequence: 7, observedAtMs: 1_795_000_000_000 });
const device = deviceNamed("till");
const AT_HUB = known({ rows: [row], devices: [device] });

describe("projectFacts()", () => {
  test("[5.4] the report in the row's place gives it its native words", () => {
    const facts = [fact(1, { sequence: 7, value: "6", lastError: -2, text: "gone" })];
    const { rows } = projectFacts(SITE, facts, [], AT_HUB);
    expect(rows).toMatchObject([
      { source: "windows-csp", nativeValue: "6", lastError: -2, lastErrorText: "gone" },
    ]);
  });

  test("[5.4] a decision in the row's place leaves the words of the report before it", () => {
    const facts = [
      fact(1, { sequence: 6, value: "6" }),
      fact(2, { sequence: 7, kind: "decision", value: "retried", source: "site" }),
    ];
    expect(projectFacts(SITE, facts, [], AT_HUB).rows).toMatchObject([{ nativeValue: "6" }]);
    const later = projectFacts(SITE, facts.slice(1), [], AT_HUB);
    expect(later).toMatchObject({ rows: [], needsEarlier: true });
    const again = projectFacts(SITE, facts.slice(1), facts.slice(0, 1), AT_HUB);
    expect(again).toMatchObject({ rows: [{ nativeValue: "6" }], needsEarlier: false });
  });

  test("[5.4] a reason that is a decision is told in the site's words, since when it was decided", () => {
    const stopped = { ...row, reason: "superseded" as const, sinceMs: 9, reasonDetail: "" };
    const atHub = known({ rows: [stopped], devices: [device] });
    const decided = (change: Partial<Fact>) =>
      fact(2, { kind: "decision", value: "superseded", text: "by pos-7", atMs: 8, ...change });
    const report = fact(1, { sequence: 6, value: "6" });
    expect(projectFacts(SITE, [report, decided({})], [], atHub).rows).toMatchObject([
      { reasonDetail: "by pos-7", sinceMs: 8, nativeValue: "6" },
    ]);
    // Also where nothing was ever reported.
    expect(projectFacts(SITE, [decided({})], [], atHub)).toMatchObject({
      rows: [{ reasonDetail: "by pos-7", sinceMs: 8 }],
      needsEarlier: true,
    });
    for (const other of [{ value: "stopped" }, { sequence: 6 }, { kind: "report" as const }]) {
      const { rows } = projectFacts(SITE, [decided(other)], [report], atHub);
      expect(rows.every(({ sinceMs }) => sinceMs === 9)).toBe(true);
    }
  });

  test("[5.4] late facts, lost ties and facts of other places change no words", () => {
    for (const change of [
      { sequence: 7, effect: "late" as const },
      { sequence: 6 },
      { sequence: 7, hlc: "01a0000000000000" as Hlc },
      { sequence: 7, atMs: 1 },
    ]) {
      expect(projectFacts(SITE, [fact(1, change)], [], AT_HUB).rows).toEqual([]);
    }
  });

  test("[5.4] what is said beside the row is history: its words stay those of the last report", () => {
    const beside = fact(2, { sequence: 7, value: "log", status: null, state: null });
    expect(projectFacts(SITE, [beside], [], AT_HUB)).toMatchObject({
      rows: [],
      needsEarlier: false,
    });
    const reported = [fact(1, { sequence: 7, value: "6" }), beside];
    expect(projectFacts(SITE, reported, [], AT_HUB).rows).toMatchObject([{ nativeValue: "6" }]);
  });

  test("[5.4] a device fact makes the device, for the sender's site whatever it says", () => {
    const told = { ...device, site: "elsewhere", name: "Till 7" };
    const facts = [deviceFact(told)];
    expect(projectFacts(SITE, facts, [], new Map()).devices).toEqual([
      { ...device, name: "Till 7" },
    ]);
    const wrong = [{ ...deviceFact(told), value: '{"name":7}' }];
    expect(() => projectFacts(SITE, wrong, [], new Map())).toThrow("fact 1");
  });

  test("[6.5] a removal is not taken back in the same life, but by the next enrolment", () => {
    const buried = known({ rows: [], devices: [{ ...device, removedAtMs: 5 }] });
    expect(projectFacts(SITE, [deviceFact(device)], [], buried).devices).toEqual([]);
    const next = { ...device, incarnation: device.incarnation + 1 };
    expect(projectFacts(SITE, [deviceFact(next)], [], buried).devices).toEqual([next]);
    const former = { ...device, incarnation: device.incarnation - 1, name: "former" };
    expect(projectFacts(SITE, [deviceFact(former)], [], AT_HUB).devices).toEqual([]);
  });

  test("reports move the device's last contact and sequence, decisions do not move the contact", () => {
    const reported = [fact(1, { sequence: 9, atMs: 1_795_000_000_777 })];
    const { devices } = projectFacts(SITE, reported, [], AT_HUB);
    expect(devices).toMatchObject([{ sequence: 9, lastContactMs: 1_795_000_000_777 }]);
    const decided = [fact(1, { kind: "decision", sequence: 9 })];
    expect(projectFacts(SITE, decided, [], AT_HUB).devices).toMatchObject([
      { sequence: 9, lastContactMs: null },
    ]);
  });
});

function fact(seq: number, change: Partial<Fact> = {}): Fact {
  const place = { incarnation: 2048, attempt: 1, sequence: 7 };
  return { ...factOf("till", "6"), ...place, site: SITE, siteIncarnation: 1, seq, ...change };
}

function deviceFact(told: object & { readonly incarnation: number }): Fact {
  const { incarnation } = told;
  const nothing = { distribution: null, attempt: null, sequence: null };
  return fact(1, { ...nothing, kind: "device", incarnation, value: JSON.stringify(told) });
}

function known(atHub: DeviceAtHub): ReadonlyMap<DeviceId, DeviceAtHub> {
  return new Map([[idOf("till"), atHub]]);
}
