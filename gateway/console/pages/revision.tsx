import { fieldIs } from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parsePackageId } from "../../../devices/model/ids.ts";
import type { NumberedMetric } from "../../../devices/model/metric.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import { recordAction } from "../../http/audited.ts";
import { needValid } from "../../http/field-problems.ts";
import { whyFixed } from "../../http/metric-editor.ts";
import { changed } from "../../http/routes/revision-metrics.ts";
import { NewMetricSchema, wantedMetric } from "../../http/schemas/agent-install.ts";
import { ceNotesHere } from "../../reports/ce-notes.ts";
import { type FormState, FRESH_FORM, type SentForm } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { RevisionPage } from "./revision-page.tsx";

/** One version: what it does in words, its files, its metrics and what changes them. */
export function revisionPages(kit: Kit): void {
  const { deps } = kit;
  const path = "/apps/:id/revisions/:revision";

  kit.page(path, async (visit) => shown(visit, FRESH_FORM));

  const edit = (
    what: string,
    act: (
      visit: FormVisit,
      revision: Revision,
    ) => Promise<{ readonly words: string; readonly details: Readonly<Record<string, unknown>> }>,
  ) =>
    kit.form(
      "policy:write",
      `${path}/metrics/${what}`,
      async (visit) => {
        const { app, revision } = needRevision(visit);
        const { words, details } = await act(visit, revision);
        const action = `revision.metric.${what}`;
        await recordAction(deps.audit, visit.c, action, revision.id, details);
        return kit.done(visit.c, `/apps/${app.id}/revisions/${revision.id}`, words);
      },
      async (visit) => shown(visit, visit.form),
    );

  edit("generate", async ({ principal }, { id }) => {
    const { added, notes } = await deps.metrics.generate(id, principal.name);
    const made = added === 0 ? "No metric was added." : `${added} added.`;
    return { words: [made, ...notes].join(" "), details: { added } };
  });
  edit("add", async ({ form, principal }, { id }) => {
    const metric = wantedMetric(needValid(NewMetricSchema, givenMetric(form)));
    const { number } = await deps.metrics.add(id, metric, principal.name);
    return { words: `Metric ${number} was added.`, details: { number } };
  });
  edit("change", async ({ form, principal }, { id }) => {
    const number = numberOf(form);
    const operator = form.value("operator");
    await deps.metrics.change(id, number, (one) => changed(one, { operator }), principal.name);
    return { words: `Metric ${number} was changed.`, details: { number, operator } };
  });
  edit("remove", async ({ form, principal }, { id }) => {
    const number = numberOf(form);
    await deps.metrics.remove(id, number, principal.name);
    return { words: `Metric ${number} was removed.`, details: { number } };
  });

  async function shown(visit: Visit | FormVisit, form: FormState) {
    const { app, revision } = needRevision(visit);
    const fixed = whyFixed(deps.policy, revision);
    const source = revision.source && !revision.file ? deps.describeSource(revision) : undefined;
    const rows = [fieldIs("revision", revision.id), fieldIs("current", "true", "false")];
    const notes = await ceNotesHere(deps.reports, app, revision);
    const { view } = visit;
    return <RevisionPage {...{ view, app, revision, form, fixed, source, rows, notes }} />;
  }

  function needRevision({ c }: Visit | FormVisit): {
    readonly app: Package;
    readonly revision: Revision;
  } {
    const policy = deps.policy.read();
    const id = parsePackageId(c.req.param("id") ?? "");
    const app = id && policy.packages.get(id);
    const name = c.req.param("revision");
    const revision = [...policy.revisions.values()].find((one) => one.id === name);
    if (app && revision?.package === app.id) return { app, revision };
    throw new AppError("not-found", "there is no such version");
  }
}

function numberOf(form: SentForm): NumberedMetric["number"] {
  const text = form.value("number");
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AppError("not-found", "there is no such metric");
}

/** A metric as the API takes it: fields that its kind does not have are left out. */
function givenMetric(form: SentForm): Record<string, unknown> {
  const kind = form.value("kind");
  const major = form.value("osMajor");
  return {
    kind,
    file: form.value("file"),
    source: {
      file: form.value("source"),
      virtualFile: form.optional("virtualFile") ?? null,
    },
    ...(kind !== "FileHash" && { operator: form.value("operator") }),
    ...(kind === "FileVersion" && {
      field: form.value("field"),
      part: form.optional("part") ?? null,
    }),
    targeting: {
      cpu: form.optional("cpu") ?? null,
      osMajor: /^\d+$/.test(major) ? Number(major) : major || null,
      osPlatform: form.optional("osPlatform") ?? null,
    },
  };
}
