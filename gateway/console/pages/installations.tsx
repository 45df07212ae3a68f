import { type Filter, fieldIs, INSTALLATION_FIELDS } from "../../../devices/filter/filter.ts";
import { parseAskedFilter } from "../../../devices/filter/filter-words.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { type InstallationKey, parseInstallationId } from "../../../devices/model/ids.ts";
import { BUCKETS } from "../../../devices/model/installation.ts";
import { recordAction } from "../../http/audited.ts";
import { BULK_ROWS_MAX } from "../../http/routes/installations.ts";
import { csvLine } from "../../reports/csv.ts";
import {
  type BucketCounts,
  type InstallationView,
  PAGE_ROWS_DEFAULT,
  PAGE_ROWS_MAX,
  type Page as ReportPage,
} from "../../reports/report-reader.ts";
import { CsrfField } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { Empty } from "../components/empty.tsx";
import { FilterBar } from "../components/filter-bar.tsx";
import { Icon } from "../components/icon.tsx";
import { InstallationTable } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Pager } from "../components/pager.tsx";
import { Way } from "../components/way.tsx";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { BUCKET_LOOKS } from "../words.ts";

const SORTS = [
  { value: "-observed", label: "Latest change first" },
  { value: "deviceName", label: "By device" },
  { value: "packageName", label: "By app" },
  { value: "since", label: "Longest as it is first" },
  { value: "lastContact", label: "Longest without contact first" },
] as const;

