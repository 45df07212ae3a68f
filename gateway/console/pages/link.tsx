import { LINK_PHASES, type LinkPhase } from "../../../sync/link/link-view.ts";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { byteWords, countWords, durationWords } from "../time-words.ts";
import { url, type View } from "../view.ts";

/** How the line to the hub is, or at the hub how its end of the lines is. */
export function linkPages(kit: Kit): void {
  const { deps } = kit;
  kit.page("/link", async ({ view }) => <LinkPage view={view} status={await deps.link()} />);
}

function LinkPage({ view, status }: { view: View; status: Readonly<Record<string, unknown>> }) {
  const isHub = view.role === "hub";
  return (
    <Page
      view={view}
      title="Link"
      lead={
        isHub
          ? "Sites dial in; this is the hub's end."
          : "The site dials its hub. It works without; what happens meanwhile is sent later."
      }
    >
      <Live view={view}>
        <Headline view={view} status={status} />
        <Card title="Particulars">
          <Entries view={view} entries={status} />
        </Card>
        {isHub && (
          <p>
            <a href={url(view, "/sites")}>How fresh each site is</a>
          </p>
        )}
      </Live>
    </Page>
  );
}

const PHASE_WORDS: Readonly<
  Record<LinkPhase, { readonly kind: "good" | "warn" | "bad"; readonly words: string }>
> = {
  hello: { kind: "warn", words: "Introducing itself to the hub" },
  backfill: { kind: "warn", words: "Catching up: what happened meanwhile is being sent" },
  live: { kind: "good", words: "Live: everything is at the hub, changes follow within seconds" },
  waiting: { kind: "warn", words: "The hub cannot be reached; it is tried again by itself" },
  refused: { kind: "bad", words: "The hub does not take this site: somebody has to act" },
  cut: { kind: "warn", words: "Taken off the line here, on purpose" },
};

/** The few words that everybody wants first, when the status has them. */
function Headline({ view, status }: { view: View; status: Readonly<Record<string, unknown>> }) {
  const phase = LINK_PHASES.find((one) => one === status.phase);
  if (phase === undefined) return null;
  const { kind, words } = PHASE_WORDS[phase];
  const { lastError } = status;
  return (
    <Band view={view} kind={kind}>
      <b>{words}</b>
      {typeof lastError === "string" && lastError !== "" && <p>{sentence(lastError)}</p>}
    </Band>
  );
}

function Entries({ view, entries }: { view: View; entries: Readonly<Record<string, unknown>> }) {
  const shown = Object.entries(entries);
  if (shown.length === 0) return <p class="muted">Nothing is known about the line yet.</p>;
  return (
    <dl class="facts">
      {shown.map(([name, value]) => (
        <div>
          <dt>{labelOf(name)}</dt>
          <dd>
            <Value view={view} name={name} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The status is one object of a plain shape: names say what numbers are, as everywhere here. */
function Value({ view, name, value }: { view: View; name: string; value: unknown }) {
  if (value === null || value === undefined) return <span class="muted">none</span>;
  if (typeof value === "boolean") {
    return <Badge view={view} kind={value ? "good" : "plain"} label={value ? "yes" : "no"} />;
  }
  if (typeof value === "number") {
    if (/(AtMs|SeenMs|SinceMs|asOfMs)$/.test(name)) return <When view={view} at={value} />;
    if (name.endsWith("Ms")) return <>{durationWords(Math.abs(value))}</>;
    if (/bytes/i.test(name)) return <>{byteWords(value)}</>;
    return <>{countWords(value)}</>;
  }
  if (typeof value === "string") {
    const atMs = /^\d{4}-\d{2}-\d{2}T/.test(value) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(atMs) ? value : <When view={view} at={atMs} />;
  }
  if (Array.isArray(value)) return <>{value.length === 0 ? "none" : JSON.stringify(value)}</>;
  return <Entries view={view} entries={value as Readonly<Record<string, unknown>>} />;
}

/** `lastAcknowledgedAtMs` becomes `Last acknowledged`. */
function labelOf(name: string): string {
  const words = name
    .replace(/(AtMs|Ms|At)$/, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase();
  return sentence(words);
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
