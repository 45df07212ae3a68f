import type { HubLine, SiteLine } from "../../http/use-cases.ts";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { type FactEntry, FactList } from "../components/fact-list.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { countWords, durationWords, plural } from "../time-words.ts";
import { url, type View } from "../view.ts";

/** How the line to the hub is, or at the hub how its end of the lines is. */
export function linkPages(kit: Kit): void {
  const { deps } = kit;
  kit.page("/link", async ({ view }) => {
    const line = await deps.link();
    return line.kind === "hub" ? (
      <HubPage view={view} line={line} />
    ) : (
      <SitePage view={view} line={line} />
    );
  });
}

function HubPage({ view, line }: { view: View; line: HubLine }) {
  return (
    <Page view={view} title="Link" lead="Sites dial in; this is the hub's end.">
      <Live view={view}>
        <p>
          {plural(line.sites, "site")} joined this hub.{" "}
          <a href={url(view, "/sites")}>How fresh each of them is</a>
        </p>
      </Live>
    </Page>
  );
}

function SitePage({ view, line }: { view: View; line: SiteLine }) {
  return (
    <Page
      view={view}
      title="Link"
      lead="The site dials its hub. It works without; what happens meanwhile is sent later."
    >
      <Live view={view}>
        <Headline view={view} line={line} />
        {line.hubUrl !== null && (
          <Card title="Particulars">
            <Particulars view={view} line={line} />
          </Card>
        )}
      </Live>
    </Page>
  );
}

const PHASE_WORDS: Readonly<
  Record<
    SiteLine["phase"],
    { readonly kind: "good" | "warn" | "bad" | "info"; readonly words: string }
  >
> = {
  hello: { kind: "warn", words: "Introducing itself to the hub" },
  backfill: { kind: "warn", words: "Catching up: what happened meanwhile is being sent" },
  live: { kind: "good", words: "Live: everything is at the hub, changes follow within seconds" },
  waiting: { kind: "warn", words: "The hub cannot be reached; it is tried again by itself" },
  refused: { kind: "bad", words: "The hub does not take this site: somebody has to act" },
  cut: { kind: "warn", words: "Taken off the line here, on purpose" },
  joining: { kind: "warn", words: "Not joined yet: the hub is asked to take this site" },
  alone: {
    kind: "info",
    words:
      "This site works for itself. To join it to a hub, start it with the hub's address and a join code",
  },
};

/** The few words that everybody wants first. */
function Headline({ view, line }: { view: View; line: SiteLine }) {
  const { kind, words } = PHASE_WORDS[line.phase];
  const { joinProblem, lastError } = line;
  const problems = [...new Set([lastError, joinProblem])].filter((one) => one !== null);
  // On the line all the same, but not everything that was sent has been taken.
  const isFlawed = line.phase === "live" && problems.length > 0;
  return (
    <Band view={view} kind={isFlawed ? "warn" : kind}>
      <b>{isFlawed ? "On the line, with a problem" : words}</b>
      {problems.map((problem) => (
        <p>{sentence(problem)}</p>
      ))}
    </Band>
  );
}

function Particulars({ view, line }: { view: View; line: SiteLine }) {
  const time = (at: number | null) => <When view={view} at={at} />;
  const offset = line.clockOffsetMs;
  const facts: readonly FactEntry[] = [
    ["Address of the hub", line.hubUrl],
    ["This site's id there", line.site ?? "none yet"],
    ["Connected since", time(line.connectedSinceMs)],
    ["Hub last confirmed", time(line.lastAcknowledgedAtMs)],
    ["States still to be sent", countWords(line.pendingRows)],
    ["Entries of the history still to be sent", countWords(line.pendingFacts)],
    ["Next attempt", line.nextAttemptAtMs === null ? "none needed" : time(line.nextAttemptAtMs)],
    ["Clock", offset === null ? "not compared yet" : clockWords(offset)],
    ["Version of the organisation's policy", line.policyVersion ?? "none yet"],
    ["Times this site's disk began anew", line.incarnation ?? "none yet"],
  ];
  return <FactList entries={facts} />;
}

/** Less than this is how long a message takes. */
const CLOCK_NOISE_MS = 2_000;

function clockWords(offsetMs: number): string {
  if (Math.abs(offsetMs) < CLOCK_NOISE_MS) return "as the hub's";
  const words = durationWords(Math.abs(offsetMs));
  return offsetMs > 0 ? `${words} ahead of the hub's` : `${words} behind the hub's`;
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
