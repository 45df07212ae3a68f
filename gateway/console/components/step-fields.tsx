import { TOKENS, type TokenAliases } from "../../../devices/install/tokens.ts";
import {
  ACTION_KINDS,
  type ActionKind,
  CRITICAL,
  CRITICAL_DEFAULT,
} from "../../../devices/model/install-action.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import type { FormState } from "../form-state.ts";
import type { Step, StepList } from "../step-form.ts";
import { CRITICAL_WORDS, KIND_WORDS } from "../step-words.ts";
import { byteWords } from "../time-words.ts";
import { SelectField, TextField } from "./field.tsx";

export const CPUS = ["ARM", "MIPS", "SH3", "SH4", "x86", "x64", "arm64"];
export const SYSTEMS = ["PocketPC", "SmartPhone", "WinCE", "Windows 11 Pro", "Linux"];

interface OwnField {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly placeholder?: string;
}

const FOLDER: OwnField = {
  name: "target",
  label: "Into the folder",
  hint: "It has to be there.",
};

/** The fields of each kind of step but for a Download's file. */
const FIELDS: Readonly<Record<ActionKind, readonly OwnField[]>> = {
  Download: [
    {
      name: "target",
      label: "To",
      hint: "Path and file name on the device. It is fetched where the metrics ask for it.",
      placeholder: "%TEMP%\\My App\\setup.cab",
    },
  ],
  Install: [
    {
      name: "file",
      label: "File",
      hint: "A file that is on the device by then: a CAB, DLL, REG, CPF, XML, MSI, MSIX, DEB, AppImage, TAR or SH.",
      placeholder: "%TEMP%\\My App\\setup.cab",
    },
    {
      name: "command",
      label: "Command",
      hint: "%1 stands for the file. Empty: what is usual for its kind; for a CAB that is wceload.exe, which deletes it.",
      placeholder: 'wceload.exe "%1"',
    },
  ],
  Uninstall: [
    {
      name: "name",
      label: "Program",
      hint: "As the list of installed programs calls it (Start, Settings, System, Remove Programs).",
    },
  ],
  WarmBoot: [],
  Run: [
    {
      name: "command",
      label: "Command",
      hint: "Path on the device and arguments. Blanks in the path need no quotes; try arguments with blanks as a shortcut first.",
      placeholder: "\\Program Files\\My App\\run.exe /q",
    },
    {
      name: "timeout",
      label: "Timeout in ms",
      hint: "Below 0: waits until it ends. 0: does not wait. Else goes on after so long, and it runs on.",
      placeholder: "-1",
    },
  ],
  Terminate: [
    {
      name: "modules",
      label: "Programs",
      hint: "An executable's name, or a pattern such as c*.*. It is an error when none runs.",
      placeholder: "cmd.exe",
    },
  ],
  CopyFiles: [{ name: "source", label: "Files", hint: "Patterns are allowed." }, FOLDER],
  MoveFiles: [
    { name: "source", label: "Files", hint: "They go from here only when they are there." },
    FOLDER,
  ],
  DeleteFiles: [{ name: "path", label: "Files", hint: "Patterns are allowed." }],
  RenameFile: [
    { name: "source", label: "File", hint: "With its path." },
    { name: "target", label: "New name", hint: "The name alone; it must not be there yet." },
  ],
  CreateFolder: [{ name: "path", label: "Folder" }],
  RemoveFolder: [{ name: "path", label: "Folder", hint: "All that is in it goes with it." }],
  RenameFolder: [
    { name: "source", label: "Folder", hint: "With its path." },
    { name: "target", label: "New name", hint: "The name alone; it must not be there yet." },
  ],
};

export interface StepsProps {
  readonly form: FormState;
  readonly list: StepList;
  readonly steps: readonly Step[];
  readonly files: readonly BlobView[];
}

/** Steps in their order, each with its buttons; one that is added comes last. */
export function Steps({ form, list, steps, files }: StepsProps) {
  const wrong = form.errorOf(list);
  return (
    <>
      {wrong !== undefined && <span class="wrong">{wrong}</span>}
      {steps.map((step, n) => (
        <StepFields form={form} list={list} step={step} n={n} count={steps.length} files={files} />
      ))}
      <div class="field-row">
        <SelectField
          form={form}
          name={`add-${list}`}
          label={steps.length === 0 ? "First step" : "Next step"}
          options={ACTION_KINDS.map((value) => ({ value, label: KIND_WORDS[value] }))}
        />
        <div class="field at-end">
          <button type="submit" name="do" value={`add:${list}`} formnovalidate>
            Add the step
          </button>
        </div>
      </div>
    </>
  );
}

