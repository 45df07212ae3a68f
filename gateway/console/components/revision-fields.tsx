import { kindOf } from "../../../devices/install/providers.ts";
import type { Platform } from "../../../devices/model/device.ts";
import { type Channel, LICENCES } from "../../../devices/model/package.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import type { FormState } from "../form-state.ts";
import { byteWords } from "../time-words.ts";
import { url, type View } from "../view.ts";
import { MsiFields, PackagedAppFields } from "./app-install-fields.tsx";
import { DdiFields, MenderFields } from "./client-fields.tsx";
import { CheckField, SelectField, TextField } from "./field.tsx";

const CHANNEL_OPTIONS: readonly { readonly value: Channel; readonly label: string }[] = [
  { value: "EnterpriseAppManagement", label: "XAP or APPX, on Windows 10 Mobile and its kin" },
  { value: "EnterpriseDesktopAppManagement", label: "MSI, on Windows 10 and 11" },
  { value: "EnterpriseModernAppManagement", label: "APPX or MSIX, on Windows 10 and 11" },
  { value: "ddi", label: "A client of hawkBit's DDI, such as SWUpdate or RAUC" },
  { value: "mender", label: "Mender's client" },
  { value: "reported", label: "Another system installs it and reports here" },
];

/** What a file's name suggests. */
function channelOf(file: Pick<BlobView, "name"> | undefined): Channel {
  if (/\.(swu|raucb)$/i.test(file?.name ?? "")) return "ddi";
  if (/\.mender$/i.test(file?.name ?? "")) return "mender";
  const kind = file && kindOf({ file });
  if (kind === "msi") return "EnterpriseDesktopAppManagement";
  return kind === "msix" ? "EnterpriseModernAppManagement" : "EnterpriseAppManagement";
}

export interface RevisionFieldsProps {
  readonly view: View;
  readonly form: FormState;
  readonly files: readonly BlobView[];
  /** A file that is chosen already. */
  readonly file: string;
  readonly platform?: Platform;
  /** The version may be left for later. */
  readonly isOptional?: true;
}

/** What a version of an app consists of. */
export function RevisionFields(props: RevisionFieldsProps) {
  const { view, form, files, file, platform = "Windows", isOptional } = props;
  const here = files.filter(({ state }) => state !== "quarantined");
  const chosen = here.find(({ sha256 }) => sha256 === file);
  return (
    <>
      <fieldset>
        <legend>{isOptional ? "Its first version" : "The version"}</legend>
        <TextField
          form={form}
          name="version"
          label="Version"
          placeholder="2.0.0.0"
          {...(isOptional ? { hint: "Leave it empty to add a version later." } : {})}
        />
        <SelectField
          form={form}
          name="channel"
          label="How it gets onto devices"
          shows
          options={CHANNEL_OPTIONS}
          value={platform === "Windows" ? channelOf(chosen) : "reported"}
        />
        <SelectField
          form={form}
          name="file"
          label="File"
          hint={
            <>
              Not in the list? <a href={url(view, "/files/upload")}>Upload it</a> first. An APPX or
              MSIX that is chosen there or at <a href={url(view, "/files")}>Content</a> fills this
              form.
            </>
          }
          options={[
            { value: "", label: "No file" },
            ...here.map((one) => ({
              value: one.sha256,
              label: `${one.name}, ${byteWords(one.bytes)}, ${one.sha256.slice(0, 8)}`,
            })),
          ]}
          value={file}
        />
        <div class="field-row">
          <TextField
            form={form}
            name="sourceUrl"
            label="Or its address at the vendor"
            hint={
              <>
                Fetched once, from servers that the <a href={url(view, "/settings")}>settings</a>{" "}
                allow.
              </>
            }
            placeholder="https://contoso.com/enterpriseapps/ContosoApp1.xap"
          />
          <TextField
            form={form}
            name="sourceSha256"
            label="SHA-256 of that file"
            hint="Without it, the bytes that come first count."
          />
        </div>
      </fieldset>
      <div data-when="channel" data-is="EnterpriseDesktopAppManagement">
        <MsiFields form={form} />
      </div>
      <div data-when="channel" data-is="EnterpriseModernAppManagement">
        <PackagedAppFields form={form} files={here} />
      </div>
      <div data-when="channel" data-is="ddi">
        <DdiFields form={form} files={here} />
      </div>
      <div data-when="channel" data-is="mender">
        <MenderFields form={form} />
      </div>
      <fieldset>
        <legend>Which devices it is for</legend>
        <div class="field-row">
          <TextField form={form} name="osPlatform" label="System" placeholder="Windows 10 Mobile" />
          <TextField form={form} name="osMajor" label="Major version" placeholder="10" />
          <TextField form={form} name="cpu" label="Processor" placeholder="ARM" />
        </div>
        <div class="field-row">
          <TextField
            form={form}
            name="minimumOsVersion"
            label="Lowest system version"
            placeholder="10.0.14393"
          />
          <SelectField
            form={form}
            name="licence"
            label="Licence"
            options={LICENCES.map((value) => ({
              value,
              label: value === "none" ? "none needed" : `per ${value}`,
            }))}
            value="none"
          />
        </div>
        <CheckField form={form} name="storeApp" label="It comes from a public app store" />
      </fieldset>
    </>
  );
}
