import { z } from "zod";
import { PlanWork } from "../../protocols/agent/answers.ts";
import { END_RESULTS, type EndResult, type ResultWord } from "../../protocols/agent/words.ts";

/** A process that a Terminate found, by what no other process has. */
const FoundProcess = z.object({ pid: z.int(), startedAt: z.string(), name: z.string() });
export type FoundProcess = z.infer<typeof FoundProcess>;

/** What exactly a step is going to do: on disk before it does anything. */
export const StepTask = z.discriminatedUnion("kind", [
  z.object({
    kind: z.enum(["copy", "move", "delete", "rename", "create", "remove"]),
    items: z.array(z.object({ from: z.string(), to: z.string().nullable() })),
  }),
  z.object({ kind: z.literal("download") }),
  z.object({ kind: z.literal("terminate"), processes: z.array(FoundProcess) }),
  /** A program is started once: when it is not known how it ended, it is not started again. */
  z.object({
    kind: z.literal("program"),
    program: z.string(),
    args: z.array(z.string()),
    folder: z.string(),
    /** Milliseconds, as Run has it. [Q15] */
    timeout: z.int(),
  }),
]);
export type StepTask = z.infer<typeof StepTask>;
export type ProgramTask = Extract<StepTask, { kind: "program" }>;
export type TerminateTask = Extract<StepTask, { kind: "terminate" }>;

/** How the device is restarted. */
const ResetKind = z.enum(["hook", "restart"]);
export type ResetKind = z.infer<typeof ResetKind>;

const End = z.object({
  result: z.enum(END_RESULTS),
  text: z.string().optional(),
  exitCode: z.int().optional(),
  step: z.object({ index: z.int(), kind: z.string() }).optional(),
});
export type End = z.infer<typeof End>;

/** A package that is being carried out: all that has to be known after a power cut. */
export const Run = z.object({
  work: PlanWork,
  /** Position of the step that is next or under way. */
  at: z.int(),
  /** The step under way; null: none. */
  doing: StepTask.nullable(),
  /** A step that changes more than downloads was begun: it cannot be cancelled any more. */
  hasActed: z.boolean(),
  /** A step was for this device. */
  isTargeted: z.boolean(),
  /** A program may go on after its step. */
  leftRunning: z.boolean(),
  /** Failures that do not matter to the result. [Q13] */
  warnings: z.array(z.string()),
  owesReset: z.boolean(),
  /** The reset was begun, in this life of the system. */
  reset: z.object({ kind: ResetKind, boot: z.string() }).nullable(),
  /** What the steps came to; the reset and a last look at the device come before it is reported. */
  end: End.nullable(),
});
export type Run = z.infer<typeof Run>;

/** A result without its number. */
export interface Draft {
  readonly result: ResultWord;
  readonly step?: { readonly index: number; readonly kind: string };
  readonly text?: string;
  readonly exitCode?: number;
  readonly version?: string;
}

/** What became of a step. */
export type Outcome =
  | { readonly kind: "succeeded"; readonly text?: string; readonly exitCode?: number }
  /** It goes on without being waited for. [A-049, Q15] */
  | { readonly kind: "left-running"; readonly timedOut: boolean }
  | {
      readonly kind: "failed";
      readonly result: EndResult;
      readonly text: string;
      readonly exitCode?: number;
    };
