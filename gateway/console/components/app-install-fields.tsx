import { kindOf } from "../../../devices/install/providers.ts";
import { INSTALL_CONTEXTS, MSI_DEFAULTS } from "../../../devices/model/package.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import type { FormState } from "../form-state.ts";
import { CheckField, SelectField, TextArea, TextField } from "./field.tsx";

const CONTEXT_OPTIONS = INSTALL_CONTEXTS.map((value) => ({
  value,
  label: value === "device" ? "the whole device" : "the user who is signed in",
}));

/** What EnterpriseDesktopAppManagement has to know. */
export function MsiFields({ form }: { form: FormState }) {
  return (
    <fieldset>
      <legend>The MSI</legend>
      <div class="field-row">
        <TextField
          form={form}
          name="productCode"
          label="ProductCode"
          hint="A GUID. Most MSIs have another one in each version."
          placeholder="{AF9257BA-6BBD-4624-AA9B-0182D50292C3}"
        />
        <TextField
          form={form}
          name="upgradeCode"
          label="UpgradeCode"
          hint="Of all its versions: also those that somebody installed by hand are known by it."
        />
      </div>
      <div class="field-row">
        <SelectField form={form} name="msiContext" label="For" options={CONTEXT_OPTIONS} />
        <TextField
          form={form}
          name="commandLine"
          label="Options for msiexec"
          value={MSI_DEFAULTS.commandLine}
        />
      </div>
      <div class="field-row">
        <TextField
          form={form}
          name="timeoutMinutes"
          label="Gives up after"
          type="number"
          min={0}
          hint="Minutes; 0 means never."
          value={String(MSI_DEFAULTS.timeoutMinutes)}
        />
        <TextField
          form={form}
          name="retryCount"
          label="Tries again"
          type="number"
          min={0}
          hint="Times, by itself."
          value={String(MSI_DEFAULTS.retryCount)}
        />
        <TextField
          form={form}
          name="retryIntervalMinutes"
          label="Every"
          type="number"
          min={0}
          hint="Minutes."
          value={String(MSI_DEFAULTS.retryIntervalMinutes)}
        />
      </div>
      <TextArea
        form={form}
        name="fallbackUrls"
        label="Further addresses of the file"
        hint="One in a line, for devices that cannot reach this gateway. The file is checked all the same."
        rows={2}
      />
      <CheckField
        form={form}
        name="downloadFromAad"
        label="The device sends its user's Azure AD token with the download"
      />
    </fieldset>
  );
}

/** What EnterpriseModernAppManagement has to know. */
export function PackagedAppFields(props: { form: FormState; files: readonly BlobView[] }) {
  const { form } = props;
  const files = props.files.filter(mayBeNeeded);
  return (
    <fieldset>
      <legend>The packaged app</legend>
      <TextField
        form={form}
        name="fullName"
        label="Package full name"
        hint="Of this version; the family follows from it."
        placeholder="Contoso.App_1.2.0.0_x64__8wekyb3d8bbwe"
      />
      <TextField
        form={form}
        name="familyName"
        label="Package family name"
        placeholder="Contoso.App_8wekyb3d8bbwe"
      />
      <div class="field-row">
        <SelectField form={form} name="msixContext" label="For" options={CONTEXT_OPTIONS} />
        <TextField
          form={form}
          name="deploymentOptions"
          label="Deployment options"
          type="number"
          min={0}
          hint="A bit set of Windows', for a user's installations."
          value="0"
        />
      </div>
      {files.length > 0 && (
        <div class="field">
          <span class="label">Needs</span>
          <span class="hint">Frameworks that are installed with it.</span>
          <div class="chips">
            {files.map((file) => (
              <label class="chip">
                <input
                  type="checkbox"
                  name="dependencies"
                  value={file.sha256}
                  checked={form.values("dependencies").includes(file.sha256)}
                />
                {file.name}
              </label>
            ))}
          </div>
          {form.errorOf("dependencies") !== undefined && (
            <span class="wrong">{form.errorOf("dependencies")}</span>
          )}
        </div>
      )}
    </fieldset>
  );
}

/** Only packages are installed with a package. */
function mayBeNeeded(file: BlobView): boolean {
  const kind = kindOf({ file });
  return kind === "appx" || kind === "msix";
}
