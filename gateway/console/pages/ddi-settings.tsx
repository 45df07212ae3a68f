import { fieldError } from "../../../devices/model/errors.ts";
import type { DdiSettings } from "../../../devices/service/ddi/ddi-settings.ts";
import { DDI_FIELDS } from "../../http/routes/ddi-settings.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { CheckField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

interface DdiSettingsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly settings: DdiSettings;
  readonly isLocked: boolean;
}

/** What holds for hawkBit's clients at this site: swupdate, rauc and their kin. */
export function DdiSettingsForm({ view, form, settings, isLocked }: DdiSettingsFormProps) {
  return (
    <>
      <PostForm view={view} path="/settings/ddi" class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset disabled={isLocked}>
          <legend>hawkBit clients (DDI)</legend>
          <p class="muted small">
            swupdate, rauc-hawkbit-updater and others poll{" "}
            <code>/{settings.tenant}/controller/v1/</code> here.
          </p>
          <CheckField
            form={form}
            name="targetToken"
            label="A device may show its own token"
            checked={settings.targetToken}
          />
          <CheckField
            form={form}
            name="gatewayToken"
            label="A device may show the gateway token"
            hint={settings.gatewayTokenDigest === null ? "None was made yet." : "There is one."}
            checked={settings.gatewayToken}
          />
          <CheckField
            form={form}
            name="certificate"
            label="A trusted proxy may say whose certificate it has verified"
            checked={settings.certificate}
          />
          <CheckField
            form={form}
            name="ddiPlugAndPlay"
            label="Unknown devices with the gateway token or a certificate are let in"
            hint="Otherwise they wait for approval."
            checked={settings.plugAndPlay}
          />
          <div class="field-row">
            <TextField
              form={form}
              name="pollingTime"
              label="Devices poll every"
              hint="HH:mm:ss, with ~10% for chance, and “, FILTER -> HH:mm:ss” for some of them."
              value={settings.pollingTime}
              required
            />
            <TextField
              form={form}
              name="pollingOverdueTime"
              label="Overdue after"
              hint="HH:mm:ss beyond that; hawkBit's tools are told."
              value={settings.pollingOverdueTime}
              required
            />
            <TextField
              form={form}
              name="tenant"
              label="Tenant"
              hint="The first part of the path."
              value={settings.tenant}
              required
            />
          </div>
          <div class="field-row">
            <TextArea
              form={form}
              name="authorities"
              label="Fingerprints of certificate authorities"
              hint="One a line."
              value={settings.authorities.join("\n")}
              rows={2}
            />
            <TextArea
              form={form}
              name="windowClients"
              label="Clients that wait for windows"
              hint="How their User-Agent begins, one a line. Others see no job while a window is closed."
              value={settings.windowClients.join("\n")}
              rows={2}
            />
          </div>
          <SaveLine />
        </fieldset>
      </PostForm>
      <PostForm view={view} path="/settings/ddi/gateway-token" class="sheet">
        <fieldset disabled={isLocked}>
          <legend>Gateway token</legend>
          <p class="muted small">
            It speaks for every device. A new one ends the former one at once.
          </p>
          <div>
            <button type="submit">Make a new gateway token</button>
          </div>
        </fieldset>
      </PostForm>
    </>
  );
}

/** @throws AppError "unprocessable" */
export function ddiFrom(
  form: SentForm,
): Omit<DdiSettings, "gatewayTokenDigest" | "gatewayTokenText"> {
  const lines = (name: string) =>
    form
      .value(name)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const given = {
    tenant: form.value("tenant").trim(),
    targetToken: form.isTicked("targetToken"),
    gatewayToken: form.isTicked("gatewayToken"),
    certificate: form.isTicked("certificate"),
    authorities: lines("authorities"),
    plugAndPlay: form.isTicked("ddiPlugAndPlay"),
    pollingTime: form.value("pollingTime").trim(),
    pollingOverdueTime: form.value("pollingOverdueTime").trim(),
    windowClients: lines("windowClients"),
  };
  for (const name of CHECKED) {
    const read = DDI_FIELDS[name].safeParse(given[name]);
    if (!read.success) throw fieldError(`/${name}`, read.error.issues[0]?.message ?? "is wrong");
  }
  return given;
}

const CHECKED = [
  "tenant",
  "authorities",
  "pollingTime",
  "pollingOverdueTime",
  "windowClients",
] as const;
