import { Random } from "../../../devices/simulator/random.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { AnswerOptions } from "../../../protocols/oma-dm/answer-message.ts";
import { carryOut } from "../../../protocols/oma-dm/carry-out.ts";
import { receiveAnswer, startSession } from "../../../protocols/oma-dm/client-session.ts";
import type {
  ClientConfig,
  ClientSession,
  ClientTurn,
  ServerDemand,
} from "../../../protocols/oma-dm/client-state.ts";
import { basicCredential, secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { lostCommands } from "../../../protocols/oma-dm/lost-commands.ts";
import { type MacKey, macHeader, receivedMac } from "../../../protocols/oma-dm/message-mac.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { OwnCredential } from "../../../protocols/oma-dm/own-credentials.ts";
import {
  type Answer,
  answer,
  type Received,
  receive,
} from "../../../protocols/oma-dm/server-session.ts";
import {
  type DeviceFeature,
  MAX_MSG_SIZE_MIN,
  type ServerSession,
  type SessionEvent,
  type StoredCredential,
} from "../../../protocols/oma-dm/server-state.ts";
import { isSessionStart } from "../../../protocols/syncml/alerts.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { type Encoding, parseDocument, printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import { nonce, PASSWORD, restarted, stored, USER } from "./device-messages.ts";
import { type DeviceState, tree } from "./world-device.ts";
import {
  commandOf,
  drawJobs,
  isOpen,
  type Job,
  judge,
  question,
  questions,
  tagsOf,
} from "./world-jobs.ts";

/**
 * A server and a device, their jobs, and everything that can go wrong between them, from one seed.
 *
 * The server wants a list of jobs done: leaves written, read, deleted, commands executed, alone or in
 * containers. It holds the rule that a caller of the session has to hold: what is in doubt and can be
 * repeated is sent again, an Exec is asked about first. The line loses messages and answers, doubles
 * them, and breaks; the device restarts with its session or without; it leaves out a Status or names a
 * wrong command; strangers guess and replay. At the end everything works, and then every job has to be
 * done, once.
 */
export interface WorldOutcome {
  readonly sessions: number;
  readonly messages: number;
  readonly faults: number;
  readonly asked: number;
  readonly refused: number;
}

const SESSIONS_MAX = 60;
const TURNS_MAX = 400;
const SERVER = "outpost";
const SERVER_PASSWORD = "server-secret";

/** Runs one world to its end and checks every promise on the way; throws with what was broken. */
export function runWorld(seed: number, trace?: Trace): WorldOutcome {
  // Not drawn, so that the seeds that once found something keep their worlds.
  return new World(new Random(seed), ABILITIES(seed), trace).run();
}

/** What came to worlds later. */
interface Abilities {
  readonly encoding: Encoding;
  /** Its user is asked. */
  readonly asks: boolean;
  /** It was called, and begins with Alert 1200. */
  readonly isCalled: boolean;
  /** Says 0 to a server that it does not trust yet. */
  readonly zeroStatus: boolean;
  /** Reports before the Status of what it reports of. */
  readonly alertFirst: boolean;
}

const ABILITIES = (seed: number): Abilities => ({
  encoding: seed % 4 === 2 ? "wbxml" : "xml",
  asks: seed % 3 === 0,
  isCalled: seed % 5 === 0,
  zeroStatus: seed % 7 < 3,
  alertFirst: seed % 5 === 1,
});

/** Gets a line about every message and event, for whoever looks for what went wrong. */
export type Trace = (line: string) => void;

class World {
  readonly #random: Random;
  readonly #trace: Trace | undefined;
  readonly #config: ClientConfig;
  readonly #quirks: Quirks;
  readonly #largeObjects: boolean;
  readonly #encoding: Encoding;
  readonly #abilities: Abilities;
  readonly #jobs: Job[];
  readonly #lacking: readonly string[];
  #lacks: DeviceFeature[] = [];
  // The server's disk.
  #session: ServerSession | undefined;
  #credential: StoredCredential;
  #own: OwnCredential | undefined;
  // The device's disk.
  #device: DeviceState;
  #nonce: string | null = null;
  #serverNonce = "";
  #sessionId = 0;
  readonly #captured: { readonly message: Message; readonly key: MacKey | undefined }[] = [];
  readonly #serverIds = new Map<string, number>();
  #nonces = 0;
  #faulty = true;
  #sessions = 0;
  #messages = 0;
  #faults = 0;
  #asked = 0;
  /** Commands of the server's that have not ended yet. */
  readonly #openTags = new Set<string>();
  /** Where a session of before was left. */
  #ghost: ClientTurn | undefined;
  /** What the device has said in this session, by message: how many commands want a Status. */
  #owed = new Map<number, number>();

  constructor(random: Random, abilities: Abilities, trace: Trace | undefined) {
    this.#random = random;
    this.#abilities = abilities;
    this.#trace = trace;
    const scheme = random.pick(["syncml:auth-basic", "syncml:auth-md5", "syncml:auth-MAC"]);
    const demands = drawDemands(random);
    this.#largeObjects = random.chance(0.5);
    this.#encoding = abilities.encoding;
    this.#config = {
      sessionId: "0",
      device: "urn:uuid:0001",
      server: "https://gateway.example/syncml",
      userName: USER,
      password: PASSWORD,
      scheme: scheme as ClientConfig["scheme"],
      nonce: null,
      waitsForChallenge: random.chance(0.2),
      demands,
      startAlert: abilities.isCalled ? 1200 : 1201,
      alerts: Array.from({ length: random.pick([0, 0, 1, 12]) }, () => ({
        code: 1224,
        items: [{ data: "x".repeat(50) }],
      })),
      devInfo: [
        ["./DevInfo/DevId", "urn:uuid:0001"],
        ["./DevInfo/Man", "Contoso"],
      ],
      maxMsgSize: random.pick([null, null, 1_600, 2_500, 16_384, 50]),
      maxObjSize: random.pick([null, null, 300, 4_000]),
      largeObjects: this.#largeObjects,
      sendBytesMax: random.pick([null, null, 1_600, 3_000]),
      answersMax: random.pick([1_000, 1_000, 2, 5]),
    };
    this.#quirks = {
      leavesOut: random.chance(0.3) ? 0.1 : 0,
      wrongRef: random.chance(0.3) ? 0.1 : 0,
      reversed: random.chance(0.2),
      noHeaderRef: random.chance(0.2),
      sameIds: random.chance(0.1),
      noFinal: random.chance(0.2) ? 0.1 : 0,
      interrupts: random.chance(0.2) ? 0.1 : 0,
      isFull: random.chance(0.2) ? 0.1 : 0,
      credAlways: random.chance(0.3),
    };
    this.#lacking = random.pick([[], [], ["Sequence"], ["Atomic", "Sequence"]]);
    this.#jobs = [...drawJobs(random), ...(abilities.asks ? questions() : [])];
    this.#credential = stored({ scheme: "any" });
    const isKnown = demands !== null;
    this.#own = isKnown
      ? {
          userName: SERVER,
          secretHash: secretHashOf(SERVER, SERVER_PASSWORD),
          scheme: null,
          nonce: null,
        }
      : undefined;
    const values: Record<string, string> = {};
    for (const { kind, name } of this.#jobs) {
      if (kind === "delete" || kind === "read" || kind === "copy") values[`./leaf/${name}`] = name;
    }
    this.#device = { values, executed: {}, asked: {} };
  }

  run(): WorldOutcome {
    while (this.#jobs.some(isOpen)) {
      if (this.#sessions >= SESSIONS_MAX) {
        throw new Error(`jobs are left: ${JSON.stringify(this.#jobs.filter(isOpen))}`);
      }
      this.#faulty = this.#sessions < SESSIONS_MAX / 3;
      this.#sessions += 1;
      this.#runSession();
    }
    this.#faulty = false;
    this.#runSession(); // One more: nothing may be left to say.
    this.#checkJobs();
    this.#checkLeftovers();
    return {
      sessions: this.#sessions,
      messages: this.#messages,
      faults: this.#faults,
      asked: this.#asked,
      refused: this.#jobs.filter(({ state }) => state === "refused").length,
    };
  }

  #chance(probability: number): boolean {
    const happens = this.#faulty && this.#random.chance(probability);
    if (happens) this.#faults += 1;
    return happens;
  }

  #encoded(message: Message): Buffer {
    return Buffer.from(printDocument(encodeMessage(message), this.#encoding));
  }

  #decoded(bytes: Uint8Array): Message {
    return decodeMessage(parseDocument(bytes, this.#encoding));
  }

  #bytesOf = (message: Message): number => this.#encoded(message).byteLength;

  #freshNonce(): string {
    this.#nonces += 1;
    return nonce(`nonce number ${this.#nonces}`.padEnd(16, "."));
  }

  /** One session of the device's, to its end or until something breaks it for good. */
  #runSession(): void {
    // Some devices give every session the same name.
    if (!this.#random.chance(0.2) || this.#sessionId === 0) this.#sessionId += 1;
    const { demands } = this.#config;
    let turn: ClientTurn = startSession({
      ...this.#config,
      sessionId: String(this.#sessionId),
      nonce: this.#nonce,
      demands: demands && { ...demands, nonce: this.#serverNonce },
    });
    this.#owed = new Map();
    for (let turns = 0; turn.message !== undefined; turns++) {
      if (turns > TURNS_MAX) throw new Error("the session does not end");
      const reply = this.#chance(0.06) ? undefined : this.#exchange(turn);
      if (reply === undefined) {
        this.#ghost = turn; // Switched off, or out of reach.
        return;
      }
      this.#countStatuses(reply.bytes);
      turn = this.#hearOnDevice(restarted(turn.session), reply);
    }
    const unpaid = [...this.#owed].filter(([, count]) => count !== 0);
    if (!this.#faulty && unpaid.length > 0) {
      throw new Error(`Status elements by message that are missing, or too many: ${unpaid}`);
    }
  }

  #countStatuses(bytes: Buffer): void {
    for (const command of this.#decoded(bytes).commands) {
      if (command.name !== "Status" || command.cmd === "SyncHdr" || command.cmd === "Results")
        continue;
      const id = Number(command.msgRef);
      this.#owed.set(id, (this.#owed.get(id) ?? 0) - 1);
    }
  }

  /** Sends the device's message until it is answered, or gives up. */
  #exchange(turn: ClientTurn): Reply | undefined {
    const { message, mac } = turn;
    if (message === undefined) throw new Error("there is nothing to send");
    const said = this.#weakened(message);
    const wanting = said.commands.filter(({ name }) => name !== "Status" && name !== "Results");
    this.#owed.set(said.header.messageId, wanting.length);
    for (let attempt = 0; attempt < 4; attempt++) {
      this.#interfere();
      if (this.#chance(0.1)) continue; // Lost on its way to the server.
      const reply = this.#serve(said, mac, "device");
      if (this.#chance(0.1)) this.#serveAgain(said, mac, reply); // It came twice.
      if (this.#chance(0.1)) continue; // The answer was lost: the device asks again.
      return reply;
    }
    return undefined;
  }

  /** The same message once more gets the same bytes, but where it may be another session's first. */
  #serveAgain(message: Message, key: MacKey | undefined, first: Reply | undefined): void {
    const again = this.#serve(message, key, "device");
    const isSimple = this.#config.scheme === "syncml:auth-basic" && message.header.messageId === 1;
    const isSame = first !== undefined && again !== undefined && first.bytes.equals(again.bytes);
    if (!isSame && !isSimple && first !== undefined) throw new Error("another answer to the same");
  }

  /** Strangers: with wrong credentials, without any, and with what they have overheard. */
  #interfere(): void {
    if (!this.#chance(0.1)) return;
    const sessionId = String(
      this.#random.between(Math.max(1, this.#sessionId - 1), this.#sessionId + 1),
    );
    if (this.#random.chance(0.3)) {
      this.#haunt();
      return;
    }
    if (this.#random.chance(0.4)) {
      // What proves nothing by itself goes on with a session; TLS is what protects that.
      const proving = this.#captured.filter(({ message, key }) => message.header.cred ?? key);
      const one = proving[this.#random.between(0, Math.max(0, proving.length - 1))];
      if (one !== undefined) this.#serve(one.message, one.key, "replay");
      return;
    }
    const cred = this.#random.pick([
      undefined,
      basicCredential(USER, "guess"),
      { type: "syncml:auth-md5", data: "AAAAAAAAAAAAAAAAAAAAAA==" },
    ]);
    const start: Command = { name: "Alert", cmdId: "1", code: 1201, items: [] };
    const message: Message = {
      header: {
        verDtd: "1.2",
        verProto: "DM/1.2",
        sessionId,
        messageId: this.#random.pick([1, 2, 3, 7, 1000]),
        target: { uri: "https://gateway.example/syncml" },
        source: { uri: this.#config.device },
        cred,
      },
      commands: [start],
      final: true,
    };
    // Without a Cred it may go on with an open session that needs none.
    const open = this.#session?.phase === "open" ? this.#session : this.#session?.suspended;
    if (cred === undefined && open?.scheme !== "syncml:auth-MAC") return;
    this.#serve(message, undefined, "stranger");
  }

  /** A session that was left goes on in the middle of another one; or somebody repeats its words. */
  #haunt(): void {
    const ghost = this.#ghost;
    if (ghost?.message === undefined) return;
    const { header, commands } = ghost.message;
    const open = this.#session?.phase === "open" ? this.#session : this.#session?.suspended;
    const isStart = commands.some((one) => one.name === "Alert" && isSessionStart(one.code));
    if (open === null || open === undefined || isStart) return;
    if (header.sessionId === open.sessionId || header.sessionId === String(this.#sessionId)) return;
    this.#serve(this.#weakened(ghost.message), ghost.mac, "ghost");
    if (ghost.mac !== undefined) this.#serve(ghost.message, undefined, "stranger");
  }

  #serve(
    message: Message,
    key: MacKey | undefined,
    who: "device" | "stranger" | "replay" | "ghost",
  ): Reply | undefined {
    const bytes = this.#encoded(message);
    const before = this.#session;
    let received: Received;
    try {
      received = receive(before && restarted(before), this.#decoded(bytes), {
        credential: this.#credential,
        freshNonce: this.#freshNonce(),
        mac: receivedMac(key === undefined ? undefined : macHeader(key, bytes), bytes),
        own: this.#own,
      });
    } catch (error) {
      if (!(error instanceof ProtocolError) || error.rule !== "dm-message-order") throw error;
      if (who === "device" && !this.#faulty) throw error;
      return undefined;
    }
    this.#trace?.(`${who}: ${linesOf(message)}`);
    this.#trace?.(`  turn ${received.turn}, told ${JSON.stringify(received.events)}`);
    this.#checkStranger(who, received);
    if (who === "device") this.#captured.push({ message, key });
    if (received.turn !== "repeat") this.#messages += 1;
    this.#hearOnServer(received.events);
    const isNew = received.session.phase === "open" && !received.continues;
    if (isNew && received.turn !== "repeat" && this.#openTags.size > 0) {
      throw new Error(`commands are lost: ${[...this.#openTags]}`);
    }
    const answered = this.#answer(received);
    const reply = this.#encoded(answered.message);
    if (received.turn !== "repeat") {
      this.#checkAnswer(answered, received, reply.length);
      this.#hearOnServer([...answered.events, ...answered.refused]);
    }
    this.#session = restarted(answered.session);
    this.#trace?.(`server: ${linesOf(answered.message)}`);
    if (answered.refused.length > 0) this.#trace?.(`  refused ${JSON.stringify(answered.refused)}`);
    return { bytes: reply, mac: answered.mac };
  }

  #answer(received: Received): Answer {
    const options: AnswerOptions = {
      own: this.#own,
      largeObjects: this.#largeObjects,
      lacks: this.#lacks,
      sizeOf: this.#bytesOf,
    };
    if (received.turn !== "commands") return answer(received.session, [], options);
    const commands = this.#nextCommands();
    return answer(received.session, commands, options);
  }

  /** What the server wants next: questions about what is in doubt come first. */
  #nextCommands(): readonly OutgoingCommand[] {
    const jobs = this.#jobs.filter(({ state }) => state === "ask");
    const wanted = jobs.length > 0 ? jobs : this.#jobs.filter(({ state }) => state === "todo");
    return wanted.slice(0, this.#random.between(1, 4)).map((job) => {
      job.attempt += 1;
      const asks = job.state === "ask";
      if (asks) this.#asked += 1;
      job.state = asks ? "asked" : "sent";
      const command = asks ? question(job) : commandOf(job, this.#lacks);
      for (const tag of tagsOf(command)) this.#openTags.add(tag);
      return command;
    });
  }

  #hearOnServer(events: readonly SessionEvent[]): void {
    for (const event of events) {
      switch (event.kind) {
        case "authenticated":
          this.#credential = {
            ...this.#credential,
            nextNonce: event.nextNonce ?? this.#credential.nextNonce,
          };
          break;
        case "own-accepted":
          this.#own = this.#own && {
            ...this.#own,
            scheme: event.scheme,
            nonce: event.nonce ?? this.#own.nonce,
          };
          break;
        case "lacks":
          if (!this.#lacks.includes(event.feature)) this.#lacks.push(event.feature);
          break;
        case "status":
        case "unanswered":
        case "in-doubt":
        case "not-sent":
        case "results":
          this.#hearAbout(event);
          break;
        default:
      }
    }
  }

  #hearAbout(event: Extract<SessionEvent, { readonly tag: string }>): void {
    if (event.kind !== "results" && !this.#openTags.delete(event.tag)) {
      throw new Error(`told twice, or never sent: ${JSON.stringify(event)}`);
    }
    const [name = "", attempt] = event.tag.split(" ");
    const job = this.#jobs.find((one) => one.name === name);
    if (job === undefined) throw new Error(`a tag of nobody: ${event.tag}`);
    // Of an earlier attempt: this job is not about it any more.
    if (Number(attempt) !== job.attempt) {
      if (event.kind === "in-doubt" || event.kind === "not-sent") return;
      throw new Error(`late news: ${JSON.stringify(event)} at attempt ${job.attempt}`);
    }
    if (!isOpen(job)) return;
    judge(job, event);
  }

  #hearOnDevice(session: ClientSession, reply: Reply): ClientTurn {
    const { bytes, mac } = reply;
    const carry = (command: Command) => {
      if (this.#lacking.includes(command.name)) {
        const codes = [{ target: undefined, code: 501 }];
        return { command, codes, nodes: [], members: [] };
      }
      const done = carryOut(tree, this.#device, command);
      this.#device = done.state;
      return done.carried;
    };
    const turn = receiveAnswer(session, this.#decoded(bytes), carry, {
      mac: receivedMac(mac === undefined ? undefined : macHeader(mac, bytes), bytes),
      freshNonce: this.#freshNonce(),
      sizeOf: this.#bytesOf,
    });
    for (const event of turn.events) {
      if (event.kind === "nonce") this.#nonce = event.nonce;
      if (event.kind === "server-nonce") this.#serverNonce = event.nonce;
    }
    return turn;
  }

  /** What the device really sends: now and then less than it should, or about something else. */
  #weakened(message: Message): Message {
    const { leavesOut, wrongRef, reversed, noHeaderRef, sameIds, noFinal } = this.#quirks;
    const { interrupts, isFull, credAlways } = this.#quirks;
    let commands = message.commands.filter(
      (one) => one.name !== "Status" || one.cmdRef === "0" || !this.#chance(leavesOut),
    );
    commands = commands.map((one) =>
      one.name === "Status" && one.cmdRef !== "0" && this.#chance(wrongRef)
        ? { ...one, cmdRef: "77" }
        : one,
    );
    commands = commands.map((one) =>
      one.name === "Status" && one.code === 213 && this.#chance(isFull)
        ? { ...one, code: 420 }
        : one,
    );
    const { zeroStatus, alertFirst } = this.#abilities;
    if (zeroStatus) {
      commands = commands.map((one) =>
        one.name === "Status" && (one.code === 401 || one.code === 407) ? { ...one, code: 0 } : one,
      );
    }
    const exec = commands.findIndex((one) => one.name === "Status" && one.cmd === "Exec");
    if (alertFirst && exec >= 0) {
      const event: Command = { name: "Alert", cmdId: "89", code: 1226, items: [{ data: "done" }] };
      commands = [...commands.slice(0, exec), event, ...commands.slice(exec)];
    }
    const isMidObject = commands.some((one) => one.name === "Results" && one.items[0]?.moreData);
    if (isMidObject && this.#chance(interrupts)) {
      const [header, ...rest] = commands;
      const event: Command = { name: "Alert", cmdId: "88", code: 1226, items: [] };
      commands = [...(header ? [header] : []), event, ...rest];
    }
    if (reversed) {
      const statuses = commands.filter(({ name }) => name === "Status").reverse();
      commands = [...statuses, ...commands.filter(({ name }) => name !== "Status")];
    }
    if (noHeaderRef) {
      commands = commands.map((one) =>
        one.name === "Status" && one.cmd === "SyncHdr" ? { ...one, cmdRef: undefined } : one,
      );
    }
    if (sameIds) commands = commands.map((one) => ({ ...one, cmdId: "1" }));
    const isBasic = this.#config.scheme === "syncml:auth-basic" && !this.#config.waitsForChallenge;
    const cred = credAlways && isBasic ? basicCredential(USER, PASSWORD) : message.header.cred;
    const header = { ...message.header, cred };
    return { header, commands, final: message.final && !this.#chance(noFinal) };
  }

  #checkStranger(who: string, { events, turn, session }: Received): void {
    if (who === "device") return;
    const isShown = turn === "repeat" && session.phase === "open";
    if (isShown && who === "stranger") throw new Error("a stranger is shown an answer");
    if (turn === "repeat") return;
    const heard = events.filter(({ kind }) => kind !== "not-authenticated");
    // A password that is sent as it is can be sent again: that is what TLS is for.
    const isBasic = this.#config.scheme === "syncml:auth-basic";
    if (heard.length > 0 && !(who === "replay" && isBasic)) {
      throw new Error(`a ${who} was heard: ${JSON.stringify(heard)}`);
    }
  }

  #checkAnswer({ message, session }: Answer, received: Received, bytes: number): void {
    const { maxMsgSize } = received.session;
    if (maxMsgSize !== null && bytes > maxMsgSize) {
      throw new Error(`${bytes} bytes for a device that takes ${maxMsgSize}`);
    }
    const { messageId, sessionId } = message.header;
    if (messageId !== received.session.serverMessageId + 1) {
      throw new Error(`MsgID ${messageId} after ${received.session.serverMessageId}`);
    }
    this.#serverIds.set(sessionId, messageId);
    const [first] = message.commands;
    if (first?.name !== "Status" || first.cmd !== "SyncHdr") {
      throw new Error("the first Status is not the header's");
    }
    const ids = new Set<string>();
    const visit = (command: Command, isInside: boolean): void => {
      if (ids.has(command.cmdId)) throw new Error(`CmdID ${command.cmdId} comes twice`);
      ids.add(command.cmdId);
      if ("commands" in command) for (const member of command.commands) visit(member, true);
      if (!("items" in command)) return;
      for (const item of command.items) {
        if (!item.moreData) continue;
        if (isInside || !this.#largeObjects) throw new Error("a chunk where none may be");
        if (message.final) throw new Error("Final inside an object");
      }
    };
    for (const command of message.commands) visit(command, false);
    if (received.session.phase !== "open" && message.commands.some(isWork)) {
      throw new Error("a stranger is given work");
    }
    if (JSON.stringify(session).length > 100_000) throw new Error("the session grows");
  }

  #checkJobs(): void {
    const { values, executed, asked } = this.#device;
    for (const job of this.#jobs) {
      if (job.kind === "ask" && (asked[job.data] ?? 0) === 0) {
        throw new Error(`nobody was asked: ${job.data}`);
      }
      const leaf = `./leaf/${job.name}`;
      const count = executed[`./exec/${job.name}`] ?? 0;
      const isRefused = job.state === "refused";
      if (isRefused && !this.#mayRefuse(job)) throw new Error(`refused without need: ${job.name}`);
      const expected = isRefused ? 0 : 1;
      const isExec = job.kind === "exec" || job.kind === "atomic" || job.kind === "sequence";
      if (isExec && count !== expected) {
        throw new Error(`${job.kind} ${job.name} was executed ${count} times: ${job.state}`);
      }
      const isWrite = job.kind === "write" || job.kind === "atomic" || job.kind === "sequence";
      const isLeftOut = isRefused || (isExec && this.#mayRefuse(job));
      if (isWrite && values[leaf] !== job.data && !isLeftOut) {
        throw new Error(`${job.kind} ${job.name}: ${values[leaf]?.length} of ${job.data.length}`);
      }
      if (job.kind === "delete" && (values[leaf] !== undefined) !== isRefused) {
        throw new Error(`${job.name} is still there`);
      }
      if (job.kind === "copy" && (values[`${leaf}-copy`] === job.name) === isRefused) {
        throw new Error(`${job.name} was not copied`);
      }
    }
  }

  /** Only what the device's own limits keep out may not be done. */
  #mayRefuse({ data, kind }: Job): boolean {
    const { maxMsgSize, maxObjSize, largeObjects } = this.#config;
    if (maxObjSize !== null && Buffer.byteLength(data) > maxObjSize) return true;
    const isLimited = maxMsgSize !== null && maxMsgSize >= MAX_MSG_SIZE_MIN;
    const canBeCut = largeObjects && kind === "write";
    return isLimited && !canBeCut && Buffer.byteLength(data) * 5 + 1_300 > maxMsgSize;
  }

  /** Nothing of what was said is left behind once all is done. */
  #checkLeftovers(): void {
    const session = this.#session;
    if (session === undefined) throw new Error("there was no session");
    const left = [
      session.queued,
      session.outstanding,
      session.owedLater,
      lostCommands(session),
    ].flat();
    if (left.length > 0 || session.incoming !== null || session.partial !== null) {
      throw new Error(`the session keeps ${JSON.stringify({ left, phase: session.phase })}`);
    }
  }
}

