import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import {
  type RecordedSession,
  SESSION_OUTCOMES,
  type SessionOutcome,
} from "../../../devices/model/recorded-session.ts";
import { PAGE_ROWS_DEFAULT, type ReportReader } from "../../reports/report-reader.ts";
import type { Api } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { LIST_QUERY, pageOf } from "../schemas/common.ts";
import {
  MessageSchema,
  messageJson,
  SessionPage,
  SessionSchema,
  sessionJson,
} from "../schemas/device-session.ts";
import {
  FOLD_OVER_CHARACTERS,
  messageFile,
  messageHead,
  messageLines,
  sessionLines,
} from "../session-text.ts";
import type { DeviceSessions } from "../use-cases.ts";
import { DeviceParam, needDevice } from "./devices.ts";

/** Messages of one answer: decoded they are several times as long as they travelled. */
export const MESSAGES_PER_PAGE_MAX = 50;

const tags = ["device sessions"];
const SessionParam = z.object({ id: z.string().openapi({ example: "17" }) });
const Flag = z.enum(["true", "false"]).optional();
const LISTED = {
  outcome: z.enum(SESSION_OUTCOMES).optional(),
  problems: Flag.openapi({
    description: "Only sessions that did not finish or had a failed command",
  }),
  cursor: LIST_QUERY.cursor,
  limit: LIST_QUERY.limit,
};
const MessagePage = pageOf(MessageSchema, "DeviceSessionMessages");

export interface DeviceSessionDeps {
  readonly sessions: DeviceSessions;
  readonly reports: ReportReader;
}

