import type { DeviceId } from "../../../devices/model/ids.ts";
import type { RecordedSession, SessionCommand } from "../../../devices/model/recorded-session.ts";
import { statusWords } from "../../../devices/sight/reasons.ts";
import { byteWords, durationWords, plural } from "../time-words.ts";
import { url, type View } from "../view.ts";
import { OUTCOME_LOOKS, schemeWords } from "../words.ts";
import { Badge } from "./badge.tsx";
import { CardTable } from "./card-table.tsx";
import { When } from "./when.tsx";

/** Commands of a session that its row shows: those that failed first. */
const COMMANDS_SHOWN = 3;

interface SessionTableProps {
  readonly view: View;
  readonly rows: readonly RecordedSession[];
  /** What devices are called; undefined where all are of one device. */
  readonly names: ReadonlyMap<DeviceId, string> | undefined;
}

/** Sessions of devices, one row each: how it ended, and what was done. */
export function SessionTable({ view, rows, names }: SessionTableProps) {
  return (
    <CardTable
      caption="Sessions"
      columns={["Began", names !== undefined && "Device", "Ended", "Commands", "Messages"]}
    >
      {rows.map((session) => (
        <tr id={`session-${session.id}`}>
          <td class="title">
            <a href={url(view, `/sessions/${session.id}`)}>
              <When view={view} at={session.startedAtMs} stacked />
            </a>
            <span class="sub">{manner(session)}</span>
          </td>
          {names && (
            <td data-label="Device">
              <DeviceName view={view} session={session} names={names} />
            </td>
          )}
          <td data-label="Ended" class="wide">
            <span>
              <OutcomeBadge view={view} session={session} />
              {session.reason !== null && <span class="sub">{session.reason}</span>}
            </span>
          </td>
          <td data-label="Commands" class="wide">
            <CommandSummary session={session} />
          </td>
          <td data-label="Messages">
            <span>
              <span class="nowrap">
                {plural(session.messages, "message")}
                {session.messages > 1 && `, ${lengthWords(session)}`}
              </span>
              <span class="sub nowrap">
                {byteWords(session.bytesIn)} in, {byteWords(session.bytesOut)} out
              </span>
            </span>
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

export function OutcomeBadge({ view, session }: { view: View; session: RecordedSession }) {
  const { kind, label } = OUTCOME_LOOKS[session.outcome];
  const isMixed = session.outcome === "finished" && session.hasProblem;
  return isMixed ? (
    <Badge view={view} kind="warn" label="Finished, a command failed" />
  ) : (
    <Badge view={view} kind={kind} label={label} />
  );
}

function DeviceName(props: {
  view: View;
  session: RecordedSession;
  names: ReadonlyMap<DeviceId, string>;
}) {
  const { view, session, names } = props;
  const { device, address } = session;
  if (device === null) {
    return (
      <span class="muted">
        nobody known, <span class="nowrap">{address}</span>
      </span>
    );
  }
  return <a href={url(view, `/devices/${device}`)}>{names.get(device) ?? session.externalId}</a>;
}

function CommandSummary({ session }: { session: RecordedSession }) {
  const { commands, moreCommands } = session;
  if (commands.length === 0) return <span class="muted">none</span>;
  const failed = commands.filter(isFailed);
  const shown = [...failed, ...commands.filter((one) => !isFailed(one))].slice(0, COMMANDS_SHOWN);
  const more = commands.length - shown.length + moreCommands;
  return (
    <span>
      {shown.map((command) => (
        <span class="sub">
          <CommandLine command={command} isShort />
        </span>
      ))}
      {more > 0 && <span class="sub">and {plural(more, "more", "more")}</span>}
    </span>
  );
}

/** Such as `Exec …/DownloadInstall → 200 OK`. */
export function CommandLine({ command, isShort }: { command: SessionCommand; isShort?: true }) {
  const { about, more } = command;
  const shown = isShort ? shortened(about) : about;
  return (
    <>
      {command.from === "device" && "Device: "}
      {command.command} <code title={about}>{shown}</code>
      {more > 0 && ` and ${more} more`} → {statusWords(command.status)}
    </>
  );
}

/** The last two parts of a URI say the most. */
function shortened(uri: string): string {
  const parts = uri.split("/");
  return parts.length <= 3 ? uri : `…/${parts.slice(-2).join("/")}`;
}

function isFailed({ command, status }: SessionCommand): boolean {
  return status !== null && status >= 400 && command !== "Get";
}

/** Such as `XML, digest (MD5), called by this site`. */
function manner(session: RecordedSession): string {
  const { encoding, scheme, startedBy } = session;
  return [
    encoding.toUpperCase(),
    ...(scheme === null ? [] : [schemeWords(scheme)]),
    // That it calls by itself is how it is.
    ...(startedBy === "notification" || startedBy === "user" ? [starterWords(session)] : []),
  ].join(", ");
}

export function starterWords({ startedBy }: RecordedSession): string {
  switch (startedBy) {
    case "notification":
      return "called by this site";
    case "user":
      return "begun by its user";
    case "device":
      return "begun by the device";
    case null:
      return "it did not say";
  }
}

function lengthWords({ lastAtMs, startedAtMs }: RecordedSession): string {
  const milliseconds = lastAtMs - startedAtMs;
  return milliseconds < 1_000 ? "under 1 s" : durationWords(milliseconds);
}
