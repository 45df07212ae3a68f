import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId } from "../../../devices/model/ids.ts";
import {
  type RecordedMessage,
  type RecordedSession,
  SESSION_OUTCOMES,
} from "../../../devices/model/recorded-session.ts";
import { needSession, rawMessage, sessionTranscript } from "../../http/routes/device-sessions.ts";
import { FOLD_OVER_CHARACTERS, messageLines } from "../../http/session-text.ts";
import type { DeviceSessions } from "../../http/use-cases.ts";
import type { ReportReader } from "../../reports/report-reader.ts";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { type FactEntry, FactList } from "../components/fact-list.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Pager } from "../components/pager.tsx";
import {
  CommandLine,
  OutcomeBadge,
  SessionTable,
  starterWords,
} from "../components/session-table.tsx";
import { When } from "../components/when.tsx";
import type { Kit, Visit } from "../kit.tsx";
import { byteWords, countWords, durationWords, plural } from "../time-words.ts";
import { url, type View } from "../view.ts";
import { OUTCOME_LOOKS, schemeWords } from "../words.ts";

const SESSIONS_SHOWN = 50;
/** Messages of one page; decoded they are long. */
const MESSAGES_SHOWN = 20;
/** The lines of a message that are on the page; the rest is a download away. */
const LINES_SHOWN = 2_000;
/** A moment is told by the message that was being answered then: facts come a little later. */
const MOMENT_MS = 60_000;

/** What was said in sessions of devices, decoded and without secrets. */
export function deviceSessionPages(kit: Kit): void {
  const { deps } = kit;
  const { site, reports } = deps;
  if (!site) return;
  const { sessions } = site;
  const scope = "sessions:read";

  kit.pageFor(scope, "/sessions", async (visit) => {
    const list = await readList(visit, sessions, undefined);
    const names = await namesOf(reports, list.rows);
    return <SessionsPage view={visit.view} list={list} names={names} device={undefined} />;
  });

  kit.pageFor(scope, "/devices/:id/sessions", async (visit) => {
    const { c, view } = visit;
    const id = parseDeviceId(c.req.param("id") ?? "");
    const device = id && (await reports.device(id));
    if (!device) throw new AppError("not-found", "there is no such device");
    const at = c.req.query("at");
    if (at !== undefined) {
      const found = await sessions.around(device.id, Number(at) || 0);
      const isIn = found !== undefined && Number(at) - found.lastAtMs <= MOMENT_MS;
      if (isIn) return c.redirect(url(view, `/sessions/${found.id}`, { at }), 303);
      return kit.done(
        c,
        `/devices/${device.id}/sessions`,
        "The session of that moment is not kept any more.",
      );
    }
    const list = await readList(visit, sessions, device.id);
    return <SessionsPage view={view} list={list} names={undefined} device={device} />;
  });

  kit.pageFor(scope, "/sessions/:id", async ({ c, view }) => {
    const session = await needSession(sessions, c.req.param("id") ?? "");
    const total = session.messages - session.messagesNotKept;
    const from = Math.min(numberOf(c.req.query("cursor")), Math.max(0, total - 1));
    const messages = await sessions.messages(session.id, from, MESSAGES_SHOWN);
    const name = session.device && (await reports.device(session.device))?.name;
    return (
      <SessionPage
        view={view}
        session={session}
        name={name ?? null}
        messages={messages}
        from={from}
        total={total}
        whole={numberOf(c.req.query("whole"))}
      />
    );
  });

  kit.pageFor(scope, "/sessions/:id/transcript", ({ c }) =>
    sessionTranscript(sessions, c.req.param("id") ?? ""),
  );

  kit.pageFor(scope, "/sessions/:id/messages/:number/raw", ({ c }) =>
    rawMessage(sessions, c.req.param("id") ?? "", c.req.param("number") ?? ""),
  );
}

type Query = Readonly<Record<"outcome" | "problems", string | undefined>>;

interface SessionList {
  readonly rows: readonly RecordedSession[];
  readonly total: number;
  readonly next: number | undefined;
  readonly query: Query;
  readonly isFirst: boolean;
  /** Why nothing is recorded, as a sentence; null when it is. */
  readonly problem: string | null;
  /** Since the start, for want of room or time. */
  readonly notRecorded: number;
}

async function readList(
  { c, deps }: Visit,
  sessions: DeviceSessions,
  device: DeviceId | undefined,
): Promise<SessionList> {
  const outcome = SESSION_OUTCOMES.find((one) => one === c.req.query("outcome"));
  const problems = c.req.query("problems") === "yes";
  const cursor = c.req.query("cursor");
  const found = await sessions.list({
    device,
    outcome,
    hasProblem: problems ? true : undefined,
    before: cursor === undefined ? undefined : numberOf(cursor),
    limit: SESSIONS_SHOWN,
  });
  const { problem, notRecorded } = await sessions.state();
  return {
    ...found,
    query: { outcome, problems: problems ? "yes" : undefined },
    isFirst: cursor === undefined,
    problem: deps.settings.read().sessions.record === "off" ? OFF : problem,
    notRecorded,
  };
}

