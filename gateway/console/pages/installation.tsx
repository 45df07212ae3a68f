import { bucketOf, labelOf } from "../../../devices/install/matrix.ts";
import type { Platform } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import { type InstallationKey, parseInstallationId } from "../../../devices/model/ids.ts";
import { recordAction } from "../../http/audited.ts";
import type { InstallationView } from "../../reports/report-reader.ts";
import { type WorkReport, workReport } from "../../reports/work-report.ts";
import { Action } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { DeviceError } from "../components/device-error.tsx";
import { type FactEntry, FactList } from "../components/fact-list.tsx";
import { ReasonCell, StatusCell } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import { MetricTable, StepTable } from "../components/work-report.tsx";
import type { FormVisit, Kit } from "../kit.tsx";
import { whyNotRequest, whyNotRetry } from "../row-actions.ts";
import { plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";
import { CONTACT_WORDS, OPERATION_WORDS } from "../words.ts";

/** Facts shown at first; the rest is one click away. */
const FACTS_SHOWN = 200;

/** One app on one device: how it is, what can be done, and everything that ever happened to it. */
export function installationPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/installations/:id", async ({ c, view }) => {
    const key = needKey(c.req.param("id"));
    const row = await deps.reports.installation(key);
    if (!row) throw new AppError("not-found", "there is no such installation");
    const facts = await deps.reports.history(key);
    const isAll = c.req.query("all") === "yes";
    const install = deps.policy.read().revisions.get(row.revision)?.agent;
    const device = install ? await deps.reports.device(row.device) : undefined;
    const attempt = Number(c.req.query("attempt") ?? Number.NaN);
    const isTold = device?.protocol === "agent";
    return (
      <InstallationPage
        view={view}
        row={row}
        facts={facts}
        isAll={isAll}
        work={install && isTold ? workReport({ row, facts, install, device, attempt }) : undefined}
      />
    );
  });

  kit.form("installations:write", "/installations/:id/retry", async (visit) => {
    const { id, key, useCases } = acting(visit);
    await useCases.retryInstallation(key, visit.principal.name);
    await recordAction(deps.audit, visit.c, "installation.retry", id);
    return kit.done(visit.c, `/installations/${id}`, "It will be tried again.");
  });

  kit.form("installations:write", "/installations/:id/request", async (visit) => {
    const { id, key, useCases } = acting(visit);
    await useCases.requestInstallation(key, visit.principal.name);
    await recordAction(deps.audit, visit.c, "installation.request", id);
    const notice = "Asked for: it starts at the device's next contact.";
    return kit.done(visit.c, `/installations/${id}`, notice);
  });

  function acting({ c }: FormVisit) {
    if (!deps.site) throw new AppError("conflict", "this is done at the site of the device");
    const id = c.req.param("id") ?? "";
    return { id, key: needKey(id), useCases: deps.site.useCases };
  }
}

interface InstallationPageProps {
  readonly view: View;
  readonly row: InstallationView;
  readonly facts: readonly Fact[];
  readonly isAll: boolean;
  /** Of an agent. */
  readonly work: WorkReport | undefined;
}

function InstallationPage({ view, row, facts, isAll, work }: InstallationPageProps) {
  const latest = [...facts].reverse();
  const shown = isAll ? latest : latest.slice(0, FACTS_SHOWN);
  const more = latest.length - shown.length;
  return (
    <Page
      view={view}
      title={`${row.packageName} on ${row.deviceName}`}
      crumbs={[
        { label: "Devices", path: "/devices" },
        { label: row.deviceName, path: `/devices/${row.device}` },
      ]}
    >
      <Live view={view}>
        <div class="grid">
          <Card title="Now" width="w7">
            <div class="now">
              <StatusCell view={view} row={row} />
              <ReasonCell view={view} row={row} />
              <div class="buttons">
                <Action
                  view={view}
                  path={`/installations/${row.id}/retry`}
                  label="Retry"
                  icon="retry"
                  whyNot={whyNotRetry(view, row)}
                />
                {row.mode === "on-demand" && (
                  <Action
                    view={view}
                    path={`/installations/${row.id}/request`}
                    label="Install on demand"
                    icon="download"
                    whyNot={whyNotRequest(view, row)}
                  />
                )}
              </div>
            </div>
          </Card>
          <Card title="Particulars" width="w5">
            <Particulars view={view} row={row} />
          </Card>
        </div>
        {work && <WorkCards view={view} row={row} work={work} />}
        <Card
          title="History"
          aside={
            <span class="muted">{plural(facts.length, "entry", "entries")}, latest first</span>
          }
        >
          {facts.length === 0 ? (
            <p class="muted">Nothing was recorded yet.</p>
          ) : (
            <ol class="history" data-rows={shown.length}>
              {shown.map((fact) => (
                <FactLine view={view} fact={fact} platform={row.platform} />
              ))}
            </ol>
          )}
          {more > 0 && (
            <a href={url(view, `/installations/${row.id}`, { all: "yes" })}>
              Show {plural(more, "older entry", "older entries")}
            </a>
          )}
        </Card>
      </Live>
    </Page>
  );
}

