import { Hono } from "hono";
import type { DeviceId } from "../../../devices/model/ids.ts";
import {
  answerDocument,
  documentProblem,
  NEW_TALK,
} from "../../../protocols/oma-dm/answer-document.ts";
import type { Carried } from "../../../protocols/oma-dm/carry-out.ts";
import { decodeDocument } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { recordAction } from "../audited.ts";
import { CspTalks } from "../csp-talks.ts";
import type { AppEnv } from "../environment.ts";
import { type IdentifyOptions, identify, need, needPrincipal } from "../identify.ts";
import { securityHeaders } from "../security-headers.ts";
import { readSyncml, syncmlResponse } from "../syncml-body.ts";

/** Commands of one message that the audit log names; it says how many more there were. */
const AUDITED_COMMANDS_MAX = 30;

export interface CspDeps {
  readonly identify: IdentifyOptions;
  readonly audit: Audit;
  /** By its id here or its own stable id; unknown or removed: AppError "not-found". */
  readonly needDevice: (name: string) => Promise<DeviceId>;
  readonly command: (
    device: DeviceId,
    commands: readonly Command[],
    by: string,
  ) => Promise<readonly Carried[]>;
  /** Real time, for talks that nobody continues. */
  readonly now: () => number;
}

/**
 * `POST /csp/{device}`: the virtual tree of a device, for upstream servers. Takes whole SyncML messages
 * and commands without a SyncHdr, and answers in the same form, in as many messages as the server's
 * MaxMsgSize makes of it. [Q32, Q43, syncml 3.7]
 */
export function cspRoutes(deps: CspDeps): Hono<AppEnv> {
  const { identify: who, audit, needDevice, command, now } = deps;
  const routes = new Hono<AppEnv>();
  const talks = new CspTalks();
  routes.use("/csp/*", securityHeaders, identify(who), need("csp:write"));
  routes.post("/csp/:device", async (c) => {
    const device = await needDevice(c.req.param("device"));
    const { root, mediaType } = await readSyncml(c.req.raw);
    const document = decodeDocument(root);
    const by = nameOf(needPrincipal(c));
    const isForUs = documentProblem(document) === undefined;
    const carried = isForUs ? await command(device, document.commands, by) : [];
    const lines = carried.flatMap(auditLines);
    if (lines.length > 0) {
      await recordAction(audit, c, "csp.command", device, auditDetails(lines));
    }
    const sizeOf = (message: Message) =>
      printDocument(encodeMessage(message), mediaType.encoding).byteLength;
    const message = "header" in document ? document : undefined;
    const before = message ? talks.of(device, by, message, now()) : NEW_TALK;
    const { root: answer, talk } = answerDocument(document, carried, before, sizeOf);
    if (message) talks.keep(device, by, message, talk, now());
    return syncmlResponse(answer, mediaType);
  });
  return routes;
}

function auditDetails(lines: readonly string[]): Record<string, unknown> {
  const named = lines.slice(0, AUDITED_COMMANDS_MAX);
  return {
    ...(lines.length > named.length && { more: lines.length - named.length }),
    ...Object.fromEntries(named.map((line, index) => [`command ${index + 1}`, line])),
  };
}

/** What was changed or tried to be: command, node and status. Never values, which may be secrets. */
function auditLines({ command, codes, members }: Carried): readonly string[] {
  if (command.name === "Get" || command.name === "Status" || command.name === "Results") return [];
  const own =
    "items" in command
      ? codes.map(({ target, code }) => `${command.name} ${target ?? ""} ${code}`)
      : [];
  return [...own, ...members.flatMap(auditLines)];
}
