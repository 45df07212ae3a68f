import { REQUIRED_PROOFS } from "../../../devices/model/credential.ts";
import { fieldError } from "../../../devices/model/errors.ts";
import type { OmaDmSettings } from "../../../devices/service/site-context.ts";
import { SERVER_ID, SERVER_ID_RULE } from "../../http/routes/oma-dm-settings.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";
import { PROOF_WORDS } from "../words.ts";

interface OmaDmSettingsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly settings: OmaDmSettings;
  readonly isLocked: boolean;
}

/** What holds for OMA DM at this site, unless a device has its own. */
export function OmaDmSettingsForm({ view, form, settings, isLocked }: OmaDmSettingsFormProps) {
  return (
    <PostForm view={view} path="/settings/oma-dm" class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={isLocked}>
        <legend>OMA DM</legend>
        <div class="field-row">
          <SelectField
            form={form}
            name="requiredProof"
            label="Devices prove who they are by at least"
            hint="For devices without a rule of their own. What is stronger is taken as well."
            value={settings.requiredProof}
            options={REQUIRED_PROOFS.map((value) => ({ value, label: PROOF_WORDS[value] }))}
          />
          <TextField
            form={form}
            name="serverId"
            label="This server's name towards devices"
            hint="For devices that get this server's password from now on."
            value={settings.serverId}
            required
          />
        </div>
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function omaDmFrom(form: SentForm): OmaDmSettings {
  const requiredProof = REQUIRED_PROOFS.find((one) => one === form.value("requiredProof"));
  if (!requiredProof) throw fieldError("/requiredProof", "choose one");
  const serverId = form.value("serverId");
  if (!SERVER_ID.test(serverId)) throw fieldError("/serverId", SERVER_ID_RULE);
  return { requiredProof, serverId };
}
