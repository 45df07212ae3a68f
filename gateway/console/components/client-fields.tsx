import { DDI_HANDLINGS } from "../../../devices/model/package.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import type { FormState } from "../form-state.ts";
import { SelectField, TextArea, TextField } from "./field.tsx";

const HANDLING_WORDS = {
  forced: "at once",
  soft: "when it suits the device",
  "download-only": "it only downloads it",
} as const;

/** What a DDI client is given: one software module, of the chosen file and further ones. */
export function DdiFields({ form, files }: { form: FormState; files: readonly BlobView[] }) {
  const wrong = form.errorOf("ddiFiles");
  return (
    <fieldset>
      <legend>The software module</legend>
      <div class="field-row">
        <SelectField
          form={form}
          name="handling"
          label="The client is to take it"
          options={DDI_HANDLINGS.map((value) => ({ value, label: HANDLING_WORDS[value] }))}
        />
        <TextField
          form={form}
          name="part"
          label="Type"
          hint="os, or bApp for an application."
          value="bApp"
        />
      </div>
      {files.length > 0 && (
        <div class="field">
          <span class="label">Further artifacts</span>
          <span class="hint">Beside the file above. Many clients take one alone.</span>
          <div class="chips">
            {files.map((file) => (
              <label class="chip">
                <input
                  type="checkbox"
                  name="ddiFiles"
                  value={file.sha256}
                  checked={form.values("ddiFiles").includes(file.sha256)}
                />
                {file.name}
              </label>
            ))}
          </div>
          {wrong !== undefined && <span class="wrong">{wrong}</span>}
        </div>
      )}
      <TextArea
        form={form}
        name="metadata"
        label="Metadata"
        hint="One in a line: key = value."
        rows={2}
      />
    </fieldset>
  );
}

/** What Mender's client is told; the file is the artifact. */
export function MenderFields({ form }: { form: FormState }) {
  return (
    <fieldset>
      <legend>The artifact</legend>
      <TextField
        form={form}
        name="artifactName"
        label="Artifact name"
        hint="As the artifact says it itself."
        placeholder="app-2.0"
      />
      <TextField
        form={form}
        name="deviceTypes"
        label="Device types"
        hint="With commas between. Other devices do not take it."
        placeholder="raspberrypi4, beaglebone"
      />
    </fieldset>
  );
}
