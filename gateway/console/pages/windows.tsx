import { AppError } from "../../../devices/model/errors.ts";
import { parseWindowId } from "../../../devices/model/ids.ts";
import type { MaintenanceWindow, Occurrence } from "../../../devices/model/window.ts";
import { mergedOccurrences, preview } from "../../../devices/windows/occurrences.ts";
import { recordAction } from "../../http/audited.ts";
import { windowFrom } from "../authoring.ts";
import { OccurrenceChart } from "../charts/occurrence-chart.tsx";
import { Action } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Icon } from "../components/icon.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import { WindowForm } from "../components/window-form.tsx";
import type { InstantMark } from "../console-deps.ts";
import { FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { absoluteWords, clockWords, durationWords, plural } from "../time-words.ts";
import { url, type View, whyNot, zoneOf } from "../view.ts";

/** Occurrences in the picture of a window. */
const OCCURRENCES_SHOWN = 10;
const MINUTE_MS = 60_000;
const AHEAD_MS = 14 * 24 * 60 * MINUTE_MS;

/** Maintenance windows: when they come next, and at which moment each device has its turn. */
export function windowPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/windows", async (visit) => {
    const { windows } = deps.policy.read();
    const { view } = visit;
    const active = windows.filter(({ enabled }) => enabled);
    const occurrences = mergedOccurrences(
      active,
      view.zone,
      view.nowMs,
      view.nowMs + AHEAD_MS,
    ).slice(0, OCCURRENCES_SHOWN);
    return (
      <ListPage
        view={view}
        windows={windows}
        occurrences={occurrences}
        marks={await marksOf(occurrences)}
      />
    );
  });

  kit.pageFor("policy:write", "/windows/new", async ({ view }) => (
    <FormPage view={view} title="New maintenance window" path="/windows/new" form={FRESH_FORM} />
  ));

  kit.form(
    "policy:write",
    "/windows/new",
    async (visit) => {
      const window = windowFrom(visit.form, deps.policy.read(), undefined);
      await deps.author.write(
        [{ kind: "window", id: window.id, body: { ...window } }],
        visit.principal.name,
      );
      await recordAction(deps.audit, visit.c, "window.create", window.id, { ...window });
      return kit.done(visit.c, `/windows/${window.id}`, "The window is set.");
    },
    ({ view, form }) => (
      <FormPage view={view} title="New maintenance window" path="/windows/new" form={form} />
    ),
  );

  kit.page("/windows/:id", async (visit) => {
    const window = needWindow(visit);
    const { view } = visit;
    const occurrences = preview(window, zoneOfWindow(view, window), view.nowMs, OCCURRENCES_SHOWN);
    return (
      <DetailPage
        view={view}
        window={window}
        occurrences={window.enabled ? occurrences : []}
        marks={await marksOf(occurrences)}
      />
    );
  });

  kit.pageFor("policy:write", "/windows/:id/edit", (visit) => {
    const window = needWindow(visit);
    const path = `/windows/${window.id}/edit`;
    const title = `Change ${window.name}`;
    return (
      <FormPage view={visit.view} title={title} path={path} form={FRESH_FORM} window={window} />
    );
  });

  kit.form(
    "policy:write",
    "/windows/:id/edit",
    async (visit) => {
      const { id } = needWindow(visit);
      const window = windowFrom(visit.form, deps.policy.read(), id);
      await deps.author.write([{ kind: "window", id, body: { ...window } }], visit.principal.name);
      await recordAction(deps.audit, visit.c, "window.change", id, { ...window });
      return kit.done(visit.c, `/windows/${id}`, "The window was changed.");
    },
    (visit) => {
      const window = needWindow(visit);
      const path = `/windows/${window.id}/edit`;
      return (
        <FormPage view={visit.view} title={`Change ${window.name}`} path={path} form={visit.form} />
      );
    },
  );

  kit.form("policy:write", "/windows/:id/switch", async (visit) => {
    const { id, enabled } = needWindow(visit);
    const body = { enabled: !enabled };
    await deps.author.write([{ kind: "window", id, body }], visit.principal.name);
    await recordAction(deps.audit, visit.c, "window.change", id, body);
    const notice = enabled ? "The window is switched off." : "The window is switched on.";
    return kit.done(visit.c, `/windows/${id}`, notice);
  });

  kit.form("policy:write", "/windows/:id/remove", async (visit) => {
    const { id, name } = needWindow(visit);
    await deps.author.write([{ kind: "window", id, body: null }], visit.principal.name);
    await recordAction(deps.audit, visit.c, "window.remove", id);
    return kit.done(visit.c, "/windows", `${name} was removed.`);
  });

  function FormPage(props: Omit<Parameters<typeof WindowForm>[0], "groups" | "sites">) {
    const policy = deps.policy.read();
    return <WindowForm {...props} groups={[...policy.groups.keys()]} />;
  }

  function needWindow({ c }: Visit | FormVisit): MaintenanceWindow {
    const id = parseWindowId(c.req.param("id") ?? "");
    const window = deps.policy.read().windows.find((one) => one.id === id);
    if (!window) throw new AppError("not-found", "there is no such window");
    return window;
  }

  function marksOf(occurrences: readonly Occurrence[]): Promise<readonly InstantMark[]> {
    const first = occurrences[0];
    const last = occurrences.at(-1);
    if (!first || !last) return Promise.resolve([]);
    return deps.instants(first.startMs, last.startMs);
  }
}

