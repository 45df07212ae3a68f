import type { TokenAliases } from "../../../devices/install/tokens.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { Package } from "../../../devices/model/package.ts";
import { recordAction } from "../../http/audited.ts";
import { needValid } from "../../http/field-problems.ts";
import { draftRevision, revisionChange } from "../../http/revision-draft.ts";
import { NewRevisionSchema } from "../../http/schemas/policy.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import { revisionIdFor } from "../authoring.ts";
import { PostForm } from "../components/action.tsx";
import { TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { Steps, TargetFields, TokenList } from "../components/step-fields.tsx";
import type { FormState } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import {
  editedSteps,
  freshSteps,
  type StepForm,
  stateOf,
  stepFormFrom,
  wantedRevision,
} from "../step-form.ts";
import { url, type View } from "../view.ts";

/** The editor of install actions. Its buttons work on the form alone until the version is made. */
export function agentRevisionPages(kit: Kit): void {
  const { deps } = kit;
  const path = "/apps/:id/revisions/new-steps";
  const named = () => ({ aliases: deps.settings.read().tokenAliases });
  const here = async () => (await deps.files.list()).filter(({ state }) => state !== "quarantined");

  kit.pageFor("policy:write", path, async (visit) => {
    const files = await here();
    const chosen = files.find(({ sha256 }) => sha256 === visit.c.req.query("file"));
    const steps = freshSteps(chosen);
    const form = stateOf(steps, false);
    return (
      <EditorPage {...{ view: visit.view, app: needApp(visit), form, steps, files, ...named() }} />
    );
  });

  kit.form(
    "policy:write",
    path,
    async (visit) => {
      const app = needApp(visit);
      const sent = stepFormFrom(visit.form);
      const files = await here();
      const edited = editedSteps(sent);
      if (edited) {
        const form = stateOf(edited, true);
        return (
          <EditorPage {...{ view: visit.view, app, form, steps: edited, files, ...named() }} />
        );
      }
      const wanted = needValid(NewRevisionSchema, wantedRevision(sent, files));
      const id = revisionIdFor(app, wanted.version, deps.policy.read());
      const draft = draftRevision(
        app,
        { ...wanted, id },
        {
          findFile: (sha256) => files.find((one) => one.sha256 === sha256),
          role: { kind: deps.role },
          settings: deps.settings,
          metrics: deps.metrics,
        },
      );
      const change = await revisionChange(draft, deps.metrics);
      await deps.author.write([change], visit.principal.name);
      const { version } = wanted;
      await recordAction(deps.audit, visit.c, "revision.create", id, { version });
      const words = `Version ${version} is there. Say next when it is needed on a device: its metrics.`;
      return kit.done(visit.c, `/apps/${app.id}/revisions/${id}`, words);
    },
    async (visit) => {
      const steps = stepFormFrom(visit.form);
      const form = stateOf(steps, true, visit.form.error);
      const files = await here();
      return (
        <EditorPage
          {...{ view: visit.view, app: needApp(visit), form, steps, files, ...named() }}
        />
      );
    },
  );

  function needApp({ c }: Visit | FormVisit): Package {
    const id = parsePackageId(c.req.param("id") ?? "");
    const app = id && deps.policy.read().packages.get(id);
    if (!app) throw new AppError("not-found", "there is no such app");
    return app;
  }
}

interface EditorProps {
  readonly view: View;
  readonly app: Package;
  readonly form: FormState;
  readonly steps: StepForm;
  readonly files: readonly BlobView[];
  /** Further names of tokens here. */
  readonly aliases: TokenAliases;
}

function EditorPage({ view, app, form, steps, files, aliases }: EditorProps) {
  return (
    <Page
      view={view}
      title={`New version of ${app.name}, in steps`}
      lead="What Outpost's agent, or the client of Windows CE, carries out on a device, in this order."
      crumbs={[
        { label: "Apps", path: "/apps" },
        { label: app.name, path: `/apps/${app.id}` },
      ]}
    >
      <PostForm view={view} path={`/apps/${app.id}/revisions/new-steps`} class="sheet">
        {/* What Enter in a field does: browsers press the first button of a form. */}
        <button type="submit" class="visually-hidden" tabindex={-1}>
          Make the version
        </button>
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>The version</legend>
          <TextField form={form} name="version" label="Version" placeholder="2.0.0.0" />
          <p class="hint">
            Files that steps download are uploaded before, at{" "}
            <a href={url(view, "/files/upload")}>Upload</a>.
          </p>
          <TokenList aliases={aliases} />
        </fieldset>
        <h2>Steps</h2>
        <Steps form={form} list="actions" steps={steps.steps.actions} files={files} />
        <h2>Steps that take it off again</h2>
        <p class="hint">Without any, the version cannot be uninstalled.</p>
        <Steps form={form} list="uninstall" steps={steps.steps.uninstall} files={files} />
        <fieldset>
          <legend>Which devices it is for</legend>
          <TargetFields form={form} />
          <TextField
            form={form}
            name="minimumOsVersion"
            label="Lowest system version"
            placeholder="10.0.14393"
          />
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            Make the version
          </button>
          <a class="button" href={url(view, `/apps/${app.id}`)}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}
