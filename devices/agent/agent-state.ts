import { z } from "zod";
import type { Enrolled } from "../../protocols/agent/answers.ts";
import { AgentResult } from "../../protocols/agent/requests.ts";
import {
  AGENT_BODY_BYTES_MAX,
  PROGRESS_RESULTS,
  RESULTS_MAX,
  STEP_RESULTS,
  TEXT_CHARACTERS_MAX,
} from "../../protocols/agent/words.ts";
import { cutText } from "../model/cut-text.ts";
import { type Draft, Run } from "./run.ts";

/** Results that wait for the site. Of more, those that tell of the way are dropped, never an end. */
export const OUTBOX_MAX = 2_000;
/** Work that was done, kept so that it is never done twice. */
export const ENDED_MAX = 500;

const Ended = z.object({ distribution: z.string(), attempt: z.int(), last: AgentResult });

/** All that an agent remembers. */
export const AgentState = z.object({
  format: z.literal(1),
  server: z.string(),
  stableId: z.string(),
  token: z.string(),
  /** It takes the place of `token` when the site has it. [8.1] */
  nextToken: z.string().nullable(),
  /** The site's name for this device; null: not enrolled yet. */
  device: z.string().nullable(),
  /** Which one of the device's lives at its site this is; null: it was not told. [2.3] */
  life: z.int().nullable().default(null),
  /** Of the last result, or what the site told. [5.3] */
  sequence: z.int(),
  run: Run.nullable(),
  outbox: z.array(AgentResult),
  /** The newest last. */
  ended: z.array(Ended),
  /** JSON of the facts that the site knows. */
  toldFacts: z.string().nullable(),
});
export type AgentState = z.infer<typeof AgentState>;

/** Names work. */
export interface WorkKey {
  readonly distribution: string;
  readonly attempt: number;
}

export const isSame = (a: WorkKey, b: WorkKey): boolean =>
  a.distribution === b.distribution && a.attempt === b.attempt;

/** The site has let the device in. In another life it knows nothing of what was done in the former one. [2.3] */
export function enrolled(state: AgentState, answer: Enrolled): AgentState {
  const life = answer.life ?? state.life;
  return {
    ...state,
    device: answer.device,
    life,
    sequence: Math.max(state.sequence, answer.sequence),
    ended: life === state.life ? state.ended : [],
    toldFacts: null,
  };
}

/** Notes results of one piece of work, numbered, to be sent. */
export function report(
  state: AgentState,
  { distribution, attempt }: WorkKey,
  drafts: readonly Draft[],
  nowMs: number,
): AgentState {
  if (drafts.length === 0) return state;
  const at = new Date(nowMs).toISOString();
  const numbered = drafts.map(({ text, ...draft }, n): AgentResult => {
    const said = text ? { text: cutText(text, TEXT_CHARACTERS_MAX) } : {};
    return { distribution, attempt, sequence: state.sequence + 1 + n, at, ...draft, ...said };
  });
  const outbox = compact([...state.outbox, ...numbered]);
  return { ...state, sequence: state.sequence + drafts.length, outbox };
}

/** Reports the end of work, and remembers it. */
export function reportEnd(
  state: AgentState,
  key: WorkKey,
  drafts: readonly Draft[],
  nowMs: number,
): AgentState {
  const reported = report(state, key, drafts, nowMs);
  const last = reported.outbox.at(-1);
  if (!last) throw new Error("invariant broken: an end is a result");
  const { distribution, attempt } = key;
  const ended = [...state.ended, { distribution, attempt, last }].slice(-ENDED_MAX);
  return { ...reported, ended };
}

/** Says an end again whose acknowledgement was lost; the same result is taken once. [4.11, 5.3] */
export function repeatEnd(state: AgentState, key: WorkKey): AgentState {
  const known = state.ended.find((one) => isSame(one, key));
  const isWaiting = state.outbox.some(
    (one) => isSame(one, key) && one.sequence === known?.last.sequence,
  );
  return known && !isWaiting ? { ...state, outbox: [...state.outbox, known.last] } : state;
}

/** What goes in one request: as much as the site takes. */
export function nextResults({ outbox }: AgentState): readonly AgentResult[] {
  let bytes = 0;
  const end = outbox.findIndex((result, index) => {
    bytes += Buffer.byteLength(JSON.stringify(result)) + 1;
    return index === RESULTS_MAX || (index > 0 && bytes > RESULTS_BYTES_MAX);
  });
  return end < 0 ? outbox : outbox.slice(0, end);
}

/** The list alone: some of the body is around it. */
const RESULTS_BYTES_MAX = AGENT_BODY_BYTES_MAX - 1_024;

/** The site has these: taken, or refused for good. [5.2] */
export function acknowledged(
  state: AgentState,
  sent: readonly AgentResult[],
  siteSequence: number,
): AgentState {
  const numbers = new Set(sent.map(({ sequence }) => sequence));
  return {
    ...state,
    outbox: state.outbox.filter(({ sequence }) => !numbers.has(sequence)),
    sequence: Math.max(state.sequence, siteSequence),
  };
}

/** Of results that wait too long the oldest of those go that say how far something was. */
function compact(outbox: readonly AgentResult[]): AgentResult[] {
  let spare = outbox.length - OUTBOX_MAX;
  return outbox.filter(({ result }) => {
    if (spare <= 0 || !ON_THE_WAY.has(result)) return true;
    spare -= 1;
    return false;
  });
}

const ON_THE_WAY: ReadonlySet<string> = new Set([...PROGRESS_RESULTS, ...STEP_RESULTS]);
