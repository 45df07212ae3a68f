import type { SiteId } from "../../../devices/model/ids.ts";
import type {
  MetricOutcome,
  StepOutcome,
  ToldMetric,
  ToldStep,
} from "../../reports/work-report.ts";
import { actionWords, metricWords, targetWords } from "../step-words.ts";
import { countWords } from "../time-words.ts";
import type { View } from "../view.ts";
import { Badge } from "./badge.tsx";
import { CardTable } from "./card-table.tsx";
import { When } from "./when.tsx";

const STEP_LOOKS: Readonly<
  Record<StepOutcome, { kind: "good" | "warn" | "bad" | "plain"; label: string }>
> = {
  succeeded: { kind: "good", label: "Done" },
  failed: { kind: "bad", label: "Failed" },
  "timed-out": { kind: "warn", label: "Left running" },
  skipped: { kind: "plain", label: "Not for this device" },
  "not-run": { kind: "plain", label: "Not run" },
  waits: { kind: "plain", label: "Not told yet" },
};

interface StepTableProps {
  readonly view: View;
  readonly steps: readonly ToldStep[];
  readonly site: SiteId;
  readonly caption: string;
}

/** What became of each step, in the order of the package; those that nothing is known of stand as one. */
export function StepTable({ view, steps, site, caption }: StepTableProps) {
  const last = steps.findLastIndex(({ atMs }) => atMs !== null);
  const told = steps.slice(0, Math.max(last + 1, STEPS_AHEAD));
  const rest = steps.slice(told.length);
  return (
    <CardTable caption={caption} columns={["Step", "Result", "What the device said", "When"]}>
      {told.map(({ index, action, outcome, exitCode, text, atMs }) => {
        const target = targetWords(action.targeting);
        return (
          <tr>
            <td class="title">
              {index + 1}. {actionWords(action)}
              {target !== null && <span class="sub">On {target} alone.</span>}
            </td>
            <td data-label="Result">
              <span>
                <Badge view={view} {...STEP_LOOKS[outcome]} />
                {exitCode !== null && <span class="sub">Exit code {exitCode}</span>}
              </span>
            </td>
            <td data-label="It said">
              {text === null ? (
                <span class="muted">nothing</span>
              ) : (
                <span class="small told">{STEP_TEXTS[text] ?? text}</span>
              )}
            </td>
            <td data-label="When">
              <When view={view} at={atMs} site={site} none="not yet" />
            </td>
          </tr>
        );
      })}
      {rest.length > 0 && <RestOfSteps view={view} rest={rest} />}
    </CardTable>
  );
}

/** So many steps are shown before anything was told. */
const STEPS_AHEAD = 3;

function RestOfSteps({ view, rest }: { view: View; rest: readonly ToldStep[] }) {
  const [first] = rest;
  const end = rest.at(-1);
  if (!first || !end) return null;
  const numbers =
    rest.length === 1 ? `${end.index + 1}.` : `${first.index + 1}. to ${end.index + 1}.`;
  return (
    <tr>
      <td class="title">{numbers}</td>
      <td data-label="Result">
        <Badge view={view} {...STEP_LOOKS[first.outcome]} />
      </td>
      <td data-label="It said">
        <span class="muted">
          {first.outcome === "not-run" ? "The work ended before them" : "nothing"}
        </span>
      </td>
      <td data-label="When">
        <When view={view} at={null} none="not yet" />
      </td>
    </tr>
  );
}

/** Words of the agent's own. */
const STEP_TEXTS: Readonly<Record<string, string>> = {
  launched_no_wait: "started, and not waited for",
  timed_out_continue: "waited for as long as the step says, then left running",
  "not-targeted": "its processor or system is another one",
};

const METRIC_LOOKS: Readonly<
  Record<MetricOutcome, { kind: "good" | "bad" | "plain"; label: string }>
> = {
  holds: { kind: "good", label: "Holds" },
  unmet: { kind: "bad", label: "Does not hold" },
  "not-targeted": { kind: "plain", label: "Not for this device" },
  "not-known": { kind: "plain", label: "Not told" },
};

interface MetricTableProps {
  readonly view: View;
  readonly metrics: readonly ToldMetric[];
  readonly site: SiteId;
}

/** What is wanted of the device's files, and what was found. */
export function MetricTable({ view, metrics, site }: MetricTableProps) {
  return (
    <CardTable
      caption="Metrics on this device"
      columns={["Wanted", "On the device", "Found", "Looked at"]}
    >
      {metrics.map(({ metric, outcome, found, atMs }) => (
        <tr>
          <td class="title">
            <code class="path">{metric.file}</code>{" "}
            <span class="sub">
              {metricWords(metric)} <code class="path">{wantedValue(metric)}</code>
            </span>
          </td>
          <td data-label="On the device">
            <Badge view={view} {...METRIC_LOOKS[outcome]} />
          </td>
          <td data-label="Found">
            {found === null ? (
              <span class="muted">{outcome === "holds" ? "what is wanted" : "nothing told"}</span>
            ) : (
              <span class="small told">{found}</span>
            )}
          </td>
          <td data-label="Looked at">
            <When view={view} at={atMs} site={site} none="not yet" />
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function wantedValue(metric: ToldMetric["metric"]): string {
  switch (metric.kind) {
    case "FileHash":
      return metric.hash;
    case "FileSize":
      return `${countWords(metric.size)} bytes`;
    case "FileVersion":
      return metric.value;
  }
}
