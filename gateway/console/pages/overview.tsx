import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { mergedOccurrences } from "../../../devices/windows/occurrences.ts";
import type { Scope } from "../../access/role.ts";
import type { SiteSummary } from "../../http/use-cases.ts";
import type { BucketCounts, GroupedCounts, InstallationView } from "../../reports/report-reader.ts";
import { Donut } from "../charts/donut.tsx";
import { OccurrenceChart } from "../charts/occurrence-chart.tsx";
import { StackedBars } from "../charts/stacked-bars.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { InstallationTable } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import type { InstantMark } from "../console-deps.ts";
import type { Kit, Visit } from "../kit.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View } from "../view.ts";
import { REASON_WORDS } from "../words.ts";
import { SiteCards, StaleBand } from "./sites.tsx";

const APPS_SHOWN = 8;
const ROWS_SHOWN = 6;
const FRAMES_LOOKED_AT = 50;
const WEEK_MS = 7 * 24 * 3_600_000;

/** The first page: is all well, what needs a look, what comes next. */
export function overviewPage(kit: Kit): void {
  kit.page("/", async (visit) => <Overview view={visit.view} {...(await readOverview(visit))} />);
}

interface OverviewData {
  readonly counts: BucketCounts;
  readonly attention: number;
  readonly devices: number;
  readonly apps: readonly GroupedCounts[];
  readonly reasons: readonly GroupedCounts[];
  readonly latest: readonly InstallationView[];
  readonly policy: Policy;
  readonly knocks: number;
  readonly files: number;
  readonly brokenFiles: number;
  /** Frames that were set aside within a week, as far as was looked. */
  readonly newFrames: number;
  readonly sites: readonly SiteSummary[] | undefined;
  readonly marks: readonly InstantMark[];
}

async function readOverview({ deps }: Visit): Promise<OverviewData> {
  const { hub, oversight, reports, site } = deps;
  const nowMs = deps.now();
  const [counts, attention, devices, apps, reasons, latest, knocks, files, sites, marks, frames] =
    await Promise.all([
      reports.buckets([]),
      reports.count([fieldIs("attention", "true")]),
      reports.countDevices([fieldIs("removed", "false")]),
      reports.groupedBy("package", []),
      reports.groupedBy("reason", []),
      reports.list({ filter: [], limit: ROWS_SHOWN, sort: "-observed" }),
      site?.knocks.list(),
      deps.files.list(),
      hub?.sites(),
      deps.instants(nowMs - WEEK_MS, nowMs + WEEK_MS),
      oversight?.quarantined({ limit: FRAMES_LOOKED_AT }),
    ]);
  return {
    counts,
    attention,
    devices,
    apps: [...apps].sort((a, b) => b.counts.total - a.counts.total),
    reasons: [...reasons].sort((a, b) => b.counts.total - a.counts.total),
    latest: latest.rows,
    policy: deps.policy.read(),
    knocks: knocks?.length ?? 0,
    files: files.length,
    brokenFiles: files.filter(({ state }) => state === "quarantined").length,
    // They stay for months and cannot be put away: only what is new wants a look.
    newFrames: (frames?.rows ?? []).filter(({ receivedAtMs }) => receivedAtMs > nowMs - WEEK_MS)
      .length,
    sites,
    marks,
  };
}