interface StepProps {
  readonly form: FormState;
  readonly list: StepList;
  readonly step: Step;
  readonly n: number;
  readonly count: number;
  readonly files: readonly BlobView[];
}

function StepFields({ form, list, step, n, count, files }: StepProps) {
  const at = `${list}.${n}`;
  const title = `${n + 1}. ${KIND_WORDS[step.kind]}`;
  return (
    <fieldset class="step">
      <legend>{title}</legend>
      <input type="hidden" name={`${at}.kind`} value={step.kind} />
      {step.kind === "Download" && (
        <SelectField
          form={form}
          name={`${at}.source`}
          label="File"
          options={[
            { value: "", label: "Choose a file" },
            ...files.map((file) => ({
              value: file.sha256,
              label: `${file.name}, ${byteWords(file.bytes)}, ${file.sha256.slice(0, 8)}`,
            })),
          ]}
        />
      )}
      {FIELDS[step.kind].map(({ name, ...field }) => (
        <TextField form={form} name={`${at}.${name}`} {...field} />
      ))}
      <details open={isSpecial(form, at)}>
        <summary>What if it fails, and for which devices</summary>
        <SelectField
          form={form}
          name={`${at}.critical`}
          label="The following steps run"
          options={CRITICAL.map((value) => ({ value, label: CRITICAL_WORDS[value] }))}
          value={CRITICAL_DEFAULT}
        />
        <TargetFields form={form} prefix={`${at}.`} />
      </details>
      <div class="buttons">
        <StepButton verb="up" title={title} {...{ list, n }} isOff={n === 0}>
          Up
        </StepButton>
        <StepButton verb="down" title={title} {...{ list, n }} isOff={n === count - 1}>
          Down
        </StepButton>
        <StepButton verb="remove" title={title} {...{ list, n }}>
          Remove
        </StepButton>
      </div>
    </fieldset>
  );
}

interface StepButtonProps {
  readonly verb: string;
  readonly list: StepList;
  readonly n: number;
  readonly title: string;
  readonly isOff?: boolean;
  readonly children?: string;
}

function StepButton({ verb, list, n, title, isOff, children }: StepButtonProps) {
  return (
    <button
      type="submit"
      name="do"
      value={`${verb}:${list}:${n}`}
      formnovalidate
      disabled={isOff}
      aria-label={`${children}: ${title}`}
    >
      {children}
    </button>
  );
}

/** What somebody set besides the usual stays in sight, and so does what is wrong. */
function isSpecial(form: FormState, at: string): boolean {
  const names = ["critical", "cpu", "osMajor", "osPlatform"];
  return names.some((name) => {
    const value = form.value(`${at}.${name}`);
    return (
      (value !== "" && value !== CRITICAL_DEFAULT) || form.errorOf(`${at}.${name}`) !== undefined
    );
  });
}

/** Targeted Device Type: fields that are left empty fit every device. */
export function TargetFields({ form, prefix = "" }: { form: FormState; prefix?: string }) {
  return (
    <div class="field-row">
      <TextField form={form} name={`${prefix}osPlatform`} label="System" list={SYSTEMS} />
      <TextField form={form} name={`${prefix}osMajor`} label="Major version" placeholder="6" />
      <TextField form={form} name={`${prefix}cpu`} label="Processor" list={CPUS} />
    </div>
  );
}

/** What may stand in paths and commands. */
export function TokenList({ aliases }: { aliases: TokenAliases }) {
  const further = Object.entries(aliases);

  return (
    <details>
      <summary>Tokens in paths and commands</summary>
      <dl class="facts">
        {Object.entries(TOKENS).map(([name, { meaning, example }]) => (
          <div>
            <dt>
              <code>%{name}%</code>
            </dt>
            <dd>
              {meaning}, such as {example}
            </dd>
          </div>
        ))}
        {further.map(([alias, name]) => (
          <div>
            <dt>
              <code>%{alias}%</code>
            </dt>
            <dd>
              Here the same as <code>%{name}%</code>
            </dd>
          </div>
        ))}
      </dl>
      <p class="small muted">
        Two percent signs stand for one. A name that is not in this list is refused, so that nothing
        is installed to a place that nobody meant.
      </p>
    </details>
  );
}