/** What the agent said of each step and each metric. */
function WorkCards({ view, row, work }: { view: View; row: InstallationView; work: WorkReport }) {
  const { attempt, attempts, steps, metrics } = work;
  const others = attempts.filter((one) => one !== attempt);
  const here = `/installations/${row.id}`;
  return (
    <>
      <Card
        title={`Steps of attempt ${attempt}`}
        flush
        aside={
          others.length > 0 && (
            <span class="muted">
              Other attempts:{" "}
              {others.map((one, n) => (
                <>
                  {n > 0 && ", "}
                  <a href={url(view, here, { attempt: one })}>{one}</a>
                </>
              ))}
            </span>
          )
        }
      >
        <StepTable
          view={view}
          steps={steps}
          site={row.site}
          caption={`Steps of attempt ${attempt}`}
        />
      </Card>
      {metrics.length > 0 && (
        <Card title="Metrics on this device" flush>
          <MetricTable view={view} metrics={metrics} site={row.site} />
        </Card>
      )}
    </>
  );
}

function Particulars({ view, row }: { view: View; row: InstallationView }) {
  const contact = CONTACT_WORDS[view.role];
  const entries: readonly FactEntry[] = [
    ["App", <a href={url(view, `/apps/${row.package}`)}>{row.packageName}</a>],
    [
      "Distribution",
      <a href={url(view, `/distributions/${row.distribution}`)}>{row.distribution}</a>,
    ],
    ["What is done", `${OPERATION_WORDS[row.operation]} ${row.targetVersion}, ${modeWords(row)}`],
    ["On the device", row.version ?? "no version known"],
    [
      contact.label,
      <When view={view} at={row.deviceLastContactMs} site={row.site} none={contact.none} />,
    ],
    ["Observed", <When view={view} at={row.observedAtMs} site={row.site} />],
    ["Attempt", String(row.attempt)],
    ["The device's own word", row.nativeValue ?? "none yet"],
    [
      "Error",
      row.lastError === null && row.lastErrorText === null ? null : (
        <DeviceError code={row.lastError} text={row.lastErrorText} signed />
      ),
    ],
    ["Managed", row.managed === null ? null : row.managed ? "yes" : "no"],
    ["Site", view.role === "hub" ? row.siteName : null],
    [
      "Report as of",
      view.role === "hub" ? <When view={view} at={row.asOfMs} site={row.site} /> : null,
    ],
    ["Order", `${row.incarnation} / ${row.attempt} / ${row.sequence}`],
  ];
  return <FactList entries={entries} />;
}

/** One fact: what it said, who said it, and what became of the row. */
function FactLine(props: { view: View; fact: Fact; platform: Platform }) {
  const { view, fact, platform } = props;
  const bucket = fact.status === null ? "" : bucketOf(fact.status, fact.operation ?? "install");
  const isLate = fact.effect === "late";
  return (
    <li class={`${bucket} ${isLate ? "late" : ""}`} id={`fact-${fact.siteIncarnation}-${fact.seq}`}>
      <div class="line">
        <b>{fact.status === null ? deviceWords(fact) : labelOf(platform, fact.status)}</b>
        {fact.state !== null && <span>{fact.state}</span>}
        {isLate && <Badge view={view} kind="plain" label="Came late: kept as history only" />}
        {fact.effect === "repeated" && <Badge view={view} kind="plain" label="Said again" />}
        {fact.anomaly && <Badge view={view} kind="warn" label="Unexpected" />}
      </div>
      <div class="small muted">
        <When view={view} at={fact.atMs} site={fact.site} /> · {sourceWords(fact)}
        {isFromSession(view, fact) && (
          <>
            {" · "}
            <a href={url(view, `/devices/${fact.device}/sessions`, { at: fact.atMs })}>
              its session
            </a>
          </>
        )}
        {fact.attempt !== null && fact.attempt > 1 ? ` · attempt ${fact.attempt}` : ""}
        {fact.version !== null ? ` · version ${fact.version}` : ""}
      </div>
      <div class="small">
        <DeviceError code={fact.lastError} text={fact.text} signed />
      </div>
    </li>
  );
}

function isFromSession(view: View, fact: Fact): boolean {
  return (
    view.role === "site" &&
    fact.protocol === "oma-dm" &&
    whyNot(view, "sessions:read") === undefined
  );
}

function deviceWords(fact: Fact): string {
  return fact.value.length <= 40 ? fact.value : fact.kind;
}

/** Whose word it is: the device's own value over a protocol, or a decision and who made it. */
function sourceWords(fact: Fact): string {
  if (fact.kind === "decision") {
    const words: Readonly<Record<string, string>> = {
      born: "meant for this device",
      offered: "sent to the device",
      retried: "retry",
      requested: "asked for",
      stopped: "stopped",
      evaluated: "looked at in the window",
      adopted: "taken over from the hub",
      kept: "kept after a restore",
    };
    return `${words[fact.value] ?? fact.value}, by ${fact.by}`;
  }
  return `the device said ${fact.value} (${fact.source} over ${fact.protocol})`;
}

function modeWords(row: InstallationView): string {
  return row.mode === "automatic" ? "automatically in the window" : "on demand";
}

function needKey(id: string | undefined): InstallationKey {
  const key = parseInstallationId(id ?? "");
  if (!key) throw new AppError("not-found", "this is not the id of an installation");
  return key;
}
