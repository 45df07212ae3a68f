import { fieldError } from "../../../devices/model/errors.ts";
import {
  RECORDING_RANGES,
  RECORDINGS,
  type SessionRecording,
} from "../../../devices/model/recorded-session.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

const RECORDING_WORDS: Readonly<Record<SessionRecording["record"], string>> = {
  all: "All sessions",
  problems: "Sessions with a problem",
  off: "None",
};

const NUMBERS = [
  ["days", "Keep for days", undefined],
  ["perDevice", "Keep of each device", "The latest."],
  ["megabytes", "Keep MiB in all", "On the disk; the oldest go."],
] as const;

interface SessionRecordingFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly recording: SessionRecording;
  readonly isLocked: boolean;
}

/** Which sessions of devices are kept for people to look at, and for how long. */
export function SessionRecordingForm(props: SessionRecordingFormProps) {
  const { view, form, recording, isLocked } = props;
  return (
    <PostForm view={view} path="/settings/sessions" class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={isLocked}>
        <legend>Recorded sessions</legend>
        <p class="muted small">
          What devices said, for finding out why something went wrong. Passwords and other secrets
          are never kept.
        </p>
        <div class="field-row">
          <SelectField
            form={form}
            name="record"
            label="Record"
            value={recording.record}
            options={RECORDINGS.map((value) => ({ value, label: RECORDING_WORDS[value] }))}
          />
          {NUMBERS.map(([name, label, hint]) => (
            <TextField
              form={form}
              name={name}
              type="number"
              label={label}
              hint={hint}
              value={String(recording[name])}
              min={RECORDING_RANGES[name][0]}
              max={RECORDING_RANGES[name][1]}
              required
            />
          ))}
        </div>
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function recordingFrom(form: SentForm): SessionRecording {
  const record = RECORDINGS.find((one) => one === form.value("record"));
  if (!record) throw fieldError("/record", "choose one");
  const numberFrom = (name: keyof typeof RECORDING_RANGES) =>
    form.wholeNumber(name, RECORDING_RANGES[name]);
  return {
    record,
    days: numberFrom("days"),
    perDevice: numberFrom("perDevice"),
    megabytes: numberFrom("megabytes"),
  };
}
