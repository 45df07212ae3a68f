import { expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import { SESSION_LIMITS, type ServerSession } from "../../../protocols/oma-dm/server-state.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import {
  alert,
  BASIC,
  devInfo,
  md5,
  message,
  nonce,
  restarted,
  results,
  status,
  stored,
} from "./device-messages.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(Bun.env.TEST_RUNS ?? 400);

const NAMES = ["Add", "Get", "Exec", "Atomic", "SyncHdr", "Alert", ""];
const CODES = [101, 200, 202, 215, 216, 404, 418, 500, 501, 507, 0];
const TARGETS = ["./A", "./B", "./a/", "./C"];
const cmdRef = fc.constantFrom("0", "1", "3", "4", "5", "6", "7", undefined);
const msgRef = fc.constantFrom(1, 2, 3);

const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        msgRef,
        cmdRef,
        fc.constantFrom(...NAMES),
        fc.constantFrom(...CODES),
        fc.subarray(TARGETS),
      )
      .map(([msg, cmd, name, code, refs]) => status(msg, cmd, name, code, refs)),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(msgRef, fc.constantFrom("4", "5", "9"), fc.constantFrom(...TARGETS, undefined))
      .map(([msg, cmd, source]) => results(msg, cmd, [[source, "x"]])),
  },
  fc.constantFrom(1200, 1201, 1222, 1224, 1226, 1300).map((code) => alert(code, "7")),
  fc.constant(devInfo("8")),
  fc.constant<Command>({ name: "Unknown", element: "Put", cmdId: "9" }),
);

const anyMessage: fc.Arbitrary<Message> = fc
  .record({
    commands: fc.array(anyCommand, { maxLength: 8 }),
    id: fc.integer({ min: 1, max: 6 }),
    session: fc.constantFrom("1", "1", "1", "2"),
    cred: fc.constantFrom(undefined, undefined, BASIC, md5("kept"), md5("wrong")),
    final: fc.boolean(),
    maxMsgSize: fc.constantFrom(100_000, 100_000, 700),
  })
  .map(({ commands, ...parts }) => message(commands, parts));

const COMMANDS: readonly OutgoingCommand[] = [
  {
    name: "Atomic",
    tag: "atomic",
    commands: [
      { name: "Add", tag: "add", items: [{ target: "./A" }, { target: "./B" }] },
      { name: "Exec", tag: "exec", items: [{ target: "./A" }] },
    ],
  },
  { name: "Get", tag: "get", items: [{ target: "./C" }] },
];

// Goal: whatever a device sends, in whatever order and however often, the server
// says one thing once, hears nothing from strangers, numbers its messages without gaps, answers a
// repetition with the same bytes, and its state survives the disk.
test(`random messages keep the session's promises (TEST_SEED=${SEED})`, () => {
  let heard = 0;
  fc.assert(
    fc.property(fc.array(anyMessage, { minLength: 1, maxLength: 14 }), (messages) => {
      let session: ServerSession | undefined;
      let round = 0;
      /** What was told about the commands that are under way: `tag` to the events' text. */
      let told = new Map<string, Set<string>>();
      let sentTags = new Set<string>();
      for (const said of [...messages, ...messages.slice(-1)]) {
        round += 1;
        const before = session;
        const context = {
          credential: stored({ nextNonce: nonce("kept") }),
          freshNonce: nonce(`fresh ${round}`),
        };
        let received: ReturnType<typeof receive>;
        try {
          received = receive(session, said, context);
        } catch (error) {
          if (!(error instanceof ProtocolError)) throw error;
          expect(error.rule).toBe("dm-message-order");
          continue;
        }
        // The state is what the disk gives back, and taking in is a pure function.
        expect(restarted(received)).toEqual(
          restarted(receive(before && restarted(before), said, context)),
        );
        const isNew = received.session.sessionId !== before?.sessionId;
        if (received.session.phase === "unauthenticated") {
          for (const event of received.events) expect(event.kind).toBe("not-authenticated");
        }
        for (const event of received.events) {
          if (!("tag" in event)) continue;
          heard += 1;
          expect(sentTags.has(event.tag)).toBe(true);
          if (event.kind === "results") continue;
          const known = told.get(event.tag) ?? new Set<string>();
          const text = JSON.stringify(event);
          expect(known.has(text)).toBe(false);
          if (event.kind === "unanswered") expect(known.size).toBe(0);
          told.set(event.tag, known.add(text));
        }
        const commands = received.turn === "commands" && round % 3 !== 0 ? COMMANDS : [];
        const answered = answer(received.session, commands);
        if (received.turn === "repeat") {
          expect(received.events).toEqual([]);
          const former = [before?.lastAnswer, before?.suspended?.lastAnswer].map(print);
          expect(former).toContain(print(answered.message));
        } else if (!isNew && received.session.serverMessageId !== 0) {
          expect(answered.message.header.messageId).toBe(received.session.serverMessageId + 1);
        }
        if (received.turn === "commands") {
          told = new Map();
          sentTags = new Set(commands.length > 0 ? ["atomic", "add", "exec", "get"] : []);
        }
        checkAnswer(said, answered.message, received.turn);
        const again = receive(answered.session, said, context);
        if (again.turn === "repeat") {
          expect(print(answer(again.session, []).message)).toBe(print(answered.message));
        }
        expect(answered.session.attempts).toBeLessThanOrEqual(SESSION_LIMITS.attemptsMax);
        expect(answered.session.suspended?.suspended ?? null).toBeNull();
        expect(JSON.stringify(answered.session).length).toBeLessThan(20_000);
        session = restarted(answered.session);
      }
    }),
    { seed: SEED, numRuns: RUNS },
  );
  expect(heard).toBeGreaterThan(0);
});

function checkAnswer(said: Message, sent: Message, turn: string): void {
  const [first, ...rest] = sent.commands;
  expect(first).toMatchObject({ name: "Status", cmd: "SyncHdr", cmdRef: "0" });
  const ids = new Set<string>();
  const visit = (command: Command) => {
    expect(ids.has(command.cmdId)).toBe(false);
    ids.add(command.cmdId);
    if ("commands" in command) for (const member of command.commands) visit(member);
  };
  for (const command of sent.commands) visit(command);
  const statuses = rest.filter(({ name }) => name === "Status");
  const wanting = said.commands.filter(({ name }) => name !== "Status" && name !== "Results");
  if (turn === "commands" || turn === "next-message") {
    expect(statuses).toHaveLength(wanting.length);
  }
  if (turn === "next-message") expect(sent.final).toBe(false);
  if (turn === "commands" || turn === "ended") expect(sent.final).toBe(true);
}

function print(sent: Message | null | undefined): string {
  return sent ? printXml(encodeMessage(sent)) : "";
}
