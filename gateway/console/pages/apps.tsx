import { fieldIs } from "../../../devices/filter/filter.ts";
import { PLATFORMS } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { recordAction } from "../../http/audited.ts";
import { csvLine } from "../../reports/csv.ts";
import type {
  BlobView,
  BreakdownRow,
  BucketCounts,
  GroupedCounts,
} from "../../reports/report-reader.ts";
import { packageFrom, revisionFrom } from "../authoring.ts";
import { Donut } from "../charts/donut.tsx";
import { BucketNumbers, StackedBar } from "../charts/stacked-bars.tsx";
import { PostForm } from "../components/action.tsx";
import { StatusBadge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Icon } from "../components/icon.tsx";
import { Live, Page } from "../components/layout.tsx";
import { RevisionFields } from "../components/revision-fields.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { byteWords, countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import {
  type DistributionRow,
  DistributionTable,
  distributionRows,
} from "./distribution-table.tsx";

const EMPTY_COUNTS: BucketCounts = {
  received: 0,
  pending: 0,
  failed: 0,
  not_applicable: 0,
  removed: 0,
  total: 0,
};

/** The apps, each with how it stands; one app with its report; the forms that make them. */
export function appPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/apps", async ({ view }) => {
    const policy = deps.policy.read();
    const grouped = await deps.reports.groupedBy("package", []);
    return <AppsPage view={view} policy={policy} grouped={grouped} />;
  });

  kit.pageFor("policy:write", "/apps/new", async ({ c, view }) => (
    <NewAppPage
      view={view}
      form={FRESH_FORM}
      files={await deps.files.list()}
      file={c.req.query("file") ?? ""}
    />
  ));

  kit.form(
    "policy:write",
    "/apps/new",
    async (visit) => {
      const { form, principal } = visit;
      const policy = deps.policy.read();
      const nowMs = deps.now();
      const app = packageFrom(form, policy, nowMs);
      const files = await deps.files.list();
      const revision = form.value("version")
        ? revisionFrom(form, app, files, policy, nowMs)
        : undefined;
      const changes = [
        { kind: "package", id: app.id, body: { ...app } } as const,
        ...(revision
          ? [{ kind: "revision", id: revision.id, body: { ...revision } } as const]
          : []),
      ];
      await deps.author.write(changes, principal.name);
      await recordAction(deps.audit, visit.c, "package.create", app.id, {
        name: app.name,
        version: revision?.version,
      });
      return kit.done(visit.c, `/apps/${app.id}`, `${app.name} is known now.`);
    },
    async ({ view, form }) => (
      <NewAppPage view={view} form={form} files={await deps.files.list()} file="" />
    ),
  );

  kit.page("/apps/:id", async (visit) => {
    const policy = deps.policy.read();
    const app = needApp(visit, policy);
    const terms = [fieldIs("package", app.id)];
    const [counts, breakdown, distributions] = await Promise.all([
      deps.reports.buckets(terms),
      deps.reports.breakdown(terms, { includeEmpty: false }),
      distributionRows(
        deps.reports,
        policy,
        policy.distributions.filter((one) => one.package === app.id),
      ),
    ]);
    const data = { app, counts, breakdown, distributions, policy };
    return <AppPage view={visit.view} {...data} />;
  });

  kit.page("/apps/:id/report.csv", async (visit) => {
    const app = needApp(visit, deps.policy.read());
    const includeEmpty = visit.c.req.query("empty") === "yes";
    const rows = await deps.reports.breakdown([fieldIs("package", app.id)], { includeEmpty });
    const names = ["platform", "status", "state", "description", "bucket", "count"] as const;
    const lines = rows.map((row) =>
      csvLine(names.map((name) => (name === "status" ? row.statusLabel : row[name]))),
    );
    return new Response([csvLine([...names]), ...lines].join(""), {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="${app.id}.csv"`,
        "Cache-Control": "no-store",
      },
    });
  });

  kit.pageFor("policy:write", "/apps/:id/revisions/new", async (visit) => (
    <NewRevisionPage
      view={visit.view}
      form={FRESH_FORM}
      app={needApp(visit, deps.policy.read())}
      files={await deps.files.list()}
    />
  ));

  kit.form(
    "policy:write",
    "/apps/:id/revisions/new",
    async (visit) => {
      const policy = deps.policy.read();
      const app = needApp(visit, policy);
      const files = await deps.files.list();
      const revision = revisionFrom(visit.form, app, files, policy, deps.now());
      const change = { kind: "revision", id: revision.id, body: { ...revision } } as const;
      await deps.author.write([change], visit.principal.name);
      await recordAction(deps.audit, visit.c, "revision.create", revision.id, {
        version: revision.version,
      });
      return kit.done(
        visit.c,
        `/apps/${app.id}`,
        `Version ${revision.version} can be distributed.`,
      );
    },
    async (visit) => (
      <NewRevisionPage
        view={visit.view}
        form={visit.form}
        app={needApp(visit, deps.policy.read())}
        files={await deps.files.list()}
      />
    ),
  );
}

function AppsPage(props: { view: View; policy: Policy; grouped: readonly GroupedCounts[] }) {
  const { view, policy, grouped } = props;
  const counts = new Map(grouped.map((one) => [one.key, one.counts]));
  const apps = [...policy.packages.values()].sort((a, b) => a.name.localeCompare(b.name));
  const reason = whyNot(view, "policy:write");
  return (
    <Page
      view={view}
      title="Apps"
      lead="What can be distributed, and how each app stands on its devices."
      actions={
        reason === undefined ? (
          <a class="button primary" href={url(view, "/apps/new")}>
            <Icon view={view} name="plus" />
            New app
          </a>
        ) : undefined
      }
    >
      <Live view={view}>
        <section class="card" aria-label="Apps">
          {apps.length === 0 ? (
            <Empty
              title="There is no app yet"
              words="Upload the app's file, then make an app of it. Apps that another system installs need no file."
            >
              <a class="button primary" href={url(view, "/files/upload")}>
                Upload a file
              </a>
              <a class="button" href={url(view, "/apps/new")}>
                Make an app
              </a>
            </Empty>
          ) : (
            <div class="table-box">
              <table class="cards">
                <caption class="visually-hidden">Apps</caption>
                <thead>
                  <tr>
                    <th scope="col">App</th>
                    <th scope="col">Versions</th>
                    <th scope="col">Meant for</th>
                    <th scope="col">Installed</th>
                    <th scope="col">How they stand</th>
                  </tr>
                </thead>
                <tbody>
                  {apps.map((app) => {
                    const own = counts.get(app.id) ?? EMPTY_COUNTS;
                    const terms = [fieldIs("package", app.id)];
                    return (
                      <tr id={`app-${app.id}`}>
                        <td class="title">
                          <a href={url(view, `/apps/${app.id}`)}>{app.name}</a>
                          <span class="sub">
                            {app.platform}
                            {app.publisher === null ? "" : `, ${app.publisher}`}
                          </span>
                        </td>
                        <td data-label="Versions">{versionWords(policy, app)}</td>
                        <td data-label="Meant for">
                          <a href={rowsUrl(view, terms)} data-count={own.total}>
                            {plural(own.total, "device")}
                          </a>
                        </td>
                        <td data-label="Installed">
                          <a href={rowsUrl(view, terms, "received")} data-count={own.received}>
                            {countWords(own.received)}
                          </a>
                        </td>
                        <td data-label="How they stand" class="wide">
                          <div>
                            <StackedBar
                              view={view}
                              row={{ key: app.id, label: app.name, href: "", counts: own, terms }}
                            />
                            <BucketNumbers view={view} counts={own} terms={terms} />
                          </div>
                        </td>
                      </tr>
                    );
                  })}
                </tbody>
              </table>
            </div>
          )}
        </section>
      </Live>
    </Page>
  );
}

interface AppPageProps {
  readonly view: View;
  readonly app: Package;
  readonly counts: BucketCounts;
  readonly breakdown: readonly BreakdownRow[];
  readonly distributions: readonly DistributionRow[];
  readonly policy: Policy;
}

function AppPage({ view, app, counts, breakdown, distributions, policy }: AppPageProps) {
  const terms = [fieldIs("package", app.id)];
  const reason = whyNot(view, "policy:write");
  const revisions = revisionsOf(policy, app);
  return (
    <Page
      view={view}
      title={app.name}
      crumbs={[{ label: "Apps", path: "/apps" }]}
      lead={app.description || undefined}
      actions={
        <>
          {reason === undefined && (
            <>
              <a class="button" href={url(view, `/apps/${app.id}/revisions/new`)}>
                New version
              </a>
              {revisions.length > 0 && (
                <a class="button primary" href={url(view, "/distributions/new", { app: app.id })}>
                  <Icon view={view} name="send" />
                  Distribute
                </a>
              )}
            </>
          )}
        </>
      }
    >
      <Live view={view}>
        <div class="tiles">
          <a class="tile" href={rowsUrl(view, terms)} data-count={counts.total}>
            <span class="tile-label">Distributed to</span>
            <span class="number">{countWords(counts.total)}</span>
            <span class="small muted">devices it is meant for</span>
          </a>
          <a
            class="tile received"
            href={rowsUrl(view, terms, "received")}
            data-count={counts.received}
          >
            <span class="tile-label">Installed on</span>
            <span class="number">{countWords(counts.received)}</span>
            <span class="small muted">devices that have it</span>
          </a>
        </div>
        <div class="grid">
          <Card title="How it stands" width="w5">
            <Donut view={view} counts={counts} terms={terms} />
          </Card>
          <Card title="Versions" width="w7" flush>
            <Revisions view={view} app={app} revisions={revisions} />
          </Card>
        </div>
        <Card title="Distributions" flush>
          <DistributionTable view={view} rows={distributions} policy={policy} withoutApp />
        </Card>
        <Card
          title="Report by status and state"
          flush
          aside={<a href={url(view, `/apps/${app.id}/report.csv`, { empty: "yes" })}>CSV</a>}
        >
          <Breakdown view={view} app={app} rows={breakdown} />
        </Card>
        <p class="small muted">
          Id <code>{app.id}</code>
          {app.productId !== null && (
            <>
              , product <code>{app.productId}</code>
            </>
          )}
        </p>
      </Live>
    </Page>
  );
}

function Revisions(props: { view: View; app: Package; revisions: readonly Revision[] }) {
  const { view, app, revisions } = props;
  if (revisions.length === 0) {
    return (
      <Empty title="No version yet" words="A version is what devices install. It is never changed.">
        <a class="button primary" href={url(view, `/apps/${app.id}/revisions/new`)}>
          Add a version
        </a>
      </Empty>
    );
  }
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Versions</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">File</th>
            <th scope="col">For</th>
            <th scope="col">Made</th>
          </tr>
        </thead>
        <tbody>
          {revisions.map((revision) => (
            <tr>
              <td class="title">
                <a
                  href={rowsUrl(view, [
                    fieldIs("revision", revision.id),
                    fieldIs("current", "true", "false"),
                  ])}
                >
                  {revision.version}
                </a>
                <span class="sub">{channelWords(revision)}</span>
              </td>
              <td data-label="File">
                {revision.file === null ? (
                  "none"
                ) : (
                  <span>
                    {revision.file.name}
                    <span class="sub">{byteWords(revision.file.bytes)}</span>
                  </span>
                )}
              </td>
              <td data-label="For">{targetingWords(revision)}</td>
              <td data-label="Made">
                <When view={view} at={revision.createdAtMs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Breakdown(props: { view: View; app: Package; rows: readonly BreakdownRow[] }) {
  const { view, app, rows } = props;
  if (rows.length === 0) {
    return (
      <Empty
        title="Nothing to report yet"
        words="Distribute the app, and its devices appear here."
      />
    );
  }
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Devices by status and state</caption>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">State</th>
            <th scope="col">What it means</th>
            <th scope="col" class="num">
              Devices
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              <td class="title">
                <StatusBadge view={view} bucket={row.bucket} label={row.statusLabel} />
              </td>
              <td data-label="State">{row.state ?? "not told"}</td>
              <td data-label="Meaning">{row.description}</td>
              <td data-label="Devices" class="num">
                <a
                  href={rowsUrl(
                    view,
                    [
                      fieldIs("package", app.id),
                      fieldIs("platform", row.platform),
                      fieldIs("status", row.status),
                      fieldIs("state", row.state ?? ""),
                    ],
                    row.bucket,
                  )}
                  data-count={row.count}
                >
                  {countWords(row.count)}
                </a>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface NewAppProps {
  readonly view: View;
  readonly form: FormState;
  readonly files: readonly BlobView[];
  /** A file that is chosen already. */
  readonly file: string;
}

function NewAppPage({ view, form, files, file }: NewAppProps) {
  const chosen = files.find((one) => one.sha256 === file);
  return (
    <Page view={view} title="New app" crumbs={[{ label: "Apps", path: "/apps" }]}>
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

function NewRevisionPage(props: {
  view: View;
  form: FormState;
  app: Package;
  files: readonly BlobView[];
}) {
  const { view, form, app, files } = props;
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
      <PostForm view={view} path={`/apps/${app.id}/revisions/new`} class="sheet">
        <FormProblem view={view} form={form} />
        <RevisionFields form={form} files={files} file="" view={view} platform={app.platform} />
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

/** The newest first. */
function revisionsOf(policy: Policy, app: Package): Revision[] {
  return [...policy.revisions.values()]
    .filter((revision) => revision.package === app.id)
    .sort((a, b) => b.createdAtMs - a.createdAtMs);
}

function versionWords(policy: Policy, app: Package): string {
  const [newest, ...older] = revisionsOf(policy, app);
  if (!newest) return "none yet";
  return older.length === 0 ? newest.version : `${newest.version} and ${older.length} older`;
}

function channelWords(revision: Revision): string {
  return revision.channel === "reported" ? "installed by another system" : "installed over OMA DM";
}

function targetingWords({ targeting, minimumOsVersion, licence }: Revision): string {
  const parts = [
    targeting.osPlatform,
    targeting.osMajor === null ? null : `major version ${targeting.osMajor}`,
    targeting.cpu,
    minimumOsVersion === null ? null : `from ${minimumOsVersion}`,
    licence === "none" ? null : `${licence} licence`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? "every device" : parts.join(", ");
}

function needApp({ c }: Visit | FormVisit, policy: Policy): Package {
  const id = parsePackageId(c.req.param("id") ?? "");
  const app = id && policy.packages.get(id);
  if (!app) throw new AppError("not-found", "there is no such app");
  return app;
}