interface Reply {
  readonly bytes: Buffer;
  readonly mac: MacKey | undefined;
}

interface Quirks {
  readonly leavesOut: number;
  readonly wrongRef: number;
  readonly noFinal: number;
  /** Says something else in the middle of an object. */
  readonly interrupts: number;
  /** Has no room for the rest of an object. */
  readonly isFull: number;
  /** Sends its password with every message. */
  readonly credAlways: boolean;
  readonly reversed: boolean;
  readonly noHeaderRef: boolean;
  readonly sameIds: boolean;
}

function drawDemands(random: Random): ServerDemand | null {
  if (random.chance(0.6)) return null;
  const scheme = random.pick(["syncml:auth-md5", "syncml:auth-MAC"]);
  return {
    userName: SERVER,
    password: SERVER_PASSWORD,
    scheme: scheme as ServerDemand["scheme"],
    nonce: "",
    perMessage: random.chance(0.5),
  };
}

function isWork({ name }: Command): boolean {
  return name !== "Status" && name !== "Alert";
}

function linesOf({ header, commands, final }: Message): string {
  const short = (command: Command): string => {
    if (command.name === "Status") return `${command.cmd}#${command.cmdRef}=${command.code}`;
    if ("commands" in command) return `${command.name}(${command.commands.map(short).join(" ")})`;
    const about = "code" in command ? [command.code] : [];
    const items = "items" in command ? command.items : [];
    const uris = items.map(
      ({ source, target, data, moreData }) =>
        `${source ?? target ?? ""}:${data?.length ?? "-"}${moreData ? "+" : ""}`,
    );
    return [`${command.name}#${command.cmdId}`, ...about, ...uris].join(" ");
  };
  const cred = header.cred ? " cred" : "";
  const end = final ? " Final" : "";
  return `${header.sessionId}/${header.messageId}${cred} [${commands.map(short).join(", ")}]${end}`;
}