const OFF = "Recording is switched off, so there are no new sessions.";

async function namesOf(
  reports: ReportReader,
  rows: readonly RecordedSession[],
): Promise<ReadonlyMap<DeviceId, string>> {
  const names = new Map<DeviceId, string>();
  for (const { device } of rows) {
    if (device === null || names.has(device)) continue;
    const found = await reports.device(device);
    if (found) names.set(device, found.name);
  }
  return names;
}

interface SessionsPageProps {
  readonly view: View;
  readonly list: SessionList;
  readonly names: ReadonlyMap<DeviceId, string> | undefined;
  readonly device: { readonly id: DeviceId; readonly name: string } | undefined;
}

function SessionsPage({ view, list, names, device }: SessionsPageProps) {
  const path = device ? `/devices/${device.id}/sessions` : "/sessions";
  const crumbs = device
    ? {
        crumbs: [
          { label: "Devices", path: "/devices" },
          { label: device.name, path: `/devices/${device.id}` },
        ],
      }
    : {};
  return (
    <Page
      view={view}
      title={device ? `Sessions of ${device.name}` : "Sessions"}
      lead="What devices and this site said to each other over OMA DM, without passwords and other secrets."
      {...crumbs}
    >
      <Live view={view}>
        <Chips view={view} path={path} query={list.query} />
        {list.problem !== null && (
          <Band view={view} kind="warn">
            {list.problem} <a href={url(view, "/settings", {})}>Settings</a>
          </Band>
        )}
        {list.notRecorded > 0 && (
          <p class="muted small">
            Since this site started, {countWords(list.notRecorded)} could not be recorded: too many
            came at once, or there was no room. Those with a problem go first.
          </p>
        )}
        <section class="card" aria-label="Sessions">
          {list.rows.length === 0 ? (
            <NoSessions view={view} list={list} />
          ) : (
            <>
              <SessionTable view={view} rows={list.rows} names={names} />
              <Pager
                view={view}
                path={path}
                query={list.query}
                shown={list.rows.length}
                total={list.total}
                next={list.next === undefined ? undefined : String(list.next)}
                isFirst={list.isFirst}
              />
            </>
          )}
        </section>
      </Live>
    </Page>
  );
}

function NoSessions({ view, list }: { view: View; list: SessionList }) {
  if (list.query.outcome !== undefined || list.query.problems !== undefined) {
    return <Empty title="No such session" words="None of those that are kept is of this kind." />;
  }
  return (
    <Empty
      title="No session is kept"
      words="A session is here as soon as a device that is known to this site has spoken."
    >
      <a class="button" href={url(view, "/enrolment")}>
        How devices reach this site
      </a>
    </Empty>
  );
}

function Chips({ view, path, query }: { view: View; path: string; query: Query }) {
  const chips: readonly (readonly [string, Partial<Query>])[] = [
    ["All", {}],
    ["With a problem", { problems: "yes" }],
    ...SESSION_OUTCOMES.map((outcome) => [OUTCOME_LOOKS[outcome].label, { outcome }] as const),
  ];
  return (
    <ul class="chips" aria-label="Which sessions">
      {chips.map(([label, chosen]) => {
        const isHere = chosen.outcome === query.outcome && chosen.problems === query.problems;
        return (
          <li>
            <a
              class="chip"
              href={url(view, path, chosen)}
              aria-current={isHere ? "true" : undefined}
            >
              {label}
            </a>
          </li>
        );
      })}
    </ul>
  );
}

interface SessionPageProps {
  readonly view: View;
  readonly session: RecordedSession;
  /** What its device is called. */
  readonly name: string | null;
  readonly messages: readonly RecordedMessage[];
  readonly from: number;
  readonly total: number;
  /** The number of the message that is shown in full length; 0: none. */
  readonly whole: number;
}

