import type { Random } from "../../../devices/simulator/random.ts";
import type { OutgoingCommand, OutgoingItem } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { DeviceFeature, SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { userAlert } from "../../../protocols/oma-dm/user-alert.ts";
import { userCode } from "./world-device.ts";

/** What the server of a world wants done, once each. */
export type JobKind = "write" | "read" | "delete" | "exec" | "atomic" | "sequence" | "copy" | "ask";

export interface Job {
  readonly name: string;
  readonly kind: JobKind;
  readonly data: string;
  state: "todo" | "sent" | "ask" | "asked" | "done" | "refused";
  attempt: number;
}

/** Some of it takes more room on the wire than in memory. */
const TEXT = "two tills <ä&🚚> and a scale, ";

const KINDS: readonly [JobKind, ...JobKind[]] = [
  "write",
  "write",
  "read",
  "delete",
  "exec",
  "atomic",
  "sequence",
  "copy",
];

export function drawJobs(random: Random): Job[] {
  return Array.from({ length: random.between(2, 8) }, (_, index) => {
    const size = random.pick([1, 20, 20, 200, 2_000, 6_000]);
    return {
      name: `job${index}`,
      kind: random.pick(KINDS),
      data: TEXT.repeat(Math.ceil(size / TEXT.length))
        .slice(0, size)
        .toWellFormed(),
      state: "todo",
      attempt: 0,
    };
  });
}

/** Questions to the user: as often as need be, and each is answered. */
export function questions(): Job[] {
  return ["go on?", "go on now?", "is it time?"].map((data, index) => ({
    name: `ask${index}`,
    kind: "ask",
    data,
    state: "todo",
    attempt: 0,
  }));
}

export function isOpen({ state }: Job): boolean {
  return state !== "done" && state !== "refused";
}

export function commandOf(job: Job, lacks: readonly DeviceFeature[]): OutgoingCommand {
  const { name, kind, data, attempt } = job;
  const leaf = `./leaf/${name}`;
  const tag = (part: string) => `${name} ${attempt} ${part}`;
  const one = (
    command: "Add" | "Copy" | "Delete" | "Exec" | "Get",
    item: OutgoingItem,
  ): OutgoingCommand => ({ name: command, tag: tag(command), items: [item] });
  const write = one("Add", { target: leaf, format: "chr", data });
  const exec = one("Exec", { target: `./exec/${name}`, data: "" });
  switch (kind) {
    case "write":
      return write;
    case "read":
      return one("Get", { target: leaf });
    case "delete":
      return one("Delete", { target: leaf });
    case "copy":
      return one("Copy", { source: leaf, target: `${leaf}-copy` });
    case "exec":
      return exec;
    case "ask":
      return userAlert(tag("Alert"), { kind: "confirm", text: data, choices: [], options: {} });
    case "atomic":
      return {
        name: lacks.includes("Atomic") ? "Sequence" : "Atomic",
        tag: tag("all"),
        commands: [write, exec],
      };
    case "sequence":
      return { name: "Sequence", tag: tag("all"), commands: [write, exec] };
  }
}

/** Has it been executed? */
export function question({ name, attempt }: Job): OutgoingCommand {
  return {
    name: "Get",
    tag: `${name} ${attempt} question`,
    items: [{ target: `./count/${name}` }],
  };
}

export function tagsOf(command: OutgoingCommand): readonly string[] {
  return [command.tag, ...("commands" in command ? command.commands.flatMap(tagsOf) : [])];
}

/** What a caller of the session makes of an event about its job. */
export function judge(job: Job, event: Extract<SessionEvent, { readonly tag: string }>): void {
  const part = event.tag.split(" ")[2] ?? "";
  if (part === "question") judgeQuestion(job, event);
  else if (event.kind === "results") return;
  else if (event.kind === "status") judgeStatus(job, part, event.code, event.derived);
  else if (event.kind === "not-sent") job.state = "todo";
  else job.state = isExecuting(job) ? "ask" : "todo";
}

function isExecuting({ kind }: Job): boolean {
  return kind === "exec" || kind === "atomic" || kind === "sequence";
}

function judgeQuestion(job: Job, event: Extract<SessionEvent, { readonly tag: string }>): void {
  if (event.kind === "results") {
    const count = Number(event.items[0]?.data ?? "0");
    job.state = count > 0 ? "done" : "todo";
  } else if (event.kind !== "status" || event.code >= 300) job.state = "ask";
  else if (job.state === "asked") job.state = "ask"; // Its Results did not come, or come next.
}

function judgeStatus(job: Job, part: string, code: number, derived: boolean): void {
  const isGood = code >= 200 && code < 300 && code !== 213 && code !== 215 && code !== 216;
  // Of a Sequence in its plain form one member may be refused, and the others go on.
  const isAll = part === "all" || job.kind === "write" || !isExecuting(job);
  if (derived && (code === 413 || code === 416) && isAll) job.state = "refused";
  if (job.state === "refused" || job.state === "done") return;
  const isDone = isGood && !derived;
  switch (job.kind) {
    case "write":
      // It was written before, and only its Status was lost.
      if (isGood || code === 418) job.state = "done";
      else job.state = "todo";
      return;
    case "delete":
      job.state = isGood || code === 404 ? "done" : "todo";
      return;
    case "read":
    case "copy":
      job.state = isGood ? "done" : "todo";
      return;
    case "exec":
      job.state = isGood ? "done" : "todo";
      return;
    case "ask":
      // Whatever the user said, it was said to this very question.
      job.state = code === userCode(job.data) ? "done" : "todo";
      return;
    default:
      if (part === "Exec" && isDone) job.state = "done";
      else if (part === "all" || part === "Exec") job.state = "ask";
  }
}