/** What was said in sessions of devices: decoded, and without secrets. */
export function deviceSessionRoutes({ sessions, reports }: DeviceSessionDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/device-sessions",
    tags,
    summary: "Sessions of all devices as far as they are kept, the latest first",
    description:
      "Messages that could not be read are here as well, if they say nothing of their device.",
    ...guarded("sessions:read"),
    request: { query: z.strictObject(LISTED) },
    responses: { 200: json(SessionPage, "A page"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json(await page(c.req.valid("query"), undefined), 200));

  const ofDevice = createRoute({
    method: "get",
    path: "/devices/{id}/sessions",
    tags,
    summary: "A device's sessions as far as they are kept, the latest first",
    ...guarded("sessions:read"),
    request: { params: DeviceParam, query: z.strictObject(LISTED) },
    responses: { 200: json(SessionPage, "A page"), ...PROBLEMS },
  });
  api.openapi(ofDevice, async (c) => {
    const device = await needDevice(reports, c.req.valid("param").id);
    return c.json(await page(c.req.valid("query"), device.id), 200);
  });

  const one = createRoute({
    method: "get",
    path: "/device-sessions/{id}",
    tags,
    summary: "One session: who began it, how it ended and why, its commands",
    ...guarded("sessions:read"),
    request: { params: SessionParam },
    responses: { 200: json(SessionSchema, "The session"), ...PROBLEMS },
  });
  api.openapi(one, async (c) =>
    c.json(sessionJson(await needSession(sessions, c.req.valid("param").id)), 200),
  );

  const messages = createRoute({
    method: "get",
    path: "/device-sessions/{id}/messages",
    tags,
    summary: "The messages of a session, decoded",
    ...guarded("sessions:read"),
    request: {
      params: SessionParam,
      query: z.strictObject({
        cursor: LIST_QUERY.cursor,
        limit: z.coerce
          .number()
          .pipe(z.int().min(1).max(MESSAGES_PER_PAGE_MAX))
          .optional()
          .openapi({ type: "integer", minimum: 1, maximum: MESSAGES_PER_PAGE_MAX }),
        whole: Flag.openapi({ description: "Long values are not shortened" }),
      }),
    },
    responses: { 200: json(MessagePage, "A page"), ...PROBLEMS },
  });
  api.openapi(messages, async (c) => {
    const session = await needSession(sessions, c.req.valid("param").id);
    const { cursor, limit = MESSAGES_PER_PAGE_MAX, whole } = c.req.valid("query");
    const from = cursor === undefined ? 0 : needNumber(cursor, "cursor");
    const rows = await sessions.messages(session.id, from, limit);
    const total = session.messages - session.messagesNotKept;
    const foldOver = whole === "true" ? undefined : FOLD_OVER_CHARACTERS;
    const next = from + rows.length;
    return c.json(
      {
        rows: rows.map((message, index) => messageJson(message, from + index + 1, foldOver)),
        next: rows.length === limit && next < total ? String(next) : null,
        total,
      },
      200,
    );
  });

  const raw = createRoute({
    method: "get",
    path: "/device-sessions/{id}/messages/{number}/raw",
    tags,
    summary: "One message in the encoding in which it travelled, secrets masked",
    description: "`outpost decode` reads it. Of what could not be read it is the outline, as text.",
    ...guarded("sessions:read"),
    request: { params: SessionParam.extend({ number: z.string().openapi({ example: "1" }) }) },
    responses: { 200: { description: "The message" }, ...PROBLEMS },
  });
  api.openapi(raw, async (c) => {
    const { id, number } = c.req.valid("param");
    return rawMessage(sessions, id, number);
  });

  const transcript = createRoute({
    method: "get",
    path: "/device-sessions/{id}/transcript",
    tags,
    summary: "A whole session as text, decoded, for whoever helps",
    ...guarded("sessions:read"),
    request: { params: SessionParam },
    responses: { 200: { description: "Text" }, ...PROBLEMS },
  });
  api.openapi(transcript, (c) => sessionTranscript(sessions, c.req.valid("param").id));

  async function page(
    query: {
      readonly outcome?: SessionOutcome | undefined;
      readonly problems?: "true" | "false" | undefined;
      readonly cursor?: string | undefined;
      readonly limit?: number | undefined;
    },
    device: RecordedSession["device"] | undefined,
  ): Promise<z.infer<typeof SessionPage>> {
    const { outcome, problems, cursor, limit = PAGE_ROWS_DEFAULT } = query;
    const { rows, next, total } = await sessions.list({
      device: device ?? undefined,
      outcome,
      hasProblem: problems === "true" ? true : undefined,
      before: cursor === undefined ? undefined : needNumber(cursor, "cursor"),
      limit,
    });
    return {
      rows: rows.map(sessionJson),
      next: next === undefined ? null : String(next),
      total,
      recording: await sessions.state(),
    };
  }

  return api;
}

/** @throws AppError "not-found" */
export async function needSession(sessions: DeviceSessions, id: string): Promise<RecordedSession> {
  const session = /^\d{1,15}$/.test(id) ? await sessions.find(Number(id)) : undefined;
  if (session) return session;
  throw new AppError("not-found", `there is no session ${id}: it is gone, or was not recorded`);
}

/** One message as a download. @throws AppError "not-found" */
export async function rawMessage(
  sessions: DeviceSessions,
  id: string,
  number: string,
): Promise<Response> {
  const session = await needSession(sessions, id);
  const index = /^\d{1,6}$/.test(number) ? Number(number) - 1 : -1;
  const [message] = index < 0 ? [] : await sessions.messages(session.id, index, 1);
  if (!message) throw new AppError("not-found", `session ${id} has no message ${number}`);
  const { bytes, contentType, ending } = messageFile(message);
  return download(bytes, contentType, `session-${session.id}-message-${index + 1}.${ending}`);
}

/** A session as a download for people. @throws AppError "not-found" */
export async function sessionTranscript(sessions: DeviceSessions, id: string): Promise<Response> {
  const session = await needSession(sessions, id);
  const messages = await sessions.messages(session.id, 0, Number.MAX_SAFE_INTEGER);
  const parts = messages.map((message, index) =>
    [messageHead(message, index + 1), "", ...messageLines(message, FOLD_OVER_CHARACTERS)].join(
      "\n",
    ),
  );
  const text = [sessionLines(session).join("\n"), ...parts].join("\n\n");
  const name = `session-${session.id}.txt`;
  return download(Buffer.from(`${text}\n`), "text/plain; charset=utf-8", name);
}

function download(bytes: Uint8Array<ArrayBuffer>, contentType: string, name: string): Response {
  return new Response(bytes, {
    headers: {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${name}"`,
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

function needNumber(text: string, name: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new AppError("invalid", `${name} is what the page before named as next`);
}
