/** What a hub's administrator looks after, played: enough of it to need a second page. */
import { AppError } from "../../devices/model/errors.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import type {
  HubOversight,
  OverrideSummary,
  QuarantinedFrameSummary,
} from "../../gateway/http/use-cases.ts";
import { FIXTURE_NOW_MS } from "./console-data.ts";

const HOUR_MS = 3_600_000;
const MORE_OVERRIDES = 70;
const FRAMES = 64;
const SITES = [
  ["prague", "Prague, Main Square"],
  ["brno", "Brno, Railway Station"],
  ["oslo", "Oslo, Harbour"],
  ["lisbon", "Lisbon, Baixa"],
] as const;

export function fakeOversight(isEmpty: boolean): HubOversight {
  let overrides = isEmpty ? [] : someOverrides();
  let frames = isEmpty ? [] : someFrames();
  return {
    overrides: async () => overrides,
    revokeOverride: async (site, kind, id) => {
      const isIt = (one: OverrideSummary) =>
        one.site === site && one.kind === kind && one.id === id;
      if (!overrides.some(isIt)) throw new AppError("not-found", "there is no such override");
      overrides = overrides.map((one) => (isIt(one) ? { ...one, state: "revoked" } : one));
    },
    quarantined: async ({ cursor, limit, site }) => {
      const wanted = frames.filter((one) => site === undefined || one.site === site);
      const from = Number(cursor ?? 0);
      const rows = wanted.slice(from, from + limit);
      const isMore = from + limit < wanted.length;
      return { rows, total: wanted.length, next: isMore ? String(from + limit) : undefined };
    },
    quarantinedFrame: async (id) => {
      const summary = frames.find((one) => one.id === id);
      return summary && { summary, frame: new Uint8Array(Buffer.from("OPF1 the bytes")) };
    },
    dismissFrame: async (id) => {
      const before = frames.length;
      frames = frames.filter((one) => one.id !== id);
      return frames.length < before;
    },
    takeFrameAgain: async (id) => {
      const found = frames.find((one) => one.id === id);
      if (found?.kind === "journal") {
        frames = frames.filter((one) => one !== found);
        return found;
      }
      throw new AppError("unprocessable", "It is still wrong: policy-shape: no map");
    },
    refusedRecords: () =>
      isEmpty
        ? []
        : [
            {
              kind: "window",
              id: "siesta",
              origin: "policy/site/lisbon",
              reason: "/recurrence: FREQ is missing; name how often it comes",
            },
          ],
  };
}

function someOverrides(): OverrideSummary[] {
  const override = (index: number, change: Partial<OverrideSummary>): OverrideSummary => {
    const [site, siteName] = SITES[index % SITES.length] ?? SITES[0];
    return {
      site: site as SiteId,
      siteName,
      kind: "distribution",
      id: "d-point-of-sale",
      name: "Point of Sale (d-point-of-sale)",
      author: "anna",
      atMs: FIXTURE_NOW_MS - (index + 1) * 5 * HOUR_MS,
      base: "0f3a9c5b7d21e884",
      isBaseCurrent: true,
      state: "effective",
      fields: [{ name: "stoppedAtMs", site: FIXTURE_NOW_MS - 5 * HOUR_MS, hub: null }],
      ...change,
    };
  };
  const window = { kind: "window", id: "every-night", name: "Every night" } as const;
  return [
    override(0, {}),
    override(1, {
      ...window,
      fields: [
        { name: "enabled", site: false, hub: true },
        { name: "start", site: "2026-11-21T23:30", hub: "2026-11-01T22:00" },
        { name: "recurrence", site: "FREQ=WEEKLY;BYDAY=MO,WE,FR", hub: "FREQ=DAILY" },
      ],
    }),
    override(2, {
      ...window,
      state: "overtaken",
      isBaseCurrent: false,
      fields: [{ name: "durationMinutes", site: 60, hub: 240 }],
    }),
    override(3, {
      kind: "setting",
      id: "enterprise",
      name: "Enterprise enrolment",
      author: "the administrator of the branch with a rather long name",
      fields: [
        { name: "enrollmentToken", site: true, hub: true },
        { name: "platforms", site: ["Windows 10 Mobile", "Windows Mobile 6.5"], hub: null },
      ],
    }),
    override(4, {
      ...window,
      state: "revoked",
      fields: [{ name: "timeZone", site: "Europe/London", hub: null }],
    }),
    ...Array.from({ length: MORE_OVERRIDES }, (_, index) =>
      override(index + 5, { kind: "setting", id: `more-${index}`, name: `Setting ${index}` }),
    ),
  ];
}

function someFrames(): QuarantinedFrameSummary[] {
  const kinds = ["journal", "status", "policy", "keys", "telemetry"];
  const reasons = [
    "journal-facts: fact 7 of 230: value is longer than 1048576 characters, so that it cannot have been written by a site of this version",
    "status-reference: entry 12 leads to no directory line",
    "policy-decode: the update cannot be decoded",
    "keys-succession: it replaces a key that is not the site's",
    "frame-unpack: the frame's body cannot be unpacked",
  ];
  return Array.from({ length: FRAMES }, (_, index) => {
    const [site, siteName] = SITES[index % SITES.length] ?? SITES[0];
    return {
      id: `f${String(index).padStart(31, "0")}`,
      site: site as SiteId,
      siteName,
      incarnation: 26_352_143,
      frameSeq: 400 - index,
      kind: kinds[index % kinds.length] ?? "journal",
      bytes: 1_200_345 / (index + 1),
      hasBytes: index !== 1,
      sha256: "ab".repeat(32),
      reason: reasons[index % reasons.length] ?? "",
      receivedAtMs: FIXTURE_NOW_MS - index * 3 * HOUR_MS,
    };
  });
}