interface ListPageProps {
  readonly view: View;
  readonly windows: readonly MaintenanceWindow[];
  readonly occurrences: readonly Occurrence[];
  readonly marks: readonly InstantMark[];
}

function ListPage({ view, windows, occurrences, marks }: ListPageProps) {
  return (
    <Page
      view={view}
      title="Maintenance windows"
      lead="Automatic work starts inside a window only, at a moment of each device's own."
      actions={
        whyNot(view, "policy:write") === undefined && (
          <a class="button primary" href={url(view, "/windows/new")}>
            <Icon view={view} name="plus" />
            New window
          </a>
        )
      }
    >
      <Live view={view}>
        {windows.length === 0 ? (
          <section class="card">
            <Empty
              title="No window is set"
              words="Without a window automatic work waits for ever. On-demand work does not need one."
            >
              <Way view={view} scope="policy:write" path="/windows/new" primary>
                Set a window
              </Way>
            </Empty>
          </section>
        ) : (
          <>
            {occurrences.length > 0 && (
              <Card title="What comes next" aside={<Legend />}>
                <OccurrenceChart
                  view={view}
                  occurrences={occurrences}
                  marks={marks}
                  zone={view.zone}
                />
                <DstNote />
              </Card>
            )}
            <section class="card" aria-label="Windows">
              <WindowTable view={view} windows={windows} />
            </section>
          </>
        )}
      </Live>
    </Page>
  );
}

function WindowTable({ view, windows }: { view: View; windows: readonly MaintenanceWindow[] }) {
  return (
    <CardTable caption="Windows" columns={["Window", "When", "For", "Next"]}>
      {windows.map((window) => {
        const [next] = preview(window, zoneOfWindow(view, window), view.nowMs, 1);
        return (
          <tr id={`window-${window.id}`}>
            <td class="title">
              <a href={url(view, `/windows/${window.id}`)}>{window.name}</a>
              {!window.enabled && (
                <>
                  {" "}
                  <Badge view={view} kind="plain" label="Off" />
                </>
              )}
            </td>
            <td data-label="When">
              <span>
                {recurrenceWords(window)}
                <span class="sub">
                  {durationWords(window.durationMinutes * MINUTE_MS)},{" "}
                  {window.timeZone ?? "time of each site"}
                </span>
              </span>
            </td>
            <td data-label="For">{scopeWords(window)}</td>
            <td data-label="Next">
              {!window.enabled ? (
                "switched off"
              ) : next ? (
                <When view={view} at={next.startMs} />
              ) : (
                "never again"
              )}
            </td>
          </tr>
        );
      })}
    </CardTable>
  );
}

interface DetailProps {
  readonly view: View;
  readonly window: MaintenanceWindow;
  readonly occurrences: readonly Occurrence[];
  readonly marks: readonly InstantMark[];
}

