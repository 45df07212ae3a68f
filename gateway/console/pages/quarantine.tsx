import { parseSiteId } from "../../../devices/model/ids.ts";
import {
  dismissFrame,
  frameAnswer,
  needFrame,
  takeFrameAgain,
} from "../../http/routes/oversight.ts";
import type { HubOversight, QuarantinedFrameSummary, RefusedRecord } from "../../http/use-cases.ts";
import { quarantineAdvice } from "../../reports/quarantine-advice.ts";
import { Action } from "../components/action.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { type FactEntry, FactList } from "../components/fact-list.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Pager } from "../components/pager.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { byteWords } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";

const ROWS_SHOWN = 50;
const KINDS: Readonly<Record<string, string>> = {
  status: "Status",
  journal: "Journal",
  policy: "Policy",
  keys: "New keys",
};

/** At the hub: what was not taken from sites, why, and what to do. */
export function quarantinePages(kit: Kit): void {
  const { oversight } = kit.deps;
  if (!oversight) return;

  kit.page("/quarantine", async ({ c, view }) => {
    const site = parseSiteId(c.req.query("site") ?? "");
    const cursor = c.req.query("cursor") || undefined;
    const page = await oversight.quarantined({ site, cursor, limit: ROWS_SHOWN });
    return (
      <QuarantinePage
        view={view}
        site={site}
        isFirst={cursor === undefined}
        page={page}
        refused={oversight.refusedRecords()}
      />
    );
  });

  kit.page("/quarantine/:id", async ({ c, view }) => {
    const { summary } = await needFrame(oversight, c.req.param("id") ?? "");
    return <FramePage view={view} frame={summary} />;
  });

  kit.form("sites:write", "/quarantine/:id/dismiss", async ({ c }) => {
    const id = c.req.param("id") ?? "";
    const { siteName } = await dismissFrame(oversight, kit.deps.audit, c, id);
    return kit.done(c, "/quarantine", `The frame of ${siteName} is gone.`);
  });

  kit.form("sites:write", "/quarantine/:id/take", async ({ c }) => {
    const id = c.req.param("id") ?? "";
    const { siteName } = await takeFrameAgain(oversight, kit.deps.audit, c, id);
    return kit.done(c, "/quarantine", `The frame of ${siteName} was taken in.`);
  });

  kit.pageFor("audit:read", "/quarantine/:id/frame", async ({ c }) => {
    const { frame, summary } = await needFrame(oversight, c.req.param("id") ?? "");
    return frameAnswer(summary, frame);
  });
}

interface QuarantinePageProps {
  readonly view: View;
  readonly site: string | undefined;
  readonly isFirst: boolean;
  readonly page: Awaited<ReturnType<HubOversight["quarantined"]>>;
  readonly refused: readonly RefusedRecord[];
}

function QuarantinePage({ view, site, isFirst, page, refused }: QuarantinePageProps) {
  return (
    <Page
      view={view}
      title="Quarantine"
      lead="Frames that are a site's own and failed a check. Nothing else waits for them; their bytes are kept for 90 days."
    >
      <Live view={view}>
        <section class="card" aria-label="Frames">
          {page.rows.length === 0 ? (
            <Empty
              title="Nothing is in quarantine"
              words={
                site === undefined
                  ? "Every frame that the sites have sent was taken."
                  : `Every frame that ${site} has sent was taken.`
              }
            >
              {site !== undefined && (
                <a class="button" href={url(view, "/quarantine")}>
                  All sites
                </a>
              )}
            </Empty>
          ) : (
            <>
              <FrameTable view={view} rows={page.rows} />
              <Pager
                view={view}
                path="/quarantine"
                query={{ site }}
                shown={page.rows.length}
                total={page.total}
                next={page.next}
                isFirst={isFirst}
              />
            </>
          )}
        </section>
        {refused.length > 0 && (
          <Card title="Records that were not taken" flush>
            <RefusedTable records={refused} />
          </Card>
        )}
      </Live>
    </Page>
  );
}

