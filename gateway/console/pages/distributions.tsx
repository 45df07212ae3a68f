import { fieldIs } from "../../../devices/filter/filter.ts";
import type { Distribution } from "../../../devices/model/distribution.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseDistributionId } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { recordAction } from "../../http/audited.ts";
import {
  checkDistribution,
  distributionChange,
  notesOn,
} from "../../http/routes/distribution-checks.ts";
import { ceNotesHere } from "../../reports/ce-notes.ts";
import { distributionIdFor, wantedDistribution } from "../authoring.ts";
import { Live, Page } from "../components/layout.tsx";
import { FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { url, type View, whyNot } from "../view.ts";
import { asSentence } from "../words.ts";
import { NewDistributionPage } from "./distribution-form.tsx";
import { DistributionPage } from "./distribution-page.tsx";
import {
  type DistributionRow,
  DistributionTable,
  distributionRows,
} from "./distribution-table.tsx";

const ROWS_SHOWN = 10;

/** What was decided for which devices: the list, one distribution, and the form that makes one. */
export function distributionPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/distributions", async ({ c, view }) => {
    const policy = deps.policy.read();
    const show = c.req.query("show") === "stopped" ? "stopped" : "open";
    const isShown = (one: Distribution) => (one.stoppedAtMs === null) === (show === "open");
    const rows = await distributionRows(deps.reports, policy, policy.distributions.filter(isShown));
    return <ListPage view={view} policy={policy} rows={rows} show={show} />;
  });

  kit.pageFor("policy:write", "/distributions/new", async ({ c, view }) => (
    <NewDistributionPage
      view={view}
      form={FRESH_FORM}
      policy={deps.policy.read()}
      app={c.req.query("app") ?? ""}
      device={c.req.query("device") ?? ""}
      sites={(await deps.hub?.sites()) ?? []}
    />
  ));

  kit.form(
    "policy:write",
    "/distributions/new",
    async (visit) => {
      const policy = deps.policy.read();
      const given = wantedDistribution(visit.form, policy);
      const sites = await deps.hub?.sites();
      const { fields, revision } = await checkDistribution(given, policy, {
        reports: deps.reports,
        isSite: async (id) => sites?.some((one) => one.id === id) ?? false,
      });
      const app = policy.packages.get(revision.package);
      const notes = [
        ...notesOn(fields, revision, policy),
        ...(await ceNotesHere(deps.reports, app, revision, fields.target)),
      ];
      const id = distributionIdFor(given, policy, deps.now());
      const change = distributionChange(id, fields);
      await deps.author.write([change], visit.principal.name);
      await recordAction(deps.audit, visit.c, "distribution.create", id, { ...fields });
      const notice = ["The distribution is on its way.", ...notes.map(asSentence)].join(" ");
      return kit.done(visit.c, `/distributions/${id}`, notice);
    },
    async ({ view, form }) => (
      <NewDistributionPage
        view={view}
        form={form}
        policy={deps.policy.read()}
        app=""
        device=""
        sites={(await deps.hub?.sites()) ?? []}
      />
    ),
  );

  kit.page("/distributions/:id", async (visit) => {
    const policy = deps.policy.read();
    const distribution = needDistribution(visit, policy);
    const terms = [fieldIs("distribution", distribution.id)];
    const [counts, reasons, latest, sites] = await Promise.all([
      deps.reports.buckets(terms),
      deps.reports.groupedBy("reason", terms),
      deps.reports.list({ filter: terms, limit: ROWS_SHOWN, sort: "-observed" }),
      deps.hub?.sites(),
    ]);
    return (
      <DistributionPage
        view={visit.view}
        distribution={distribution}
        policy={policy}
        counts={counts}
        reasons={reasons}
        rows={latest.rows}
        sites={sites}
      />
    );
  });

  kit.form("policy:write", "/distributions/:id/stop", async (visit) => {
    const distribution = needDistribution(visit, deps.policy.read());
    const body = { stoppedAtMs: distribution.stoppedAtMs ?? deps.now() };
    await deps.author.write(
      [{ kind: "distribution", id: distribution.id, body }],
      visit.principal.name,
    );
    await recordAction(deps.audit, visit.c, "distribution.stop", distribution.id);
    const notice = "Stopped: what was pending or failed leaves, what is installed stays.";
    return kit.done(visit.c, `/distributions/${distribution.id}`, notice);
  });
}

function ListPage(props: {
  view: View;
  policy: Policy;
  rows: readonly DistributionRow[];
  show: "open" | "stopped";
}) {
  const { view, policy, rows, show } = props;
  const stopped = policy.distributions.filter((one) => one.stoppedAtMs !== null).length;
  const open = policy.distributions.length - stopped;
  return (
    <Page
      view={view}
      title="Distributions"
      lead="Each brings one version of an app to its devices. A new version is a new distribution."
      actions={
        whyNot(view, "policy:write") === undefined && (
          <a class="button primary" href={url(view, "/distributions/new")}>
            Distribute an app
          </a>
        )
      }
    >
      <Live view={view}>
        <nav class="chips" aria-label="Which distributions">
          <a
            class="chip"
            href={url(view, "/distributions")}
            aria-current={show === "open" ? "true" : undefined}
            data-count={open}
          >
            Open {open}
          </a>
          <a
            class="chip"
            href={url(view, "/distributions", { show: "stopped" })}
            aria-current={show === "stopped" ? "true" : undefined}
            data-count={stopped}
          >
            Stopped {stopped}
          </a>
        </nav>
        <section class="card" aria-label="Distributions">
          <DistributionTable view={view} rows={rows} policy={policy} />
        </section>
      </Live>
    </Page>
  );
}

function needDistribution({ c }: Visit | FormVisit, policy: Policy): Distribution {
  const id = parseDistributionId(c.req.param("id") ?? "");
  const distribution = id && policy.distributionsById.get(id);
  if (!distribution) throw new AppError("not-found", "there is no such distribution");
  return distribution;
}