function Overview(props: OverviewData & { view: View }) {
  const { view, counts, attention, devices, apps, latest, policy, sites } = props;
  const isEmpty = counts.total === 0 && policy.distributions.length === 0;
  return (
    <Page
      view={view}
      title="Overview"
      lead={
        view.role === "hub"
          ? "All sites in one report, each as of its last news."
          : "What this site knows now, with or without its line."
      }
    >
      <Live view={view}>
        {sites && <StaleBand view={view} sites={sites} />}
        <Attention {...props} />
        <div class="tiles">
          <a
            class="tile"
            href={url(view, "/devices", { filter: "removed:false" })}
            data-count={devices}
          >
            <span class="tile-label">Devices</span>
            <span class="number">{countWords(devices)}</span>
          </a>
          <a class="tile" href={url(view, "/apps")} data-count={policy.packages.size}>
            <span class="tile-label">Apps</span>
            <span class="number">{countWords(policy.packages.size)}</span>
          </a>
          <a class="tile" href={url(view, "/distributions")}>
            <span class="tile-label">Distributions</span>
            <span class="number">
              {countWords(policy.distributions.filter((one) => one.stoppedAtMs === null).length)}
            </span>
          </a>
          <a
            class="tile"
            href={rowsUrl(view, [fieldIs("attention", "true")])}
            data-count={attention}
          >
            <span class="tile-label">Need attention</span>
            <span class="number">{countWords(attention)}</span>
          </a>
        </div>
        {isEmpty && <FirstSteps {...props} />}
        {!isEmpty && (
          <div class="grid">
            <div class="w5 stack">
              <Card title="Where the installations stand">
                <Donut view={view} counts={counts} terms={[]} />
              </Card>
              <Card title="What waits, and why">
                <Reasons {...props} />
              </Card>
            </div>
            <Card
              title="By app"
              width="w7"
              aside={<a href={url(view, "/apps")}>All {plural(policy.packages.size, "app")}</a>}
            >
              <StackedBars
                view={view}
                rows={apps.slice(0, APPS_SHOWN).map((app) => ({
                  ...app,
                  href: url(view, `/apps/${app.key}`),
                  terms: [fieldIs("package", app.key)],
                }))}
              />
            </Card>
          </div>
        )}
        {!isEmpty && sites && (
          <Card title="Sites" aside={<a href={url(view, "/sites")}>All sites</a>}>
            <SiteCards view={view} sites={sites} />
          </Card>
        )}
        {!isEmpty && !sites && (
          <Card
            title="Next maintenance windows"
            aside={<a href={url(view, "/windows")}>All windows</a>}
          >
            <NextWindows {...props} />
          </Card>
        )}
        {!isEmpty && (
          <Card
            title="Latest changes"
            flush
            aside={<a href={url(view, "/installations")}>All installations</a>}
          >
            <InstallationTable view={view} rows={latest} caption="Latest changes" />
          </Card>
        )}
      </Live>
    </Page>
  );
}

/** What somebody should look at, each with the way there. */
function Attention(props: OverviewData & { view: View }) {
  const { view, knocks, brokenFiles, newFrames, policy, counts } = props;
  const open = policy.distributions.some(
    ({ mode, stoppedAtMs }) => mode === "automatic" && stoppedAtMs === null,
  );
  const isWindowless = open && !policy.windows.some(({ enabled }) => enabled);
  const isAnything = knocks > 0 || brokenFiles > 0 || newFrames > 0 || counts.failed > 0;
  if (!isAnything && !isWindowless) return null;
  return (
    <Band view={view} kind="warn">
      <ul>
        {counts.failed > 0 && (
          <li>
            <a href={rowsUrl(view, [], "failed")} data-count={counts.failed}>
              {plural(counts.failed, "installation")} failed
            </a>
            : look at the errors and retry
          </li>
        )}
        {isWindowless && (
          <li>
            Automatic work waits for ever:{" "}
            <a href={url(view, "/windows")}>set a maintenance window</a>
          </li>
        )}
        {knocks > 0 && (
          <li>
            <a href={url(view, "/enrolment")}>{plural(knocks, "unknown device")}</a> knocked and{" "}
            {knocks === 1 ? "waits" : "wait"} for your approval
          </li>
        )}
        {brokenFiles > 0 && (
          <li>
            <a href={url(view, "/files")}>{plural(brokenFiles, "file")}</a> turned out to be damaged
            and {brokenFiles === 1 ? "is" : "are"} not served
          </li>
        )}
        {newFrames > 0 && (
          <li>
            <a href={url(view, "/quarantine")}>
              {newFrames >= FRAMES_LOOKED_AT ? "Many frames" : plural(newFrames, "frame")}
            </a>{" "}
            of sites failed a check this week and {newFrames === 1 ? "was" : "were"} set aside
          </li>
        )}
      </ul>
    </Band>
  );
}

