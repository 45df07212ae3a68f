import type { MenderSettings } from "../../../devices/service/mender/authenticate.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { CheckField } from "../components/field.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

interface MenderSettingsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly settings: MenderSettings;
  readonly isLocked: boolean;
}

/** What holds for Mender's clients at this site. */
export function MenderSettingsForm({ view, form, settings, isLocked }: MenderSettingsFormProps) {
  return (
    <PostForm view={view} path="/settings/mender" class="sheet">
      <fieldset disabled={isLocked}>
        <legend>Mender clients</legend>
        <CheckField
          form={form}
          name="autoAccept"
          label="Accept a new device when it comes for the first time."
          hint="Otherwise it waits for an approval under Enrolment. One that shows another key, or was removed, always waits."
          checked={settings.autoAccept}
        />
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

export function menderSettingsFrom(form: SentForm): MenderSettings {
  return { autoAccept: form.isTicked("autoAccept") };
}