function SessionPage(props: SessionPageProps) {
  const { view, session, name, messages, from, total, whole } = props;
  const next = from + messages.length;
  return (
    <Page
      view={view}
      title={`Session ${session.sessionId || "that could not be read"}${name ? ` of ${name}` : ""}`}
      crumbs={crumbsOf(session, name)}
      lead={
        <>
          <OutcomeBadge view={view} session={session} />{" "}
          {session.reason !== null && <span>{session.reason}</span>}
        </>
      }
      actions={
        <a class="button" href={url(view, `/sessions/${session.id}/transcript`)} download>
          Download as text
        </a>
      }
    >
      <Live view={view}>
        <div class="grid">
          <Card title="Session" width={session.commands.length > 0 ? "w5" : ""}>
            <SessionFacts view={view} session={session} />
          </Card>
          {session.commands.length > 0 && (
            <Card title="Commands and what was answered" width="w7">
              <ul class="rows">
                {session.commands.map((command) => (
                  <li>
                    <span class="command">
                      <CommandLine command={command} />
                    </span>
                  </li>
                ))}
                {session.moreCommands > 0 && (
                  <li>and {plural(session.moreCommands, "more", "more")}</li>
                )}
              </ul>
            </Card>
          )}
        </div>
        {messages.map((message, index) => (
          <MessageCard
            view={view}
            session={session}
            message={message}
            number={from + index + 1}
            isWhole={whole === from + index + 1}
            cursor={from}
          />
        ))}
        {session.messagesNotKept > 0 && (
          <Band view={view} kind="warn">
            {plural(session.messagesNotKept, "message was", "messages were")} not kept: the session
            has too many of them, or too long ones.
          </Band>
        )}
        <Pager
          view={view}
          path={`/sessions/${session.id}`}
          query={{}}
          shown={messages.length}
          total={total}
          next={next < total ? String(next) : undefined}
          isFirst={from === 0}
        />
      </Live>
    </Page>
  );
}

function crumbsOf({ device }: RecordedSession, name: string | null) {
  if (device === null || name === null) return [{ label: "Sessions", path: "/sessions" }];
  return [
    { label: "Devices", path: "/devices" },
    { label: name, path: `/devices/${device}` },
    { label: "Sessions", path: `/devices/${device}/sessions` },
  ];
}

function SessionFacts({ view, session }: { view: View; session: RecordedSession }) {
  const milliseconds = session.lastAtMs - session.startedAtMs;
  const entries: readonly FactEntry[] = [
    ["Began", <When view={view} at={session.startedAtMs} />],
    ["Lasted", milliseconds < 1_000 ? "under a second" : durationWords(milliseconds)],
    ["By whom", starterWords(session)],
    ["Showed", schemeWords(session.scheme)],
    [
      "Let in",
      `${session.authenticated ? "yes" : "no"}${session.failedAttempts > 0 ? `, after ${plural(session.failedAttempts, "failed attempt")}` : ""}`,
    ],
    ["Calls itself", session.externalId === "" ? "not known" : <code>{session.externalId}</code>],
    ["From", session.address],
    ["Encoding", session.encoding.toUpperCase()],
    ["Messages", countWords(session.messages)],
    ["Bytes", `${byteWords(session.bytesIn)} in, ${byteWords(session.bytesOut)} out`],
  ];
  return <FactList entries={entries} />;
}

interface MessageCardProps {
  readonly view: View;
  readonly session: RecordedSession;
  readonly message: RecordedMessage;
  readonly number: number;
  readonly isWhole: boolean;
  readonly cursor: number;
}

function MessageCard({ view, session, message, number, isWhole, cursor }: MessageCardProps) {
  const lines = messageLines(message, isWhole ? undefined : FOLD_OVER_CHARACTERS);
  const shown = lines.slice(0, LINES_SHOWN);
  const isFolded = shown.some((line) => FOLDED.test(line));
  const id = `message-${number}`;
  const path = `/sessions/${session.id}`;
  const who = message.from === "device" ? "Device → site" : "Site → device";
  return (
    <Card
      title={`${number}. ${who}`}
      flush
      aside={
        <span class="buttons">
          <span class="muted">
            <When view={view} at={message.atMs} /> · {byteWords(message.bytes)}
            {message.repeated && " · repeated"}
          </span>
          <button type="button" data-copy={id} hidden>
            Copy
          </button>
          <a href={url(view, `${path}/messages/${number}/raw`)} download>
            {message.form === "outline" ? "Text" : message.encoding.toUpperCase()}
          </a>
        </span>
      }
    >
      {message.problem !== null && (
        <Band view={view} kind="bad">
          {message.problem}
        </Band>
      )}
      {message.form === "outline" && (
        <p class="message-note muted small">
          It could not be read, so it is not known what in it is a secret: only names and numbers
          are shown.
        </p>
      )}
      <section class="message" tabindex={0} aria-label={`Message ${number}`}>
        <pre id={id}>
          {shown.map((line) => (
            <>
              {BAD_STATUS.test(line) ? <mark>{line}</mark> : line}
              {"\n"}
            </>
          ))}
        </pre>
      </section>
      {(isFolded || shown.length < lines.length) && (
        <p class="message-note small">
          {shown.length < lines.length &&
            `${countWords(lines.length - shown.length)} more lines are in the download. `}
          {isFolded && !isWhole && (
            <a href={`${url(view, path, { cursor: cursor || undefined, whole: number })}#${id}`}>
              Show long values in full
            </a>
          )}
        </p>
      )}
    </Card>
  );
}

/** As `printAnnotated` says that a value is shortened, and that a Status is bad news. */
const FOLDED = /<!-- … [\d,]+ characters in all -->/;
const BAD_STATUS = /<Status.*<!-- [45]\d\d /;

function numberOf(text: string | undefined): number {
  return /^\d{1,15}$/.test(text ?? "") ? Number(text) : 0;
}
