import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Device } from "../../devices/model/device.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import { compareOrder, type Installation } from "../../devices/model/installation.ts";
import { adoptDevice, mergeOrder } from "../../sync/merge.ts";
import { deviceNamed, rowOf } from "../contracts/site-rows.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 61);
const RUNS = 2000;

const place = fc.record({
  incarnation: fc.nat({ max: 3 }),
  attempt: fc.nat({ max: 3 }),
  sequence: fc.nat({ max: 5 }),
  hlc: fc.nat({ max: 3 }).map((n) => n.toString(16).padStart(16, "0") as Hlc),
  site: fc.constantFrom("brno" as SiteId, "prague" as SiteId),
});

describe("mergeOrder()", () => {
  const options = { seed: SEED, numRuns: RUNS };

  test(`[6.1] is commutative, associative and idempotent (TEST_SEED=${SEED})`, () => {
    fc.assert(
      fc.property(place, place, place, (a, b, c) => {
        expect(mergeOrder(a, b)).toEqual(mergeOrder(b, a));
        expect(mergeOrder(mergeOrder(a, b), c)).toEqual(mergeOrder(a, mergeOrder(b, c)));
        expect(mergeOrder(a, a)).toEqual(a);
      }),
      options,
    );
  });

  test(`[6.1] never goes back, whatever arrives in whatever order (TEST_SEED=${SEED})`, () => {
    fc.assert(
      fc.property(fc.array(place, { minLength: 1 }), fc.nat(), (places, salt) => {
        const shuffled = places
          .map((one, index) => ({ one, at: (index * 7919 + salt * 104_729) % 997 }))
          .sort((a, b) => a.at - b.at)
          .map(({ one }) => one);
        const [first, ...rest] = [...shuffled, ...places];
        if (!first) return;
        const merged = rest.reduce((best, one) => {
          const next = mergeOrder(best, one);
          expect(compareOrder(next, best)).toBeGreaterThanOrEqual(0);
          return next;
        }, first);
        expect(places.every((one) => compareOrder(one, merged) <= 0)).toBe(true);
      }),
      options,
    );
  });
});

/** `adoptDevice` where the device is known to either side. */
function adopt(...sides: Parameters<typeof adoptDevice>) {
  const adopted = adoptDevice(...sides);
  if (!adopted) throw new Error("nobody knows the device");
  return adopted;
}

describe("adoptDevice()", () => {
  const device = deviceNamed("till", { incarnation: 1024, sequence: 5 });
  const at = (sequence: number, observedAtMs: number, change: Partial<Installation> = {}) =>
    rowOf("till", "d1", { incarnation: 1024, attempt: 1, sequence, observedAtMs, ...change });
  const known = (sequence: number, rows: Installation[], change: Partial<Device> = {}) => ({
    id: device.id,
    device: { ...device, sequence, ...change },
    rows,
  });

  test("[6.6] an empty box takes everything", () => {
    const theirs = known(9, [at(9, 900)]);
    const adopted = adopt(undefined, theirs);
    expect(adopted).toMatchObject({ device: theirs.device, rows: theirs.rows });
    expect(adopted.facts).toMatchObject([
      { kind: "device", device: device.id, by: "hub" },
      { kind: "report", sequence: 9, value: "6", effect: "repeated", by: "hub" },
    ]);
  });

  test("[6.6] a row from before the backup gives way to what the hub has heard since", () => {
    const adopted = adopt({ device, rows: [at(5, 500)] }, known(9, [at(9, 900)]));
    expect(adopted.rows).toEqual([at(9, 900)]);
    expect(adopted.device.sequence).toBe(9);
    // A hub that loses its disk later hears the row's words again.
    expect(adopted.facts).toMatchObject([
      { kind: "report", sequence: 9, value: "6", atMs: 900, effect: "repeated", by: "hub" },
    ]);
  });

  test("[6.6] a row of an earlier life is told back in that life", () => {
    const former = at(3, 100, { incarnation: 512, nativeValue: null });
    const adopted = adopt({ device, rows: [] }, known(5, [former]));
    expect(adopted.facts).toMatchObject([
      { kind: "decision", value: "adopted", incarnation: 512, sequence: 3 },
    ]);
  });

  test("[6.6] a row reported after the restore stays, counts on above, and a fact says so", () => {
    const ours = {
      device: { ...device, sequence: 6 },
      rows: [at(6, 2000, { status: "installed" })],
    };
    const adopted = adopt(ours, known(9, [at(9, 900, { status: "failed" })]));
    expect(adopted.rows).toEqual([at(10, 2000, { status: "installed" })]);
    expect(adopted.device.sequence).toBe(10);
    expect(adopted.facts).toMatchObject([{ kind: "report", sequence: 10, status: "installed" }]);
  });

  test("[6.6] numbers of the device's own that are ahead stay as they are", () => {
    const ours = { device: { ...device, sequence: 12 }, rows: [at(12, 800)] };
    expect(adopt(ours, known(9, [at(9, 900)])).rows).toEqual([at(12, 800)]);
  });

  test("[6.6] of one number used twice, the later observation stays under the next number", () => {
    const ours = { device, rows: [at(9, 1000)] };
    expect(adopt(ours, known(9, [at(9, 900)])).rows).toEqual([at(10, 1000)]);
    const earlier = { device, rows: [at(9, 800)] };
    expect(adopt(earlier, known(9, [at(9, 900)])).rows).toEqual([at(9, 900)]);
  });

  test("[6.6] a removal that only the hub remembers is taken over", () => {
    const ours = { device, rows: [] };
    const adopted = adopt(ours, known(5, [], { removedAtMs: 77 }));
    expect(adopted.device.removedAtMs).toBe(77);
    expect(adopted.facts).toMatchObject([{ kind: "device" }]);
  });

  test("[6.6] the later life of a device counts, whichever side has it", () => {
    const later = { ...device, incarnation: 2048, name: "later" };
    const here = adopt({ device: later, rows: [] }, known(5, []));
    expect(here.device.name).toBe("later");
    const there = adopt({ device, rows: [] }, { id: device.id, device: later, rows: [] });
    expect(there.device.name).toBe("later");
    const byRow = known(1, [at(2, 900, { incarnation: 3072 })]);
    expect(adopt({ device, rows: [] }, byRow).device.incarnation).toBe(3072);
  });

  test("[6.6] rows of a device that the hub was never told about are adopted where it is known", () => {
    const rowsOnly = { id: device.id, device: null, rows: [at(2, 900, { incarnation: 2048 })] };
    expect(adoptDevice(undefined, rowsOnly)).toBeUndefined();
    const adopted = adopt({ device, rows: [at(5, 500)] }, rowsOnly);
    expect(adopted.rows).toEqual(rowsOnly.rows);
    expect(adopted.device.incarnation).toBe(2048);
  });

  test("[6.6] adopting twice is adopting once", () => {
    const theirs = known(9, [at(9, 900)]);
    const { facts: _, ...once } = adopt({ device, rows: [at(6, 2000)] }, theirs);
    expect(adopt(once, theirs)).toEqual({ ...once, facts: [] });
  });
});
