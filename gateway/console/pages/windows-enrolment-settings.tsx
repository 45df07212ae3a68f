import { fieldError } from "../../../devices/model/errors.ts";
import {
  CERTIFICATE_DAYS_MAX,
  CERTIFICATE_DAYS_MIN,
  FIRST_POLL_COUNT_MAX,
  POLL_MINUTES_MAX,
  POLL_MINUTES_MIN,
  RENEWAL_DAYS_MIN,
  type WindowsEnrolmentSettings,
} from "../../../devices/model/windows-enrolment.ts";
import {
  checkedEnrolmentSettings,
  HOST,
  HOST_RULE,
} from "../../http/routes/windows-enrolment-settings.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { CheckField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import { type View, whyNot } from "../view.ts";

interface Range {
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly hint?: string;
}

const RANGES = {
  certificateDays: {
    label: "A certificate holds, in days",
    min: CERTIFICATE_DAYS_MIN,
    max: CERTIFICATE_DAYS_MAX,
  },
  renewalDays: {
    label: "May be renewed so many days before its end",
    min: RENEWAL_DAYS_MIN,
    max: CERTIFICATE_DAYS_MAX,
  },
  firstPollCount: {
    label: "First contacts",
    min: 1,
    max: FIRST_POLL_COUNT_MAX,
    hint: "Right after the enrolment, while there is most to do.",
  },
  firstPollMinutes: {
    label: "Minutes between them",
    min: POLL_MINUTES_MIN,
    max: POLL_MINUTES_MAX,
  },
  pollMinutes: {
    label: "Minutes between later ones",
    min: POLL_MINUTES_MIN,
    max: POLL_MINUTES_MAX,
  },
} satisfies Partial<Record<keyof WindowsEnrolmentSettings, Range>>;

interface WindowsEnrolmentFormProps {
  readonly view: View;
  readonly path: string;
  readonly form: FormState;
  readonly settings: WindowsEnrolmentSettings;
}

/** What PCs that enrol from now on are told. */
export function WindowsEnrolmentForm({ view, path, form, settings }: WindowsEnrolmentFormProps) {
  const reason = whyNot(view, "settings:write");
  const number = (name: keyof typeof RANGES) => {
    const range: Range = RANGES[name];
    return (
      <TextField form={form} name={name} type="number" value={String(settings[name])} {...range} />
    );
  };
  return (
    <PostForm view={view} path={path} class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={reason !== undefined}>
        <legend>What PCs are told</legend>
        {reason !== undefined && <p class="muted">{reason}.</p>}
        <TextField
          form={form}
          name="host"
          label="Host name of this site"
          hint="Under which PCs reach it by HTTPS; empty: the one that they used."
          placeholder="EnterpriseEnrollment.contoso.com"
          value={settings.host ?? ""}
        />
        <div class="field-row">
          {number("certificateDays")}
          {number("renewalDays")}
        </div>
        <div class="field-row">
          {number("firstPollCount")}
          {number("firstPollMinutes")}
          {number("pollMinutes")}
        </div>
        <CheckField
          form={form}
          name="pollOnLogin"
          label="Also when somebody logs in"
          checked={settings.pollOnLogin}
        />
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function windowsEnrolmentFrom(form: SentForm): WindowsEnrolmentSettings {
  const number = (name: keyof typeof RANGES) => {
    const { min, max } = RANGES[name];
    return form.wholeNumber(name, [min, max]);
  };
  const host = form.optional("host") ?? null;
  if (host !== null && !HOST.test(host)) throw fieldError("/host", HOST_RULE);
  return checkedEnrolmentSettings({
    host,
    certificateDays: number("certificateDays"),
    renewalDays: number("renewalDays"),
    firstPollCount: number("firstPollCount"),
    firstPollMinutes: number("firstPollMinutes"),
    pollMinutes: number("pollMinutes"),
    pollOnLogin: form.isTicked("pollOnLogin"),
  });
}
