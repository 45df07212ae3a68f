import { z } from "@hono/zod-openapi";
import {
  type RecordedMessage,
  type RecordedSession,
  SESSION_OUTCOMES,
} from "../../../devices/model/recorded-session.ts";
import { messageLines } from "../session-text.ts";
import { pageOf, Time, timeFrom } from "./common.ts";

export const SessionSchema = z
  .object({
    id: z.string(),
    device: z
      .string()
      .nullable()
      .openapi({ description: "Null: it says that it is nobody we know" }),
    externalId: z.string(),
    sessionId: z.string().openapi({ description: "As the device wrote it" }),
    startedAt: Time,
    lastAt: Time,
    address: z.string(),
    encoding: z.enum(["xml", "wbxml"]),
    startedBy: z.enum(["device", "notification", "user"]).nullable(),
    scheme: z
      .string()
      .nullable()
      .openapi({ description: "How it showed who it is", example: "syncml:auth-md5" }),
    authenticated: z.boolean(),
    failedAttempts: z.int(),
    outcome: z.enum(SESSION_OUTCOMES),
    reason: z.string().nullable().openapi({ description: "Why it did not finish, in words" }),
    hasProblem: z.boolean().openapi({ description: "It did not finish, or a command failed" }),
    messages: z.int().openapi({ description: "Of both sides" }),
    bytesIn: z.int(),
    bytesOut: z.int(),
    commands: z.array(
      z.object({
        from: z.enum(["server", "device"]),
        command: z.string().openapi({ example: "Exec" }),
        about: z.string().openapi({ description: "Target of its first item" }),
        more: z.int().openapi({ description: "Further items" }),
        status: z.int().nullable().openapi({ description: "Null: it was not answered" }),
      }),
    ),
    moreCommands: z.int(),
    messagesNotKept: z.int(),
  })
  .openapi("DeviceSession");

export const SessionPage = pageOf(SessionSchema, "DeviceSessionRows")
  .extend({
    recording: z.object({
      problem: z
        .string()
        .nullable()
        .openapi({ description: "Why nothing is recorded now; null when it is" }),
      bytes: z.int().openapi({ description: "On the disk, of all sessions" }),
      notRecorded: z.int().openapi({ description: "Since the start, for want of room or time" }),
    }),
  })
  .openapi("DeviceSessionPage");

export const MessageSchema = z
  .object({
    number: z.int().openapi({ description: "In the session, from 1" }),
    from: z.enum(["device", "server"]),
    at: Time,
    bytes: z.int().openapi({ description: "As it travelled" }),
    encoding: z.enum(["xml", "wbxml"]),
    form: z.enum(["document", "outline"]).openapi({
      description: "`outline`: it could not be read, and only what is surely no secret is shown",
    }),
    repeated: z.boolean(),
    problem: z.string().nullable(),
    text: z.string().openapi({
      description:
        "Indented XML with the names of commands, statuses and alerts; secrets are masked",
    }),
  })
  .openapi("DeviceSessionMessage");

export function sessionJson(session: RecordedSession): z.infer<typeof SessionSchema> {
  const { startedAtMs, lastAtMs, commands, ...rest } = session;
  return {
    ...rest,
    id: String(session.id),
    startedAt: timeFrom(startedAtMs),
    lastAt: timeFrom(lastAtMs),
    commands: [...commands],
  };
}

export function messageJson(
  message: RecordedMessage,
  number: number,
  foldOver: number | undefined,
): z.infer<typeof MessageSchema> {
  const { from, bytes, encoding, form, repeated, problem } = message;
  const text = messageLines(message, foldOver).join("\n");
  return {
    number,
    from,
    at: timeFrom(message.atMs),
    bytes,
    encoding,
    form,
    repeated,
    problem,
    text,
  };
}
