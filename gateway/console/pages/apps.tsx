import { fieldIs } from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { Package } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { recordAction } from "../../http/audited.ts";
import { revisionRecord } from "../../http/routes/revision-checks.ts";
import { csvLine } from "../../reports/csv.ts";
import type { BlobView, BucketCounts, GroupedCounts } from "../../reports/report-reader.ts";
import { packageFrom, revisionFrom } from "../authoring.ts";
import { BucketNumbers, StackedBar } from "../charts/stacked-bars.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Icon } from "../components/icon.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { prefill } from "../prefill.ts";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { NewAppPage, NewRevisionPage } from "./app-forms.tsx";
import { AppPage, revisionsOf } from "./app-page.tsx";
import { distributionRows } from "./distribution-table.tsx";

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
  const choices = (files: readonly BlobView[]) => ({
    files,
    origins: deps.settings.read().contentOrigins,
    role: deps.role,
  });

  kit.page("/apps", async ({ view }) => {
    const policy = deps.policy.read();
    const grouped = await deps.reports.groupedBy("package", []);
    return <AppsPage view={view} policy={policy} grouped={grouped} />;
  });

  kit.pageFor("policy:write", "/apps/new", async ({ c, view }) => {
    const file = c.req.query("file") ?? "";
    const prefilled = await prefill(deps.files, deps.policy.read(), file);
    return <NewAppPage view={view} {...prefilled} files={await deps.files.list()} file={file} />;
  });

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
        ? revisionFrom(form, app, choices(files), policy, nowMs)
        : undefined;
      const changes = [
        { kind: "package", id: app.id, body: { ...app } } as const,
        ...(revision
          ? [{ kind: "revision", id: revision.id, body: revisionRecord(revision) } as const]
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
      <NewAppPage view={view} form={form} notes={[]} files={await deps.files.list()} file="" />
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
    return <AppPage view={visit.view} {...data} describeSource={deps.describeSource} />;
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

  kit.pageFor("policy:write", "/apps/:id/revisions/new", async (visit) => {
    const policy = deps.policy.read();
    const file = visit.c.req.query("file") ?? "";
    const { form, notes } = await prefill(deps.files, policy, file);
    return (
      <NewRevisionPage
        view={visit.view}
        form={form}
        notes={notes}
        app={needApp(visit, policy)}
        files={await deps.files.list()}
        file={file}
      />
    );
  });

  kit.form(
    "policy:write",
    "/apps/:id/revisions/new",
    async (visit) => {
      const policy = deps.policy.read();
      const app = needApp(visit, policy);
      const files = await deps.files.list();
      const revision = revisionFrom(visit.form, app, choices(files), policy, deps.now());
      const change = { kind: "revision", id: revision.id, body: revisionRecord(revision) } as const;
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
        notes={[]}
        app={needApp(visit, deps.policy.read())}
        files={await deps.files.list()}
        file=""
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
              <Way view={view} scope="policy:write" path="/files/upload" primary>
                Upload a file
              </Way>
              <Way view={view} scope="policy:write" path="/apps/new">
                Make an app
              </Way>
            </Empty>
          ) : (
            <CardTable
              caption="Apps"
              columns={["App", "Versions", "Meant for", "Installed", "How they stand"]}
            >
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
            </CardTable>
          )}
        </section>
      </Live>
    </Page>
  );
}

function versionWords(policy: Policy, app: Package): string {
  const [newest, ...older] = revisionsOf(policy, app);
  if (!newest) return "none yet";
  return older.length === 0 ? newest.version : `${newest.version} and ${older.length} older`;
}

function needApp({ c }: Visit | FormVisit, policy: Policy): Package {
  const id = parsePackageId(c.req.param("id") ?? "");
  const app = id && policy.packages.get(id);
  if (!app) throw new AppError("not-found", "there is no such app");
  return app;
}