function DetailPage({ view, window, occurrences, marks }: DetailProps) {
  const reason = whyNot(view, "policy:write");
  const zone = zoneOfWindow(view, window);
  return (
    <Page
      view={view}
      title={window.name}
      crumbs={[{ label: "Windows", path: "/windows" }]}
      lead={`${recurrenceWords(window)}, ${durationWords(window.durationMinutes * MINUTE_MS)}, ${scopeWords(window)}`}
      actions={
        <>
          {reason === undefined && (
            <a class="button" href={url(view, `/windows/${window.id}/edit`)}>
              Change
            </a>
          )}
          <Action
            view={view}
            path={`/windows/${window.id}/switch`}
            label={window.enabled ? "Switch off" : "Switch on"}
            whyNot={reason}
          />
          {reason === undefined && (
            <Action
              view={view}
              path={`/windows/${window.id}/remove`}
              label="Remove"
              kind="danger"
              confirm={`Remove ${window.name}?`}
            />
          )}
        </>
      }
    >
      <Live view={view}>
        {occurrences.length === 0 ? (
          <section class="card">
            <Empty
              title={window.enabled ? "It never comes again" : "It is switched off"}
              words={
                window.enabled
                  ? "Its recurrence has ended. Change it, or remove the window."
                  : "Nothing starts in it until it is switched on."
              }
            />
          </section>
        ) : (
          <>
            <Card title={`The next ${plural(occurrences.length, "occurrence")}`} aside={<Legend />}>
              <OccurrenceChart view={view} occurrences={occurrences} marks={marks} zone={zone} />
              <DstNote />
            </Card>
            <Card title="The same as a list" flush>
              <OccurrenceTable view={view} occurrences={occurrences} marks={marks} zone={zone} />
            </Card>
          </>
        )}
      </Live>
    </Page>
  );
}

function OccurrenceTable(props: {
  view: View;
  occurrences: readonly Occurrence[];
  marks: readonly InstantMark[];
  zone: string;
}) {
  const { view, occurrences, marks, zone } = props;
  return (
    <CardTable
      caption="Occurrences and the devices' moments"
      columns={["Starts", "Ends", "Devices and their moments"]}
    >
      {occurrences.map(({ startMs, endMs }) => {
        const own = marks.filter((mark) => mark.startMs === startMs);
        return (
          <tr>
            <td class="title">{absoluteWords(startMs, zone, view.nowMs)}</td>
            <td data-label="Ends">
              {absoluteWords(endMs, zone, view.nowMs)}
              <span class="sub">{durationWords(endMs - startMs)}</span>
            </td>
            <td data-label="Devices">
              {own.length === 0 ? (
                <span class="muted">drawn two days before</span>
              ) : (
                <details class="help">
                  <summary>{plural(own.length, "device")}</summary>
                  <div class="chips">
                    {own.map((mark) => (
                      <a class="chip small" href={url(view, `/devices/${mark.device}`)}>
                        {mark.deviceName} {clockWords(mark.instantMs, zone)}
                        {mark.evaluatedAtMs !== null && <Icon view={view} name="check" />}
                      </a>
                    ))}
                  </div>
                </details>
              )}
            </td>
          </tr>
        );
      })}
    </CardTable>
  );
}

function Legend() {
  return (
    <span class="muted">
      <span class="key tick" /> a device's moment <span class="key tick done" /> its work was looked
      at
    </span>
  );
}

function DstNote() {
  return (
    <p class="small muted">
      When clocks change: a start that does not exist moves to the first minute that does, a start
      that comes twice counts once, and a window lasts as long as it says, so that its end may read
      an hour off. A run that began inside may finish after the end.
    </p>
  );
}

const WEEKDAYS: Readonly<Record<string, string>> = {
  MO: "Monday",
  TU: "Tuesday",
  WE: "Wednesday",
  TH: "Thursday",
  FR: "Friday",
  SA: "Saturday",
  SU: "Sunday",
};

/** The recurrence for people; a rule beyond the usual ones is shown as it is written. */
function recurrenceWords({ start, recurrence }: MaintenanceWindow): string {
  const [date = "", time = ""] = start.split("T");
  if (recurrence === null) return `Once, on ${date} at ${time}`;
  const parts = new Map(recurrence.split(";").map((part) => part.split("=") as [string, string]));
  const isPlain = [...parts.keys()].every((key) => key === "FREQ" || key === "BYDAY");
  if (isPlain && parts.get("FREQ") === "DAILY") return `Every day at ${time}`;
  if (isPlain && parts.get("FREQ") === "WEEKLY") {
    const days = parts
      .get("BYDAY")
      ?.split(",")
      .map((day) => WEEKDAYS[day] ?? day);
    return days ? `Every ${days.join(", ")} at ${time}` : `Every week at ${time}, from ${date}`;
  }
  return `${recurrence} from ${date} ${time}`;
}

function scopeWords({ scope }: MaintenanceWindow): string {
  switch (scope.kind) {
    case "organisation":
      return "all devices";
    case "site":
      return `site ${scope.site}`;
    case "group":
      return `group ${scope.group}`;
  }
}

function zoneOfWindow(view: View, { timeZone, scope }: MaintenanceWindow): string {
  return timeZone ?? zoneOf(view, scope.kind === "site" ? scope.site : undefined);
}
