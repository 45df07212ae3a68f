import type { MaintenanceWindow } from "../../../devices/model/window.ts";
import type { FormState } from "../form-state.ts";
import { url, type View } from "../view.ts";
import { PostForm } from "./action.tsx";
import { CheckField, SelectField, TextField } from "./field.tsx";
import { FormProblem } from "./form-problem.tsx";
import { Page } from "./layout.tsx";

export interface WindowFormProps {
  readonly view: View;
  readonly title: string;
  readonly path: string;
  readonly form: FormState;
  readonly groups: readonly string[];
  /** The window that is changed. */
  readonly window?: MaintenanceWindow;
}

const DAYS = [
  ["MO", "Mon"],
  ["TU", "Tue"],
  ["WE", "Wed"],
  ["TH", "Thu"],
  ["FR", "Fri"],
  ["SA", "Sat"],
  ["SU", "Sun"],
] as const;
const MINUTE_MS = 60_000;

/** Makes or changes a maintenance window. */
export function WindowForm({ view, title, path, form, groups, window }: WindowFormProps) {
  const given = initialOf(view, window);
  const days = form.isSent ? form.values("days") : given.days;
  return (
    <Page view={view} title={title} crumbs={[{ label: "Windows", path: "/windows" }]}>
      <PostForm view={view} path={path} class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>When</legend>
          <div class="field-row">
            <TextField
              form={form}
              name="name"
              label="Name"
              placeholder="Every night"
              value={window?.name ?? ""}
              required
            />
            <TextField
              form={form}
              name="start"
              label="First start"
              type="datetime-local"
              value={given.start}
              required
            />
          </div>
          <div class="field-row">
            <TextField
              form={form}
              name="hours"
              label="Lasts hours"
              type="number"
              min={0}
              max={168}
              value={given.hours}
            />
            <TextField
              form={form}
              name="minutes"
              label="and minutes"
              type="number"
              min={0}
              max={59}
              value={given.minutes}
            />
          </div>
          {form.errorOf("durationMinutes") !== undefined && (
            <p class="wrong">{form.errorOf("durationMinutes")}</p>
          )}
          <SelectField
            form={form}
            name="repeats"
            label="Repeats"
            value={given.repeats}
            shows
            options={[
              { value: "daily", label: "Every day" },
              { value: "weekly", label: "Every week, on these days" },
              { value: "once", label: "Never: it comes once" },
              { value: "rule", label: "By a rule of RFC 5545" },
            ]}
          />
          <div class="field" data-when="repeats" data-is="weekly">
            <span class="label">Days</span>
            <div class="chips">
              {DAYS.map(([value, label]) => (
                <label class="chip">
                  <input type="checkbox" name="days" value={value} checked={days.includes(value)} />
                  {label}
                </label>
              ))}
            </div>
          </div>
          <div data-when="repeats" data-is="rule">
            <TextField
              form={form}
              name="rule"
              label="Rule"
              placeholder="FREQ=MONTHLY;BYDAY=1SU"
              value={window?.recurrence ?? ""}
            />
          </div>
          {form.errorOf("recurrence") !== undefined && (
            <p class="wrong">{form.errorOf("recurrence")}</p>
          )}
          <TextField
            form={form}
            name="timeZone"
            label="Time zone"
            hint={`Empty: the time of each site${view.role === "site" ? `, here ${view.zone}` : ""}.`}
            placeholder="Europe/Prague"
            value={window?.timeZone ?? ""}
            list={Intl.supportedValuesOf("timeZone")}
          />
        </fieldset>
        <fieldset>
          <legend>For whom</legend>
          <SelectField
            form={form}
            name="scope"
            label="Devices"
            value={window?.scope.kind ?? "organisation"}
            shows
            options={[
              { value: "organisation", label: "All devices" },
              { value: "group", label: "A group" },
              { value: "site", label: "One site" },
            ]}
          />
          <div data-when="scope" data-is="group">
            <SelectField
              form={form}
              name="group"
              label="Group"
              value={window?.scope.kind === "group" ? window.scope.group : ""}
              options={[
                {
                  value: "",
                  label: groups.length === 0 ? "There is no group yet" : "Choose a group",
                },
                ...groups.map((name) => ({ value: name, label: name })),
              ]}
            />
          </div>
          <div data-when="scope" data-is="site">
            <TextField
              form={form}
              name="site"
              label="Site id"
              value={window?.scope.kind === "site" ? window.scope.site : ""}
              list={[...view.zones.keys()]}
            />
          </div>
          <CheckField
            form={form}
            name="disabled"
            label="Switched off for now"
            checked={window ? !window.enabled : false}
          />
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            Save the window
          </button>
          <a class="button" href={url(view, "/windows")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}

/** The fields of a window as the form shows them; a new one starts tonight at ten, for four hours. */
function initialOf(view: View, window: MaintenanceWindow | undefined) {
  if (!window) {
    const start = `${localDate(view)}T22:00`;
    return { start, hours: "4", minutes: "0", repeats: "daily", days: [] as readonly string[] };
  }
  const { start, durationMinutes, recurrence } = window;
  const weekly = /^FREQ=WEEKLY(?:;BYDAY=([A-Z,]+))?$/.exec(recurrence ?? "");
  const repeats =
    recurrence === null
      ? "once"
      : recurrence === "FREQ=DAILY"
        ? "daily"
        : weekly
          ? "weekly"
          : "rule";
  return {
    start,
    hours: String(Math.floor(durationMinutes / 60)),
    minutes: String(durationMinutes % 60),
    repeats,
    days: weekly?.[1]?.split(",") ?? [],
  };
}

function localDate(view: View): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: view.zone, dateStyle: "short" });
  return format.format(Math.floor(view.nowMs / MINUTE_MS) * MINUTE_MS);
}
