/** Devices that come and ask for work, with what they said of it: for pages, beside `consoleData`. */

import { stepText, unmetText } from "../../devices/install/work-words.ts";
import type { Device, DeviceProtocol } from "../../devices/model/device.ts";
import type { Distribution } from "../../devices/model/distribution.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import {
  type DistributionId,
  deviceIdFrom,
  type PackageId,
  type RevisionId,
  type Sha256,
} from "../../devices/model/ids.ts";
import { type Action, CRITICAL_DEFAULT } from "../../devices/model/install-action.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { NumberedMetric } from "../../devices/model/metric.ts";
import type { AgentInstall, Package } from "../../devices/model/package.ts";
import { aRevision } from "../devices/a-revision.ts";
import { type ConsoleData, FIXTURE_NOW_MS } from "./console-data.ts";

const MINUTE_MS = 60_000;
const ANY = { cpu: null, osMajor: null, osPlatform: null } as const;
const FOLDER = "\\Program Files\\Contoso Retail\\Point of Sale with a rather long name";
/** The most that a package may have is 60 and more: a page has to bear it. */
const STEPS = 60;

export const FAMILY_PACKAGE = "till-agent" as PackageId;
export const FAMILY_REVISION = "till-agent-2-0" as RevisionId;
export const FAMILY_DISTRIBUTION = "d-till-agent" as DistributionId;

const FAMILIES: readonly (readonly [DeviceProtocol, string, string, string])[] = [
  ["agent", "linux-kiosk-with-a-name-that-is-rather-long-01", "Linux", "6.1"],
  ["agent", "linux-till-02", "Linux", "5.10"],
  ["ddi", "swupdate-panel-03", "Linux", "4.19"],
  ["mender", "mender-gate-04", "Linux", "5.4"],
  ["ce", "scanner-ce-05", "Windows CE", "5.0"],
];

/** The same data with one device of every family more, and a package in many steps that failed on one. */
export function withFamilies(data: ConsoleData): ConsoleData {
  const site = data.devices[0]?.site;
  const former = data.devices[0];
  if (!site || !former) return data;
  const devices = FAMILIES.map(
    ([protocol, name, osPlatform, osVersion]): Device => ({
      ...former,
      id: deviceIdFrom("fixture", name),
      ...{ site, name, protocol, osPlatform, osVersion, stableId: name, platform: "Windows" },
      ...{ manufacturer: null, model: null, cpu: "x64", osMajor: Number(osVersion.split(".")[0]) },
      enrolment: "unknown",
      compliance: "unknown",
      lastContactMs: FIXTURE_NOW_MS - 3 * MINUTE_MS,
    }),
  );
  const app: Package = {
    id: FAMILY_PACKAGE,
    name: "Point of Sale for tills",
    platform: "Windows",
    productId: null,
    publisher: "Contoso Retail",
    description: "In steps.",
    createdAtMs: FIXTURE_NOW_MS - 60 * MINUTE_MS,
  };
  const revision = aRevision({
    id: FAMILY_REVISION,
    package: app.id,
    version: "2.0.1",
    channel: "agent",
    agent: manySteps(),
    createdAtMs: app.createdAtMs,
  });
  const distribution: Distribution = {
    id: FAMILY_DISTRIBUTION,
    package: app.id,
    revision: revision.id,
    operation: "install",
    mode: "automatic",
    target: { kind: "all" },
    ...{ sites: [], allowDowngrade: false, updateOnly: false, question: null, schedule: null },
    createdAtMs: app.createdAtMs,
    hlc: "0000000000000009" as Hlc,
    author: "marta",
    origin: "hub",
    stoppedAtMs: null,
  };
  const [failed, busy, ...others] = devices.map((device) => rowOf(device, data));
  const rows = [
    ...(failed ? [failedRow(failed)] : []),
    ...(busy ? [busyRow(busy)] : []),
    ...others,
  ];
  const { policy } = data;
  const facts = rows.slice(0, 1).flatMap((row) => factsOf(row, data.facts.length));
  return {
    ...data,
    policy: {
      ...policy,
      packages: new Map([...policy.packages, [app.id, app]]),
      revisions: new Map([...policy.revisions, [revision.id, revision]]),
      distributions: [...policy.distributions, distribution],
      distributionsById: new Map([...policy.distributionsById, [distribution.id, distribution]]),
    },
    devices: [...data.devices, ...devices],
    rows: [...data.rows, ...rows],
    facts: [...data.facts, ...facts],
  };
}