function FrameTable({ view, rows }: { view: View; rows: readonly QuarantinedFrameSummary[] }) {
  return (
    <CardTable
      caption="Frames in quarantine"
      columns={["Site", "Received", "Frame", "Why", "What to do"]}
    >
      {rows.map((frame) => (
        <tr id={`frame-${frame.id}`}>
          <td class="title">
            <a href={url(view, "/quarantine", { site: frame.site })}>{frame.siteName}</a>
          </td>
          <td data-label="Received">
            <When view={view} at={frame.receivedAtMs} stacked />
          </td>
          <td data-label="Frame">
            <span>
              <a href={url(view, `/quarantine/${frame.id}`)}>
                {KINDS[frame.kind] ?? (frame.kind || "Frame")} {frame.frameSeq}
              </a>
              <span class="sub">{byteWords(frame.bytes)}</span>
            </span>
          </td>
          <td data-label="Why">{frame.reason}</td>
          <td data-label="What to do">
            <span>
              {quarantineAdvice(frame.kind).happened}
              <span class="sub">{quarantineAdvice(frame.kind).todo}</span>
            </span>
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function FramePage({ view, frame }: { view: View; frame: QuarantinedFrameSummary }) {
  const advice = quarantineAdvice(frame.kind);
  const reason = whyNot(view, "audit:read");
  const entries: readonly FactEntry[] = [
    ["Site", <a href={url(view, "/quarantine", { site: frame.site })}>{frame.siteName}</a>],
    ["Received", <When view={view} at={frame.receivedAtMs} />],
    ["Number", `${frame.frameSeq} of incarnation ${frame.incarnation}`],
    ["Holds", KINDS[frame.kind] ?? "something that this version does not know"],
    ["Size", byteWords(frame.bytes)],
    ["SHA-256 of its body", <code class="small">{frame.sha256 || "not known"}</code>],
  ];
  return (
    <Page
      view={view}
      title={`${KINDS[frame.kind] ?? "Frame"} ${frame.frameSeq} of ${frame.siteName}`}
      crumbs={[{ label: "Quarantine", path: "/quarantine" }]}
    >
      <Card title="Why it was set aside">
        <div class="now">
          <p>{frame.reason}</p>
          <p>{advice.happened}</p>
          <p>{advice.todo}</p>
        </div>
      </Card>
      <Card title="Particulars">
        <div class="now">
          <FactList entries={entries} />
          {!frame.hasBytes ? (
            <p class="muted">Its bytes were not kept: the site's room in quarantine was full.</p>
          ) : reason !== undefined ? (
            <p class="muted">{reason}: the bytes hold what the site reported.</p>
          ) : (
            <p>
              <a class="button" href={url(view, `/quarantine/${frame.id}/frame`)}>
                Save the bytes
              </a>
            </p>
          )}
          {frame.hasBytes && advice.canBeTakenAgain && (
            <Action
              view={view}
              path={`/quarantine/${frame.id}/take`}
              label="Take it in again"
              whyNot={whyNot(view, "sites:write")}
            />
          )}
          <Action
            view={view}
            path={`/quarantine/${frame.id}/dismiss`}
            label="Dismiss"
            kind="danger"
            confirm="Dismiss this frame? Its bytes are deleted for good."
            whyNot={whyNot(view, "sites:write")}
          />
        </div>
      </Card>
    </Page>
  );
}

function RefusedTable({ records }: { records: readonly RefusedRecord[] }) {
  return (
    <CardTable caption="Records that were not taken" columns={["Record", "From", "Why"]}>
      {records.map(({ id, kind, origin, reason }) => (
        <tr>
          <td class="title">
            {kind} {id}
          </td>
          <td data-label="From">
            <code class="small">{origin}</code>
          </td>
          <td data-label="Why">
            <span>
              {reason}
              <span class="sub">Its last good version holds, if there was one.</span>
            </span>
          </td>
        </tr>
      ))}
    </CardTable>
  );
}
