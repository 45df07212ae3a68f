import type { AgentSettings } from "../../../devices/service/agent/enrol.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { CheckField } from "../components/field.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import { url, type View } from "../view.ts";

interface AgentSettingsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly settings: AgentSettings;
  readonly isLocked: boolean;
}

/** What holds for Outpost's own agent at this site. */
export function AgentSettingsForm({ view, form, settings, isLocked }: AgentSettingsFormProps) {
  return (
    <PostForm view={view} path="/settings/agents" class="sheet">
      <fieldset disabled={isLocked}>
        <legend>Outpost agent</legend>
        <CheckField
          form={form}
          name="agentPlugAndPlay"
          label="Let in a device when its agent comes for the first time, without a code."
          hint={
            <>
              Otherwise it waits under <a href={url(view, "/enrolment")}>Enrolment</a>. One that was
              removed, or shows another token, always waits. Whoever reaches this site can add
              devices while it is on.
            </>
          }
          checked={settings.plugAndPlay}
        />
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

export function agentSettingsFrom(form: SentForm): AgentSettings {
  return { plugAndPlay: form.isTicked("agentPlugAndPlay") };
}