/** The list behind every number, with its filter in the address. */
export function installationListPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/installations", async (visit) => {
    const { view, c } = visit;
    const text = c.req.query("filter") ?? "";
    const query = { filter: text, sort: c.req.query("sort"), limit: c.req.query("limit") };
    let list: RowList;
    try {
      list = await readList(visit);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "invalid") throw error;
      c.status(400);
      return <FilterProblem view={view} text={text} words={error.message} />;
    }
    return <ListPage view={view} text={text} query={query} {...list} />;
  });

  kit.page("/installations.csv", async ({ c, view }) => {
    const filter = parseAskedFilter(c.req.query("filter") ?? "", INSTALLATION_FIELDS);
    const encoder = new TextEncoder();
    const lines = csvOf(filter);
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const { value, done } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      cancel: () => void lines.return(undefined),
    });
    return new Response(stream, {
      headers: {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="installations-${view.role}.csv"`,
        "Cache-Control": "no-store",
      },
    });
  });

  kit.form("installations:write", "/installations/retry", retryMany);

  async function readList({ c }: Visit): Promise<RowList> {
    const filter = parseAskedFilter(c.req.query("filter") ?? "", INSTALLATION_FIELDS);
    const cursor = c.req.query("cursor");
    const sort = sortFrom(c.req.query("sort"));
    const withoutBucket = filter.filter(({ field }) => field !== "bucket");
    const [page, total, counts] = await Promise.all([
      deps.reports.list({
        filter,
        limit: limitFrom(c.req.query("limit")),
        ...(cursor && { cursor }),
        sort,
      }),
      deps.reports.count(filter),
      deps.reports.buckets(withoutBucket),
    ]);
    return { filter, withoutBucket, page, total, counts, isFirst: !cursor };
  }

  /** The chosen rows, or every row of the filter that failed. */
  async function retryMany(visit: FormVisit) {
    const { c, form, principal } = visit;
    if (!deps.site) throw new AppError("conflict", "work is retried at the site of the device");
    const text = form.value("filter");
    const isAll = form.value("rows") === "all";
    const keys = isAll ? await failedKeys(text) : chosenKeys(form.values("id"));
    const back = url({ ...visit.view, base: "" }, "/installations", { filter: text });
    if (keys.length === 0) return kit.done(c, back, "No row was chosen, so nothing was retried.");
    const outcomes = await deps.site.useCases.retryInstallations(keys, principal.name);
    const refused = outcomes.filter(({ problem }) => problem !== undefined);
    const retried = outcomes.length - refused.length;
    await recordAction(
      deps.audit,
      visit.c,
      "installations.retry",
      isAll ? text : `${keys.length} rows`,
      {
        retried,
        refused: refused.length,
      },
    );
    const left = refused[0] ? ` ${plural(refused.length, "row")} not: ${refused[0].problem}.` : "";
    return kit.done(c, back, `${plural(retried, "row")} will be tried again.${left}`);
  }

  async function failedKeys(text: string): Promise<InstallationKey[]> {
    const filter = [...parseAskedFilter(text, INSTALLATION_FIELDS), fieldIs("bucket", "failed")];
    const keys: InstallationKey[] = [];
    for await (const row of allRows(filter)) {
      if (keys.length >= BULK_ROWS_MAX) {
        throw new AppError("too-large", `at most ${BULK_ROWS_MAX} rows at once: narrow the filter`);
      }
      keys.push(row);
    }
    return keys;
  }

  async function* allRows(filter: Filter): AsyncGenerator<InstallationView> {
    let cursor: string | undefined;
    do {
      const page: ReportPage<InstallationView> = await deps.reports.list({
        filter,
        limit: PAGE_ROWS_MAX,
        ...(cursor !== undefined && { cursor }),
      });
      yield* page.rows;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  async function* csvOf(filter: Filter): AsyncGenerator<string> {
    yield csvLine(CSV_COLUMNS.map(([name]) => name));
    for await (const row of allRows(filter)) {
      yield csvLine(CSV_COLUMNS.map(([, read]) => read(row)));
    }
  }
}

interface RowList {
  readonly filter: Filter;
  readonly withoutBucket: Filter;
  readonly page: ReportPage<InstallationView>;
  readonly total: number;
  readonly counts: BucketCounts;
  readonly isFirst: boolean;
}

interface ListPageProps extends RowList {
  readonly view: View;
  readonly text: string;
  readonly query: Readonly<Record<string, string | undefined>>;
}

function ListPage(props: ListPageProps) {
  const { view, text, query, page, total, counts, withoutBucket, filter, isFirst } = props;
  const failed = counts.failed;
  const canChoose = view.role === "site" && whyNot(view, "installations:write") === undefined;
  return (
    <Page
      view={view}
      title="Installations"
      lead="One row per app and device. The address holds the filter, so it can be shared."
      actions={
        <a class="button" href={url(view, "/installations.csv", { filter: text })}>
          <Icon view={view} name="download" />
          CSV
        </a>
      }
    >
      <FilterBar
        view={view}
        path="/installations"
        text={text}
        fields={INSTALLATION_FIELDS}
        example={'status:failed state:"Failed download" -site:prague'}
        sorts={SORTS}
        sort={sortFrom(query.sort)}
      />
      <Live view={view}>
        <BucketTiles view={view} counts={counts} terms={withoutBucket} filter={filter} />
        <form class="card" method="post" action={url(view, "/installations/retry")} data-bulk>
          <CsrfField view={view} />
          <input type="hidden" name="filter" value={text} />
          {total === 0 ? (
            <NoRows view={view} text={text} />
          ) : (
            <>
              {canChoose && failed > 0 && <BulkBar view={view} failed={failed} />}
              {!canChoose && failed > 0 && (
                <p class="bulk-bar small muted">
                  {view.role === "hub"
                    ? "Failed work is retried at the console of its site."
                    : whyNot(view, "installations:write")}
                </p>
              )}
              <InstallationTable
                view={view}
                rows={page.rows}
                caption="Installations"
                choosable={canChoose && failed > 0}
              />
              <Pager
                view={view}
                path="/installations"
                query={query}
                shown={page.rows.length}
                total={total}
                next={page.next}
                isFirst={isFirst}
              />
            </>
          )}
        </form>
      </Live>
    </Page>
  );
}

function BulkBar({ view, failed }: { view: View; failed: number }) {
  return (
    <div class="bulk-bar">
      <button type="submit" name="rows" value="chosen">
        <Icon view={view} name="retry" />
        Retry the chosen
      </button>
      <span class="small muted" data-bulk-count aria-live="polite">
        choose rows below
      </span>
      <button
        type="submit"
        name="rows"
        value="all"
        data-confirm={`Retry all ${failed} failed rows of this filter?`}
      >
        Retry all {countWords(failed)} failed
      </button>
    </div>
  );
}

/** The split of the filter's rows, each tile a filter of its own. */
function BucketTiles(props: { view: View; counts: BucketCounts; terms: Filter; filter: Filter }) {
  const { view, counts, terms, filter } = props;
  const chosen = filter.find(({ field }) => field === "bucket");
  const here =
    chosen && !chosen.negated && chosen.values.length === 1 ? chosen.values[0] : undefined;
  return (
    <nav class="tiles" aria-label="By outcome">
      <a
        class="tile"
        href={rowsUrl(view, terms)}
        data-count={counts.total}
        aria-current={chosen === undefined ? "true" : undefined}
      >
        <span class="tile-label">All</span>
        <span class="number">{countWords(counts.total)}</span>
      </a>
      {BUCKETS.map((bucket) => (
        <a
          class={`tile ${bucket}`}
          href={rowsUrl(view, terms, bucket)}
          data-count={counts[bucket]}
          aria-current={here === bucket ? "true" : undefined}
        >
          <span class="tile-label">
            <Icon view={view} name={BUCKET_LOOKS[bucket].icon} />
            {BUCKET_LOOKS[bucket].label}
          </span>
          <span class="number">{countWords(counts[bucket])}</span>
        </a>
      ))}
    </nav>
  );
}

function NoRows({ view, text }: { view: View; text: string }) {
  if (text !== "") {
    return (
      <Empty
        title="No row fits this filter"
        words="Nothing is in this state, or a name is mistyped."
      >
        <a class="button" href={url(view, "/installations")}>
          Show all rows
        </a>
      </Empty>
    );
  }
  return (
    <Empty
      title="Nothing is distributed yet"
      words="A row appears for every device that a distribution is meant for. Make an app, then distribute it."
    >
      <Way view={view} scope="policy:write" path="/distributions/new" primary>
        Distribute an app
      </Way>
    </Empty>
  );
}

function FilterProblem({ view, text, words }: { view: View; text: string; words: string }) {
  return (
    <Page view={view} title="Installations">
      <FilterBar
        view={view}
        path="/installations"
        text={text}
        fields={INSTALLATION_FIELDS}
        example={'status:failed state:"Failed download" -site:prague'}
        sorts={SORTS}
        sort={SORTS[0].value}
      />
      <Band view={view} kind="bad">
        {words}
      </Band>
    </Page>
  );
}

function chosenKeys(ids: readonly string[]): InstallationKey[] {
  return ids.map((id) => {
    const key = parseInstallationId(id);
    if (!key) throw new AppError("invalid", `${id} is not the id of an installation`);
    return key;
  });
}

function sortFrom(text: string | undefined): string {
  return (SORTS.find(({ value }) => value === text) ?? SORTS[0]).value;
}

function limitFrom(text: string | undefined): number {
  const limit = Number(text);
  return Number.isInteger(limit) && limit >= 1 && limit <= PAGE_ROWS_MAX
    ? limit
    : PAGE_ROWS_DEFAULT;
}

const iso = (atMs: number | null) => (atMs === null ? null : new Date(atMs).toISOString());
type Read = (row: InstallationView) => string | number | null;
const CSV_COLUMNS: readonly (readonly [string, Read])[] = [
  ["id", (row) => row.id],
  ["site", (row) => row.site],
  ["device", (row) => row.device],
  ["deviceName", (row) => row.deviceName],
  ["package", (row) => row.package],
  ["packageName", (row) => row.packageName],
  ["distribution", (row) => row.distribution],
  ["platform", (row) => row.platform],
  ["status", (row) => row.statusLabel],
  ["state", (row) => row.state],
  ["bucket", (row) => row.bucket],
  ["operation", (row) => row.operation],
  ["targetVersion", (row) => row.targetVersion],
  ["version", (row) => row.version],
  ["reason", (row) => row.reason],
  ["reasonDetail", (row) => row.reasonDetail],
  ["since", (row) => iso(row.sinceMs)],
  ["nextAttempt", (row) => iso(row.nextAttemptMs)],
  ["lastContact", (row) => iso(row.deviceLastContactMs)],
  ["attempt", (row) => row.attempt],
  ["nativeValue", (row) => row.nativeValue],
  ["lastError", (row) => row.lastError],
  ["lastErrorText", (row) => row.lastErrorText],
  ["asOf", (row) => iso(row.asOfMs)],
];
