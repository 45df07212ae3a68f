/** Sessions of devices as the door sees them, for tests of what is kept and shown of them. */

import type { DeviceId } from "../../devices/model/ids.ts";
import type { Course, Exchange, SessionRecorder } from "../../devices/ports/session-recorder.ts";
import { decodeMessage } from "../../protocols/syncml/decode-message.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../protocols/syncml/print-wbxml.ts";

export interface Said {
  readonly atMs: number;
  readonly device: DeviceId;
  readonly externalId?: string;
  readonly sessionId: string;
  readonly messageId: number;
  /** Between the start and the end of SyncBody. */
  readonly says: string;
  readonly hears: string;
  /** In SyncHdr, after Source. */
  readonly header?: string;
  readonly course?: Partial<Course>;
  readonly encoding?: Exchange["encoding"];
  readonly address?: string;
}

/** One message and its answer. */
export function exchangeOf(said: Said): Exchange {
  const { device, externalId = `urn:uuid:${device.slice(0, 8)}`, encoding = "xml" } = said;
  const request = seenOf(said, externalId, "http://site.test/syncml", said.header ?? "", said.says);
  const answer = seenOf(said, "http://site.test/syncml", externalId, "", said.hears);
  return {
    atMs: said.atMs,
    address: said.address ?? "192.168.1.20",
    encoding,
    request,
    hasMac: false,
    outcome: {
      kind: "answered",
      answer,
      course: {
        device,
        turn: "commands",
        continues: said.messageId > 1,
        isOver: false,
        events: [],
        ...said.course,
      },
    },
  };
}

function seenOf(said: Said, source: string, target: string, header: string, body: string) {
  const xml =
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>' +
    `<SessionID>${said.sessionId}</SessionID><MsgID>${said.messageId}</MsgID>` +
    `<Target><LocURI>${target}</LocURI></Target><Source><LocURI>${source}</LocURI></Source>${header}` +
    `</SyncHdr><SyncBody>${body}<Final/></SyncBody></SyncML>`;
  const root = parseXml(Buffer.from(xml));
  const bytes = said.encoding === "wbxml" ? printWbxml(root) : Buffer.from(xml);
  return { message: decodeMessage(root), bytes };
}

export const LOGGED_IN: Course["events"] = [
  {
    kind: "authenticated",
    scheme: "syncml:auth-md5",
    nextNonce: "SECRET-next-nonce",
    withPreviousSecret: false,
  },
];

export const CRED =
  '<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta>' +
  "<Data>SECRET-digest</Data></Cred>";

export function statusXml(
  id: number,
  message: number,
  command: string,
  ref: string,
  code: number,
): string {
  return `<Status><CmdID>${id}</CmdID><MsgRef>${message}</MsgRef><CmdRef>${ref}</CmdRef><Cmd>${command}</Cmd><Data>${code}</Data></Status>`;
}

export function itemXml(uri: string, data?: string): string {
  const value = data === undefined ? "" : `<Data>${data}</Data>`;
  return `<Item><Target><LocURI>${uri}</LocURI></Target>${value}</Item>`;
}

export const START = "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>";
const APP =
  "./Vendor/MSFT/EnterpriseAppManagement/4000000001/EnterpriseApps/Download/%7BB316008A%7D";

/** A session in which an app is ordered. `code`: what the device says to the Exec. */
export function recordOrder(
  recorder: SessionRecorder,
  device: DeviceId,
  atMs: number,
  options: {
    readonly code?: number;
    readonly sessionId?: string;
    readonly encoding?: Exchange["encoding"];
  } = {},
): void {
  const { code = 200, sessionId = "7", encoding = "xml" } = options;
  const common = { device, sessionId, encoding };
  recorder.record(
    exchangeOf({
      ...common,
      atMs,
      messageId: 1,
      header: CRED,
      says: START,
      hears:
        statusXml(1, 1, "SyncHdr", "0", 212) +
        `<Atomic><CmdID>2</CmdID><Add><CmdID>3</CmdID>${itemXml(`${APP}/URL`, "http://site/content/ab?device=1&amp;exp=2&amp;sig=SECRET-signature")}</Add>` +
        `<Exec><CmdID>4</CmdID>${itemXml(`${APP}/DownloadInstall`, "0")}</Exec></Atomic>`,
      course: { continues: false, events: LOGGED_IN },
    }),
  );
  recorder.record(
    exchangeOf({
      ...common,
      atMs: atMs + 2_400,
      messageId: 2,
      says:
        statusXml(1, 1, "SyncHdr", "0", 200) +
        statusXml(2, 1, "Atomic", "2", code === 200 ? 200 : 507) +
        statusXml(3, 1, "Add", "3", code === 200 ? 200 : 216) +
        statusXml(4, 1, "Exec", "4", code),
      hears: statusXml(1, 2, "SyncHdr", "0", 200),
      course: { isOver: true },
    }),
  );
}

/** A device that is not let in: its digest is wrong. */
export function recordRefused(recorder: SessionRecorder, device: DeviceId, atMs: number): void {
  for (const messageId of [1, 2, 3]) {
    recorder.record(
      exchangeOf({
        device,
        atMs: atMs + messageId * 300,
        sessionId: "8",
        messageId,
        header: CRED,
        says: START,
        hears:
          `<Status><CmdID>1</CmdID><MsgRef>${messageId}</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>` +
          '<Chal><Meta><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">SECRET-nonce</NextNonce></Meta></Chal><Data>401</Data></Status>',
        course: {
          turn: messageId === 3 ? "ended" : "wait",
          continues: false,
          isOver: messageId === 3,
          events: [{ kind: "not-authenticated", reason: "wrong", attempts: messageId }],
        },
      }),
    );
  }
}

/** Sessions of each kind; the texts in them that start with `SECRET` must never be seen again. */
export function recordSome(
  recorder: SessionRecorder,
  device: DeviceId,
  nowMs: number,
  externalId?: string,
): void {
  const hour = 3_600_000;
  recordOrder(recorder, device, nowMs - 30 * hour);
  recordOrder(recorder, device, nowMs - 26 * hour, { code: 500, encoding: "wbxml" });
  recordRefused(recorder, device, nowMs - 20 * hour);
  recorder.record(
    exchangeOf({
      device,
      atMs: nowMs - 5 * hour,
      sessionId: "9",
      messageId: 1,
      header: CRED,
      says: `${START}<Replace><CmdID>2</CmdID>${itemXml("./Vendor/Contoso/Log", "A line of a log. ".repeat(3_700))}</Replace>`,
      hears: `${statusXml(1, 1, "SyncHdr", "0", 212)}<Get><CmdID>2</CmdID>${itemXml("./DevDetail/LrgObj")}</Get>`,
      course: { continues: false, events: LOGGED_IN },
    }),
  );
  recorder.recordUnreadable({
    atMs: nowMs - hour,
    address: "192.168.1.20",
    encoding: "xml",
    bytes: Buffer.from(
      `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><Source><LocURI>${externalId ?? "urn:uuid:somebody"}</LocURI></Source>${CRED}<SyncBody></SyncML>`,
    ),
    problem: "xml-malformed: unexpected close tag (line 1, column 300)",
  });
}
