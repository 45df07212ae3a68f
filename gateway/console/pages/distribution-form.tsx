import type { Policy } from "../../../devices/model/policy.ts";
import type { SiteSummary } from "../../http/use-cases.ts";
import { PostForm } from "../components/action.tsx";
import { Empty } from "../components/empty.tsx";
import { CheckField, SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import type { FormState } from "../form-state.ts";
import { url, type View } from "../view.ts";

export interface NewDistributionProps {
  readonly view: View;
  readonly form: FormState;
  readonly policy: Policy;
  readonly app: string;
  readonly device: string;
  readonly sites: readonly SiteSummary[];
}

/** The form that makes a distribution. */
export function NewDistributionPage({
  view,
  form,
  policy,
  app,
  device,
  sites,
}: NewDistributionProps) {
  const choices = [...policy.revisions.values()]
    .filter((revision) => app === "" || revision.package === app)
    .sort((a, b) => b.createdAtMs - a.createdAtMs)
    .map((revision) => ({
      value: revision.id as string,
      label: `${policy.packages.get(revision.package)?.name ?? revision.package} ${revision.version}`,
    }));
  const groups = [...policy.groups.keys()];
  const target = form.value("target", device === "" ? "all" : "device");
  if (choices.length === 0) {
    return (
      <Page view={view} title="Distribute an app">
        <section class="card">
          <Empty
            title="There is nothing to distribute yet"
            words="A distribution needs an app with a version."
          >
            <Way view={view} scope="policy:write" path="/apps/new" primary>
              Make an app
            </Way>
          </Empty>
        </section>
      </Page>
    );
  }
  return (
    <Page
      view={view}
      title="Distribute an app"
      crumbs={[{ label: "Distributions", path: "/distributions" }]}
    >
      <PostForm view={view} path="/distributions/new" class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>What</legend>
          <div class="field-row">
            <SelectField form={form} name="revision" label="App and version" options={choices} />
            <SelectField
              form={form}
              name="operation"
              label="Do"
              options={[
                { value: "install", label: "Install or update" },
                { value: "uninstall", label: "Uninstall" },
              ]}
            />
          </div>
        </fieldset>
        <fieldset>
          <legend>To whom</legend>
          <SelectField
            form={form}
            name="target"
            label="Devices"
            value={target}
            shows
            options={[
              { value: "all", label: "All devices" },
              { value: "group", label: "A group" },
              { value: "device", label: "One device" },
            ]}
          />
          <div data-when="target" data-is="group">
            <SelectField
              form={form}
              name="group"
              label="Group"
              options={[
                {
                  value: "",
                  label: groups.length === 0 ? "There is no group yet" : "Choose a group",
                },
                ...groups.map((name) => ({ value: name as string, label: name as string })),
              ]}
            />
          </div>
          <div data-when="target" data-is="device">
            <TextField
              form={form}
              name="device"
              label="Device id"
              hint="It stands in the address of the device's page."
              value={device}
            />
          </div>
          {sites.length > 0 && (
            <div class="field">
              <span class="label">Only at these sites</span>
              <span class="hint">None ticked means all.</span>
              <div class="chips">
                {sites.map((site) => (
                  <label class="chip">
                    <input
                      type="checkbox"
                      name="sites"
                      value={site.id}
                      checked={form.values("sites").includes(site.id)}
                    />
                    {site.name}
                  </label>
                ))}
              </div>
            </div>
          )}
        </fieldset>
        <fieldset>
          <legend>How</legend>
          <SelectField
            form={form}
            name="mode"
            label="When"
            options={[
              { value: "automatic", label: "Automatically, inside maintenance windows" },
              { value: "on-demand", label: "On demand, when somebody asks for it" },
            ]}
          />
          <TextField
            form={form}
            name="question"
            label="Ask the user first"
            placeholder="Install the new till software now?"
            hint="Left empty, nobody is asked. A device that cannot ask does not get it."
          />
          <CheckField
            form={form}
            name="updateOnly"
            label="Only devices that have the app already"
          />
          <CheckField
            form={form}
            name="allowDowngrade"
            label="May replace a higher version by this one"
          />
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            Distribute
          </button>
          <a class="button" href={url(view, "/distributions")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}
