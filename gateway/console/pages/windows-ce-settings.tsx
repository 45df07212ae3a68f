import { fieldError } from "../../../devices/model/errors.ts";
import { CE_RANGES, type CeSettings } from "../../../devices/service/ce/settings.ts";
import { PollServerSchema } from "../../http/routes/windows-ce-settings.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

interface WindowsCeSettingsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly settings: CeSettings;
  readonly isLocked: boolean;
}

const NUMBERS = [
  ["pollSeconds", "Poll every, seconds", "Sooner where a device's instant comes sooner."],
  ["failureRetryCount", "Tries after a failure", undefined],
  ["failureRetrySeconds", "Between two tries, seconds", undefined],
  ["machineInventorySeconds", "Tell the inventory every, seconds", undefined],
] as const;

/** What the Device Management Clients of Windows CE are told, and who is let in. */
export function WindowsCeSettingsForm(props: WindowsCeSettingsFormProps) {
  const { view, form, settings, isLocked } = props;
  return (
    <PostForm view={view} path="/settings/windows-ce" class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={isLocked}>
        <legend>Windows CE</legend>
        <p class="muted small">
          Its Device Management Client polls <code>/devicemgmt/server.aspx</code> here. Each device
          hears a change in the answer to its next poll.
        </p>
        <div class="field-row">
          <SelectField
            form={form}
            name="plugAndPlay"
            label="Unknown devices"
            value={settings.plugAndPlay ? "yes" : "no"}
            options={[
              { value: "no", label: "Wait for approval" },
              { value: "yes", label: "Are let in by themselves" },
            ]}
          />
          <SelectField
            form={form}
            name="machineInventory"
            label="Inventory of the machine"
            value={settings.machineInventory ? "yes" : "no"}
            options={[
              { value: "yes", label: "Asked for" },
              { value: "no", label: "Not asked for" },
            ]}
          />
          {NUMBERS.map(([name, label, hint]) => (
            <TextField
              form={form}
              name={name}
              type="number"
              label={label}
              {...(hint === undefined ? {} : { hint })}
              value={String(settings[name])}
              min={CE_RANGES[name][0]}
              max={CE_RANGES[name][1]}
              required
            />
          ))}
          <TextField
            form={form}
            name="pollServer"
            label="Move to another server"
            hint="Devices poll there from then on. Empty: they stay."
            placeholder="http://edge.example"
            value={settings.pollServer ?? ""}
          />
        </div>
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function windowsCeFrom(form: SentForm): CeSettings {
  const numberFrom = (name: keyof typeof CE_RANGES) => form.wholeNumber(name, CE_RANGES[name]);
  const server = form.value("pollServer").trim();
  if (server !== "" && !PollServerSchema.safeParse(server).success) {
    throw fieldError("/pollServer", "an address that begins with http:// or https://");
  }
  return {
    plugAndPlay: form.value("plugAndPlay") === "yes",
    pollServer: server === "" ? null : server,
    pollSeconds: numberFrom("pollSeconds"),
    failureRetryCount: numberFrom("failureRetryCount"),
    failureRetrySeconds: numberFrom("failureRetrySeconds"),
    machineInventory: form.value("machineInventory") === "yes",
    machineInventorySeconds: numberFrom("machineInventorySeconds"),
  };
}
