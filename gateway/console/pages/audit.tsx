import type { AuditEntry } from "../../access/access-store.ts";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { url, type View } from "../view.ts";

const ENTRIES_SHOWN = 100;

/** What administrators did, the latest first. */
export function auditPages(kit: Kit): void {
  const { deps } = kit;

  kit.pageFor("audit:read", "/audit", async ({ c, view }) => {
    const query = {
      by: c.req.query("by") || undefined,
      action: c.req.query("action") || undefined,
      subject: c.req.query("subject") || undefined,
    };
    const beforeId = Number(c.req.query("before"));
    const entries = await deps.audit.list({
      limit: ENTRIES_SHOWN,
      ...(Number.isInteger(beforeId) && beforeId > 0 && { beforeId }),
      ...(query.by && { by: query.by }),
      ...(query.action && { action: query.action }),
      ...(query.subject && { subject: query.subject }),
    });
    return <AuditPage view={view} entries={entries} query={query} />;
  });
}

interface AuditPageProps {
  readonly view: View;
  readonly entries: readonly AuditEntry[];
  readonly query: Readonly<Record<"by" | "action" | "subject", string | undefined>>;
}

function AuditPage({ view, entries, query }: AuditPageProps) {
  const last = entries.at(-1);
  return (
    <Page view={view} title="Audit log" lead="Who did what, and when. Entries are never changed.">
      {!view.isFragment && (
        <search>
          <form class="filter-bar" method="get" action={url(view, "/audit")}>
            {(["by", "action", "subject"] as const).map((name) => (
              <div class="field">
                <label for={`audit-${name}`}>{LABELS[name]}</label>
                <input id={`audit-${name}`} name={name} value={query[name]} autocomplete="off" />
              </div>
            ))}
            <button type="submit">Show</button>
            {Object.values(query).some(Boolean) && (
              <a class="button" href={url(view, "/audit")}>
                Clear
              </a>
            )}
          </form>
        </search>
      )}
      <Live view={view}>
        <section class="card" aria-label="Entries">
          {entries.length === 0 ? (
            <Empty title="No entry" words="Nothing that fits was done yet." />
          ) : (
            <CardTable
              caption="Audit log"
              columns={["When", "Who", "What", "To what", "Particulars"]}
            >
              {entries.map((entry) => (
                <tr id={`audit-${entry.id}`}>
                  <td data-label="When">
                    <When view={view} at={entry.atMs} stacked />
                  </td>
                  <td data-label="Who">
                    <span>
                      <a href={url(view, "/audit", { by: entry.by })}>{entry.by}</a>
                      <span class="sub">{entry.address}</span>
                    </span>
                  </td>
                  <td data-label="What">
                    <a href={url(view, "/audit", { action: entry.action })}>{entry.action}</a>
                  </td>
                  <td data-label="To what">
                    <code class="small">{entry.subject}</code>
                  </td>
                  <td data-label="Particulars" class="small">
                    {particulars(entry)}
                  </td>
                </tr>
              ))}
            </CardTable>
          )}
          {entries.length === ENTRIES_SHOWN && last && (
            <nav class="pager" aria-label="Pages">
              <span class="small muted">{ENTRIES_SHOWN} entries</span>
              <a class="button" href={url(view, "/audit", { ...query, before: last.id })}>
                Older
              </a>
            </nav>
          )}
        </section>
      </Live>
    </Page>
  );
}

const LABELS = { by: "Who", action: "What", subject: "To what" } as const;

function particulars({ details }: AuditEntry): string {
  return Object.entries(details)
    .filter(([, value]) => value !== null && value !== "")
    .map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
