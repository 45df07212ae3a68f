import type { PlanFile, PlanMetric, PlanStep, PlanWork } from "../../../protocols/agent/answers.ts";
import type { Task } from "../../../protocols/agent/words.ts";
import { familyOf, installCommand } from "../../install/default-command.ts";
import type { Work } from "../../install/plan-types.ts";
import { fitsTargeting } from "../../install/relevance.ts";
import { fillInFacts, type SiteToken } from "../../install/tokens.ts";
import { hasBegun } from "../../install/waiting.ts";
import type { Device } from "../../model/device.ts";
import type { Action } from "../../model/install-action.ts";
import type { Installation } from "../../model/installation.ts";
import type { NumberedMetric } from "../../model/metric.ts";
import type { AgentInstall, PackageFile } from "../../model/package.ts";

/** An agent's word that its metrics do not hold: what it evaluated, it may act on. */
export const PROVISION_NEEDED = "provision-needed";

/**
 * What an agent is to do with work that it is given: first it evaluates the metrics that target it, so that a
 * device which has everything is given nothing to fetch. [PROTOCOL 4.4, 4.5, S-30]
 */
export function taskFor(device: Device, work: Work, row: Installation): Task {
  const { operation, revision } = work;
  const isJudged = operation === "uninstall" || operation === "repair" || hasBegun(row);
  if (isJudged || (row.source === "agent" && row.nativeValue === PROVISION_NEEDED)) return "apply";
  const metrics = revision.agent?.metrics ?? [];
  return metrics.some(({ targeting }) => fitsTargeting(device, targeting)) ? "evaluate" : "apply";
}

/**
 * Work as an agent is told it: targeting is resolved, default commands and all that the site knows of the
 * device are filled in. [PROTOCOL 4.3 to 4.10]
 */
export function planWork(
  device: Device,
  work: Work,
  task: Task,
  urlFor: (file: PackageFile) => string,
): PlanWork {
  const { distribution, revision, operation, attempt } = work;
  const install = revision.agent ?? NOTHING;
  const tokens = tokensFor(device, work);
  const actions = operation === "uninstall" ? install.uninstall : install.actions;
  const steps = task === "apply" ? actions.map((one, at) => stepFor(device, one, at, tokens)) : [];
  const fetched = new Set(
    steps.flatMap((step) =>
      step.kind === "Download" && step.skip === undefined ? [step.source] : [],
    ),
  );
  return {
    distribution: distribution.id,
    attempt,
    operation,
    package: { id: work.package.id, name: work.package.name, version: revision.version },
    do: task,
    metrics:
      operation === "uninstall"
        ? []
        : install.metrics.flatMap((metric) => metricFor(device, metric, tokens)),
    steps,
    files: install.files
      .filter(({ name }) => fetched.has(name))
      .map((file): PlanFile => {
        const { name, bytes, sha256 } = file;
        return { name, bytes, sha256, url: urlFor(file) };
      }),
  };
}

const NOTHING: AgentInstall = { files: [], actions: [], uninstall: [], metrics: [] };

type SiteTokens = Readonly<Record<SiteToken, string | null>>;

function tokensFor(device: Device, { package: app, revision }: Work): SiteTokens {
  const { id, name, cpu, osMajor, osPlatform, osVersion } = device;
  const [major, minor] = osVersion?.split(".") ?? [];
  return {
    DEVICENAME: name,
    DEVICEID: id,
    CPU: cpu,
    OSMAJOR: osMajor === null ? (major ?? null) : String(osMajor),
    OSMINOR: minor ?? null,
    OSPLATFORM: osPlatform,
    PACKAGE: app.id,
    VERSION: revision.version,
  };
}

function stepFor(device: Device, action: Action, index: number, tokens: SiteTokens): PlanStep {
  const problems: string[] = [];
  const fill = (text: string): string => {
    const filled = fillInFacts(text, tokens);
    if ("text" in filled) return filled.text;
    problems.push(filled.problem);
    return text;
  };
  const { critical, targeting } = action;
  const step = paramsOf(device, action, fill, problems);
  const isTargeted = fitsTargeting(device, targeting);
  const [problem] = problems;
  return {
    ...step,
    index,
    critical,
    ...(isTargeted ? {} : { skip: "not-targeted" }),
    ...(isTargeted && problem !== undefined ? { problem } : {}),
  };
}

type Params = PlanStep extends infer Step
  ? Step extends PlanStep
    ? Omit<Step, "index" | "critical" | "skip" | "problem">
    : never
  : never;

function paramsOf(
  device: Device,
  action: Action,
  fill: (text: string) => string,
  problems: string[],
): Params {
  switch (action.kind) {
    case "Download":
      return { kind: action.kind, source: action.source, target: fill(action.target) };
    case "Install": {
      const command = installCommand(action, familyOf(device));
      if ("problem" in command) problems.push(command.problem);
      const text = "text" in command ? fill(command.text) : (action.command ?? "");
      return { kind: action.kind, file: fill(action.file), command: text };
    }
    case "Uninstall":
      return { kind: action.kind, name: fill(action.name) };
    case "WarmBoot":
      return { kind: action.kind };
    case "Run":
      return { kind: action.kind, command: fill(action.command), timeout: action.timeout };
    case "Terminate":
      return { kind: action.kind, modules: fill(action.modules) };
    case "CopyFiles":
    case "MoveFiles":
    case "RenameFile":
    case "RenameFolder":
      return { kind: action.kind, source: fill(action.source), target: fill(action.target) };
    case "DeleteFiles":
    case "CreateFolder":
    case "RemoveFolder":
      return { kind: action.kind, path: fill(action.path) };
  }
}

/** One that is not for the device does not count. One whose file cannot be named never holds. */
function metricFor(device: Device, metric: NumberedMetric, tokens: SiteTokens): PlanMetric[] {
  if (!fitsTargeting(device, metric.targeting)) return [];
  const { number } = metric;
  const filled = fillInFacts(metric.file, tokens);
  const file = "text" in filled ? filled.text : metric.file;
  switch (metric.kind) {
    case "FileHash":
      return [{ kind: metric.kind, number, file, hash: metric.hash }];
    case "FileVersion": {
      const { kind, field, part, operator, value } = metric;
      return [{ kind, number, file, field, part, operator, value }];
    }
    case "FileSize":
      return [{ kind: metric.kind, number, file, operator: metric.operator, size: metric.size }];
  }
}
