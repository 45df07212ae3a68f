import { PLATFORMS } from "../../../devices/model/device.ts";
import type { Package } from "../../../devices/model/package.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import { PostForm } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { SelectField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { RevisionFields } from "../components/revision-fields.tsx";
import type { FormState } from "../form-state.ts";
import { url, type View } from "../view.ts";

export interface NewAppProps {
  readonly view: View;
  readonly form: FormState;
  readonly files: readonly BlobView[];
  /** A file that is chosen already. */
  readonly file: string;
  /** The app that the file is a version of, where it says so. */
  readonly known?: Package | undefined;
  /** What the file leads to. */
  readonly notes: readonly string[];
}

export function NewAppPage({ view, form, files, file, known, notes }: NewAppProps) {
  const chosen = files.find((one) => one.sha256 === file);
  return (
    <Page view={view} title="New app" crumbs={[{ label: "Apps", path: "/apps" }]}>
      {known && (
        <Band view={view} kind="warn">
          The file is a version of {known.name}.{" "}
          <a href={url(view, `/apps/${known.id}/revisions/new`, { file })}>Add it there</a>
        </Band>
      )}
      <Notes view={view} notes={notes} />
      <PostForm view={view} path="/apps/new" class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>The app</legend>
          <div class="field-row">
            <TextField
              form={form}
              name="name"
              label="Name"
              required
              value={chosen ? chosen.name.replace(/\.[^.]+$/, "") : ""}
            />
            <SelectField
              form={form}
              name="platform"
              label="Platform"
              options={PLATFORMS.map((value) => ({ value, label: value }))}
              value="Windows"
            />
          </div>
          <TextField
            form={form}
            name="productId"
            label="Product id"
            hint="A GUID. Windows devices name the app by it."
            placeholder="{B316008A-141D-4A79-810F-8B764C4CFDFB}"
          />
          <TextField form={form} name="publisher" label="Publisher" />
          <TextArea form={form} name="description" label="Description" rows={2} />
          <TextField
            form={form}
            name="id"
            label="Id"
            hint="Stands in addresses and reports; made from the name unless given."
            placeholder="point-of-sale"
          />
        </fieldset>
        <RevisionFields form={form} files={files} file={file} view={view} isOptional />
        <div class="buttons">
          <button type="submit" class="primary">
            Make the app
          </button>
          <a class="button" href={url(view, "/apps")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}

function Notes({ view, notes }: { view: View; notes: readonly string[] }) {
  return (
    <>
      {notes.map((note) => (
        <Band view={view} kind="warn">
          {note}
        </Band>
      ))}
    </>
  );
}

export function NewRevisionPage(props: NewAppProps & { app: Package }) {
  const { view, form, app, files, file, notes } = props;
  return (
    <Page
      view={view}
      title={`New version of ${app.name}`}
      lead="A version is never changed afterwards: a correction is another version."
      crumbs={[
        { label: "Apps", path: "/apps" },
        { label: app.name, path: `/apps/${app.id}` },
      ]}
    >
      <Notes view={view} notes={notes} />
      <PostForm view={view} path={`/apps/${app.id}/revisions/new`} class="sheet">
        <FormProblem view={view} form={form} />
        <RevisionFields form={form} files={files} file={file} view={view} platform={app.platform} />
        <div class="buttons">
          <button type="submit" class="primary">
            Add the version
          </button>
          <a class="button" href={url(view, `/apps/${app.id}`)}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}