function Reasons({ view, reasons }: OverviewData & { view: View }) {
  const named = reasons.filter(({ key }) => key !== "");
  if (named.length === 0) return <p class="muted">Nothing waits.</p>;
  return (
    <ul class="legend">
      {named.map(({ key, counts }) => (
        <li>
          <a href={rowsUrl(view, [fieldIs("reason", key)])} data-count={counts.total}>
            <span>{REASON_WORDS[key as keyof typeof REASON_WORDS] ?? key}</span>
            <span />
            <b>{countWords(counts.total)}</b>
          </a>
        </li>
      ))}
    </ul>
  );
}

async function NextWindows({ view, policy, marks }: OverviewData & { view: View }) {
  const windows = policy.windows.filter(({ enabled }) => enabled);
  const coming = mergedOccurrences(windows, view.zone, view.nowMs, view.nowMs + WEEK_MS);
  const next = coming[0];
  if (!next) {
    return (
      <p class="muted">
        No window in the next seven days. <a href={url(view, "/windows")}>Windows</a>
      </p>
    );
  }
  return (
    <>
      <p>
        {next.startMs <= view.nowMs ? "Running until " : "Next: "}
        <When view={view} at={next.startMs <= view.nowMs ? next.endMs : next.startMs} />
      </p>
      <OccurrenceChart
        view={view}
        occurrences={coming.slice(0, 5)}
        marks={marks}
        zone={view.zone}
      />
    </>
  );
}

interface Step {
  readonly title: string;
  readonly words: string;
  readonly path: string;
  readonly action: string;
  readonly scope: Scope;
  readonly done: boolean;
}

/** For a gateway with nothing in it: the way to the first installation, with what is done already. */
function FirstSteps({ view, policy, devices, files }: OverviewData & { view: View }) {
  const isHub = view.role === "hub";
  const steps: readonly Step[] = [
    {
      title: "Bring the app's file here",
      words: "It is stored by its SHA-256 and served to devices from this gateway.",
      path: "/files/upload",
      action: "Upload a file",
      scope: "policy:write",
      done: files > 0,
    },
    {
      title: "Make an app of it",
      words: "Name, platform, product id and version.",
      path: "/apps/new",
      action: "Make an app",
      scope: "policy:write",
      done: policy.packages.size > 0,
    },
    {
      title: "Say when work may happen",
      words: "Automatic work starts inside a maintenance window, at a moment of each device's own.",
      path: "/windows/new",
      action: "Set a window",
      scope: "policy:write",
      done: policy.windows.length > 0,
    },
    isHub
      ? {
          title: "Let a site join",
          words: "A one-time code ties a branch's gateway to this hub.",
          path: "/sites",
          action: "Make a join code",
          scope: "sites:write",
          done: devices > 0,
        }
      : {
          title: "Make your devices known",
          words: "By an enrolment code, one by one, or by approving those that knocked.",
          path: "/enrolment",
          action: "Enrol devices",
          scope: "devices:write",
          done: devices > 0,
        },
    {
      title: "Distribute the app",
      words: "To all devices, a group, or one device first.",
      path: "/distributions/new",
      action: "Distribute",
      scope: "policy:write",
      done: policy.distributions.length > 0,
    },
  ];
  return (
    <Card title="First steps">
      <ol class="steps">
        {steps.map(({ title, words, path, action, scope, done }, index) => (
          <li class={done ? "done" : undefined}>
            <span class="step-mark" aria-hidden="true">
              {done ? "✓" : index + 1}
            </span>
            <span>
              <b>{title}</b>
              {done && <span class="visually-hidden"> (done)</span>}
              <span class="sub muted"> {words} </span>
              {!done && (
                <Way view={view} scope={scope} path={path}>
                  {action}
                </Way>
              )}
            </span>
          </li>
        ))}
      </ol>
    </Card>
  );
}
