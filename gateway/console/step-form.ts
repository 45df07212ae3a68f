import type { AppError } from "../../devices/model/errors.ts";
import { ACTION_KINDS, type ActionKind } from "../../devices/model/install-action.ts";
import type { BlobView } from "../reports/report-reader.ts";
import type { FormState, SentForm } from "./form-state.ts";

/** The lists of steps that a revision has. */
export const STEP_LISTS = ["actions", "uninstall"] as const;
export type StepList = (typeof STEP_LISTS)[number];

/** A step as it stands in the form: the text of each of its fields. */
export type StepText = ReadonlyMap<string, string>;

export interface Step {
  readonly kind: ActionKind;
  readonly fields: StepText;
}

/** A form of steps, and what is to be done with it: `do` of the button that sent it. */
export interface StepForm {
  /** Fields that are no step's. */
  readonly values: ReadonlyMap<string, string>;
  readonly steps: Readonly<Record<StepList, readonly Step[]>>;
}

export function stepFormFrom(form: Pick<SentForm, "entries">): StepForm {
  const values = new Map<string, string>();
  const found: Record<StepList, Map<number, Map<string, string>>> = {
    actions: new Map(),
    uninstall: new Map(),
  };
  for (const [name, value] of form.entries()) {
    const part = /^(actions|uninstall)\.(\d{1,4})\.([A-Za-z]+)$/.exec(name);
    const list = STEP_LISTS.find((one) => one === part?.[1]);
    if (!part || !list) {
      values.set(name, value);
      continue;
    }
    const fields = found[list].get(Number(part[2])) ?? new Map<string, string>();
    found[list].set(Number(part[2]), fields.set(part[3] ?? "", value));
  }
  const steps = (list: StepList) =>
    [...found[list]]
      .sort(([a], [b]) => a - b)
      .flatMap(([, fields]) => {
        const kind = ACTION_KINDS.find((one) => one === fields.get("kind"));
        return kind === undefined ? [] : [{ kind, fields }];
      });
  return { values, steps: { actions: steps("actions"), uninstall: steps("uninstall") } };
}

/**
 * The form after a button of a step: `add:LIST`, `up:LIST:N`, `down:LIST:N`, `remove:LIST:N`. Undefined for
 * the button that makes the version.
 */
export function editedSteps(form: StepForm): StepForm | undefined {
  const [verb = "", name, number = ""] = (form.values.get("do") ?? "").split(":");
  const list = STEP_LISTS.find((one) => one === name);
  if (!list) return undefined;
  const steps = [...form.steps[list]];
  const index = Number(number);
  switch (verb) {
    case "add": {
      const kind = ACTION_KINDS.find((one) => one === form.values.get(`add-${list}`));
      if (kind) steps.push({ kind, fields: new Map() });
      break;
    }
    case "remove":
      steps.splice(index, 1);
      break;
    case "up":
      swap(steps, index - 1);
      break;
    case "down":
      swap(steps, index);
      break;
    default:
      return undefined;
  }
  return { ...form, steps: { ...form.steps, [list]: steps } };
}

function swap(steps: Step[], index: number): void {
  const [one, other] = [steps[index], steps[index + 1]];
  if (one && other) steps.splice(index, 2, other, one);
}

/** A fresh form: a file is fetched and installed, which is what most versions do. */
export function freshSteps(file: Pick<BlobView, "sha256" | "name"> | undefined): StepForm {
  const path = file ? `%TEMP%\\${file.name}` : "";
  const download = new Map([
    ["source", file?.sha256 ?? ""],
    ["target", path],
  ]);
  const actions: readonly Step[] = [
    { kind: "Download", fields: download },
    { kind: "Install", fields: new Map([["file", path]]) },
  ];
  return { values: new Map(), steps: { actions, uninstall: [] } };
}

/** The form's fields by name, for the parts that show them. */
export function stateOf(form: StepForm, isSent: boolean, error?: AppError): FormState {
  const values = new Map(form.values);
  for (const list of STEP_LISTS) {
    for (const [n, { fields }] of form.steps[list].entries()) {
      for (const [name, value] of fields) values.set(`${list}.${n}.${name}`, value);
    }
  }
  const errors = new Map(error?.fields.map((one) => [fieldOf(one.pointer), one.message]));
  const elsewhere = error?.fields.find(
    ({ pointer }) => !/\/(version|actions|uninstall)/.test(pointer),
  );
  return {
    isSent,
    value: (name, initial = "") => values.get(name) ?? initial,
    values: (name) => [values.get(name) ?? ""],
    errorOf: (name) => errors.get(name),
    problem:
      error &&
      (error.fields.length === 0
        ? error.message
        : (elsewhere?.message ?? "Something is wrong with the fields that say so")),
  };
}

/** `/agent/actions/0/targeting/osMajor` is the field `actions.0.osMajor`. */
function fieldOf(pointer: string): string {
  const parts = pointer.split("/").filter((part) => !["", "agent", "targeting"].includes(part));
  return parts.join(".");
}

/** The revision that the form describes, as the API takes it; the API's schema says what is wrong with it. */
export function wantedRevision(
  form: StepForm,
  files: readonly BlobView[],
): Record<string, unknown> {
  const nameOf = (sha256: string) => files.find((one) => one.sha256 === sha256)?.name ?? "";
  const steps = Object.values(form.steps).flat();
  const used = new Set(
    steps.flatMap(({ kind, fields }) => (kind === "Download" ? [fields.get("source") ?? ""] : [])),
  );
  used.delete("");
  const actionsOf = (list: StepList) => form.steps[list].map((step) => wantedAction(step, nameOf));
  return {
    version: form.values.get("version") ?? "",
    channel: "agent",
    agent: {
      files: [...used].map((sha256) => ({ sha256 })),
      actions: actionsOf("actions"),
      uninstall: actionsOf("uninstall"),
    },
    minimumOsVersion: form.values.get("minimumOsVersion") || null,
    targeting: targetingOf(form.values),
  };
}

function wantedAction({ kind, fields }: Step, nameOf: (sha256: string) => string) {
  const texts = [...fields].filter(([name]) => !SETTINGS.has(name));
  const own = Object.fromEntries(
    texts.map(([name, text]) => {
      if (name === "timeout") return [name, numberOr(text)];
      return kind === "Download" && name === "source" ? [name, nameOf(text)] : [name, text];
    }),
  );
  if (own.timeout === undefined) delete own.timeout;
  const critical = fields.get("critical") || undefined;
  return { kind, ...own, ...(critical && { critical }), targeting: targetingOf(fields) };
}

const SETTINGS: ReadonlySet<string> = new Set(["kind", "critical", "cpu", "osMajor", "osPlatform"]);

function targetingOf(fields: ReadonlyMap<string, string>) {
  return {
    cpu: fields.get("cpu") || null,
    osMajor: numberOr(fields.get("osMajor") ?? "") ?? null,
    osPlatform: fields.get("osPlatform") || null,
  };
}

/** A number where it is one; else the text, which the schema refuses. */
function numberOr(text: string): number | string | undefined {
  if (text === "") return undefined;
  return /^-?\d{1,12}(\.\d+)?$/.test(text) ? Number(text) : text;
}
