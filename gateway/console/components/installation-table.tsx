import { fieldIs } from "../../../devices/filter/filter.ts";
import type { InstallationView } from "../../reports/report-reader.ts";
import { rowsUrl, url, type View } from "../view.ts";
import { CONTACT_WORDS, OPERATION_WORDS, REASON_WORDS } from "../words.ts";
import { Badge, StatusBadge } from "./badge.tsx";
import { DeviceError } from "./device-error.tsx";
import { When } from "./when.tsx";

export interface InstallationTableProps {
  readonly view: View;
  readonly rows: readonly InstallationView[];
  readonly caption: string;
  /** With boxes to choose rows; the table then stands in a form. */
  readonly choosable?: boolean;
  /** The device is clear from the page. */
  readonly withoutDevice?: true;
}

/** Rows of the report as people read them: what, where, how it is, why, and what comes next. */
export function InstallationTable(props: InstallationTableProps) {
  const { view, rows, caption, choosable, withoutDevice } = props;
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {choosable && (
              <th scope="col">
                <input
                  type="checkbox"
                  data-check-all
                  aria-label="Choose all rows of this page"
                  hidden
                />
              </th>
            )}
            {!withoutDevice && <th scope="col">Device</th>}
            <th scope="col">App</th>
            <th scope="col">Status</th>
            <th scope="col">Why, and what comes next</th>
            <th scope="col">{CONTACT_WORDS[view.role].label}</th>
            {view.role === "hub" && <th scope="col">Site</th>}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr id={`row-${row.id}`} class={row.siteStale ? "stale" : undefined}>
              {choosable && (
                <td class="check">
                  <input
                    type="checkbox"
                    name="id"
                    value={row.id}
                    aria-label={`Choose ${row.packageName} on ${row.deviceName}`}
                  />
                </td>
              )}
              {!withoutDevice && (
                <td class="title">
                  <a href={url(view, `/devices/${row.device}`)}>{row.deviceName}</a>
                </td>
              )}
              <td data-label="App">
                <span>
                  <a href={url(view, `/apps/${row.package}`)}>{row.packageName}</a>
                  <span class="sub">
                    {OPERATION_WORDS[row.operation]} {row.targetVersion}
                    {row.version !== null && row.version !== row.targetVersion
                      ? `, has ${row.version}`
                      : ""}
                  </span>
                </span>
              </td>
              <td data-label="Status">
                <StatusCell view={view} row={row} />
              </td>
              <td data-label="Why and next">
                <ReasonCell view={view} row={row} />
              </td>
              <td data-label={CONTACT_WORDS[view.role].label}>
                <When
                  view={view}
                  at={row.deviceLastContactMs}
                  site={row.site}
                  none={CONTACT_WORDS[view.role].none}
                  stacked
                />
              </td>
              {view.role === "hub" && (
                <td data-label="Site">
                  <SiteCell view={view} row={row} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Status, granular state and its meaning, with marks for what needs a look. */
export function StatusCell({ view, row }: { view: View; row: InstallationView }) {
  return (
    <span>
      <a class="plain" href={url(view, `/installations/${row.id}`)}>
        <StatusBadge view={view} bucket={row.bucket} label={row.statusLabel} />
      </a>{" "}
      {row.attention && row.bucket !== "failed" && (
        <Badge view={view} kind="warn" label="Needs attention" />
      )}
      {row.anomaly && <Badge view={view} kind="warn" label="Unexpected report" />}
      {row.stale && <Badge view={view} kind="warn" label="Last known" />}
      {row.state !== null && <span class="state">{row.state}</span>}
      <span class="sub">{row.description}</span>
    </span>
  );
}

/** Why a row stands where it stands: reason, since when, next attempt, or the error. */
export function ReasonCell({ view, row }: { view: View; row: InstallationView }) {
  return (
    <span>
      {row.reason !== null && <span class="why">{REASON_WORDS[row.reason]}</span>}
      {row.reasonDetail !== "" && <span class="sub">{capital(row.reasonDetail)}</span>}
      {row.bucket === "failed" && <DeviceError code={row.lastError} text={row.lastErrorText} />}
      <span class="sub">
        Since <When view={view} at={row.sinceMs} site={row.site} />
        {view.role === "hub" && row.reason !== null && ", as heard here"}
      </span>
      {(row.bucket === "pending" || row.reason !== null) && (
        <span class="sub">
          Next attempt{" "}
          <When view={view} at={row.nextAttemptMs} site={row.site} none={row.nextAttemptNote} />
        </span>
      )}
      {row.siteKnowsMore && <span class="sub">More is known at {row.siteName}: ask the site</span>}
      {row.attempt > 1 && <span class="sub">Attempt {row.attempt}</span>}
    </span>
  );
}

function SiteCell({ view, row }: { view: View; row: InstallationView }) {
  return (
    <span>
      <a href={rowsUrl(view, [fieldIs("site", row.site)])}>{row.siteName}</a>
      <span class="sub">
        {row.siteStale && <Badge view={view} kind="warn" label="Stale" />} as of{" "}
        <When view={view} at={row.asOfMs} site={row.site} />
      </span>
    </span>
  );
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