function manySteps(): AgentInstall {
  const step = (action: object): Action =>
    ({ critical: CRITICAL_DEFAULT, targeting: ANY, ...action }) as Action;
  const actions = Array.from({ length: STEPS }, (_, n) =>
    n % 2 === 0
      ? step({ kind: "Download", source: `part-${n}.bin`, target: `${FOLDER}\\part-${n}.bin` })
      : step({
          ...{ kind: "Run", command: `"${FOLDER}\\setup.exe" /part ${n} /quiet`, timeout: -1 },
          ...(n === 3 && { targeting: { ...ANY, cpu: "MIPS" } }),
        }),
  );
  const source = { file: "part-0.bin", virtualFile: null };
  const metrics: NumberedMetric[] = [
    ...[1, 2, 3].map(
      (number): NumberedMetric => ({
        kind: "FileSize",
        file: `${FOLDER}\\part-${number}.bin`,
        operator: "EQ",
        size: 4_096,
        ...{ number, source, targeting: ANY },
      }),
    ),
    {
      kind: "FileHash",
      file: `${FOLDER}\\setup.exe`,
      hash: "0123456789abcdef0123456789abcdef",
      ...{ number: 4, source, targeting: ANY },
    },
  ];
  const sha256 = "e".repeat(64) as Sha256;
  return {
    files: [{ name: "part-0.bin", bytes: 4_096, sha256 }],
    actions,
    uninstall: [],
    metrics,
  };
}

function rowOf(device: Device, { rows }: ConsoleData): Installation {
  const [former] = rows;
  if (!former) throw new Error("the data has no row");
  return {
    ...former,
    site: device.site,
    device: device.id,
    distribution: FAMILY_DISTRIBUTION,
    package: FAMILY_PACKAGE,
    revision: FAMILY_REVISION,
    platform: "Windows",
    status: "pending_install",
    state: "Command Scheduled",
    operation: "install",
    targetVersion: "2.0.1",
    version: null,
    attempt: 1,
    ...{ reason: "contact", reasonDetail: "it is told at its next contact" },
    ...{ source: "agent", nativeValue: null, lastError: null, lastErrorText: null },
    ...{ nextAttemptMs: null, offeredAtMs: null, managed: null, anomaly: false },
    sinceMs: FIXTURE_NOW_MS - 20 * MINUTE_MS,
    observedAtMs: FIXTURE_NOW_MS - 20 * MINUTE_MS,
    missedOccurrences: 0,
  };
}

const WROTE = "setup.exe ended with 5: The licence server till-licences.contoso.example refused";

function failedRow(row: Installation): Installation {
  return {
    ...row,
    status: "failed",
    state: "Installation failed",
    attempt: 2,
    ...{ reason: null, reasonDetail: "" },
    nativeValue: "action-failed",
    lastErrorText: `step 6, Run: ${WROTE}`,
  };
}

function busyRow(row: Installation): Installation {
  const status = { status: "installing", state: "App is being installed" } as const;
  return { ...row, ...status, offeredAtMs: FIXTURE_NOW_MS - MINUTE_MS };
}

function factsOf(row: Installation, known: number): Fact[] {
  const say = (n: number, value: string, text: string | null, more: Partial<Fact> = {}): Fact => ({
    site: row.site,
    siteIncarnation: 1,
    seq: 1_000_000 + known + n,
    kind: "report",
    device: row.device,
    distribution: row.distribution,
    atMs: FIXTURE_NOW_MS - (60 - n) * MINUTE_MS,
    hlc: row.hlc,
    source: "agent",
    protocol: "agent",
    ...{ value, text, lastError: null, version: null, operation: "install" },
    incarnation: row.incarnation,
    ...{ attempt: 2, sequence: n, status: null, state: null, actor: null, anomaly: false },
    effect: "none",
    by: "device",
    ...more,
  });
  const step = (n: number, index: number, result: string, exitCode: number | null, text = "") =>
    say(n, `step-${result}`, stepText({ index, kind: "Run", exitCode, text: text || null }));
  const unmet = [2, 4].map((metric) => ({
    metric,
    reason: `${FOLDER}\\part-${metric}.bin has 12 bytes, wanted EQ 4096`,
  }));
  return [
    { ...step(1, 0, "failed", null, "the line broke"), attempt: 1 },
    say(10, "provision-needed", unmetText(unmet)),
    say(11, "installing", null, { status: "installing", state: "App is being installed" }),
    step(12, 0, "succeeded", null),
    step(13, 1, "succeeded", 0),
    step(14, 2, "succeeded", null),
    step(15, 3, "skipped", null, "not-targeted"),
    step(16, 4, "timed-out", null, "timed_out_continue"),
    step(17, 5, "failed", 5, WROTE),
    say(18, "action-failed", `step 6, Run: ${WROTE}`, {
      status: "failed",
      state: "Installation failed",
      effect: "moved",
    }),
  ];
}
