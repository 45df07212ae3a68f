import { ALERT } from "../syncml/alerts.ts";
import type { AlertCommand, Item } from "../syncml/message.ts";
import type { OutgoingAlert, OutgoingItem } from "./outgoing-command.ts";

/** What a server shows to the person in front of a device, or asks them. [syncml 3.5] */
export interface UserPrompt {
  readonly kind: PromptKind;
  readonly text: string;
  /** What there is to choose from; empty unless it is a choice. */
  readonly choices: readonly string[];
  readonly options: PromptOptions;
}

export type PromptKind = keyof typeof CODES;

const CODES = {
  display: ALERT.display,
  confirm: ALERT.confirm,
  input: ALERT.textInput,
  "choose-one": ALERT.singleChoice,
  "choose-many": ALERT.multipleChoice,
} as const;

/** Hints to the device; it passes over those that it cannot follow. */
export interface PromptOptions {
  /** MINDT: shown at least so long. */
  readonly minSeconds?: number | undefined;
  /** MAXDT: waited for so long; then the default holds, or 408. */
  readonly maxSeconds?: number | undefined;
  /** DR: a text, or the numbers of choices from 1 with hyphens between; `0` and `1` for confirm. */
  readonly defaultResponse?: string | undefined;
  /** MAXLEN: characters of a text. */
  readonly maxLength?: number | undefined;
  /** IT: what kind of text. */
  readonly input?: "any" | "number" | "date" | "time" | "phone" | "ip" | undefined;
  /** ET: typed characters are not shown. */
  readonly hidden?: boolean | undefined;
}

/** What came of it. Answers: a text, or the numbers of the choices from 1. */
export interface UserReply {
  /** 200 done or yes; 304 no; 214 cancelled; 408 nobody answered; 406 the device cannot ask. */
  readonly code: number;
  readonly answers: readonly string[];
}

const INPUT = { any: "A", number: "N", date: "D", time: "T", phone: "P", ip: "I" } as const;

/** The alert that shows it: options first, then the text, then the choices, an Item each. */
export function userAlert(tag: string, prompt: UserPrompt): OutgoingAlert {
  const options = printOptions(prompt.options);
  const items: OutgoingItem[] = [
    options === "" ? {} : { data: options },
    { data: prompt.text },
    ...prompt.choices.map((data) => ({ data })),
  ];
  return { name: "Alert", tag, code: CODES[prompt.kind], items };
}

/** Undefined for an alert that is about something else, or that has no text. */
export function readUserAlert({ code, items }: AlertCommand): UserPrompt | undefined {
  const kind = (Object.keys(CODES) as PromptKind[]).find((name) => CODES[name] === code);
  const [options, text, ...choices] = items;
  if (kind === undefined || text?.data === undefined) return undefined;
  return {
    kind,
    text: text.data,
    choices: choices.map(({ data }) => data ?? ""),
    options: readOptions(options),
  };
}

/** What holds when nobody answers in time. */
export function timedOut({ kind, options }: UserPrompt): UserReply {
  const { defaultResponse } = options;
  if (kind === "display") return { code: 200, answers: [] };
  if (defaultResponse === undefined) return { code: 408, answers: [] };
  if (kind === "confirm") return { code: defaultResponse === "1" ? 200 : 304, answers: [] };
  const isChoice = kind === "choose-many";
  return { code: 200, answers: isChoice ? defaultResponse.split("-") : [defaultResponse] };
}

function printOptions(options: PromptOptions): string {
  const { minSeconds, maxSeconds, defaultResponse, maxLength, input, hidden } = options;
  const parts = [
    ...(minSeconds === undefined ? [] : [`MINDT=${minSeconds}`]),
    ...(maxSeconds === undefined ? [] : [`MAXDT=${maxSeconds}`]),
    ...(defaultResponse === undefined ? [] : [`DR=${encodeURIComponent(defaultResponse)}`]),
    ...(maxLength === undefined ? [] : [`MAXLEN=${maxLength}`]),
    ...(input === undefined ? [] : [`IT=${INPUT[input]}`]),
    ...(hidden === undefined ? [] : [`ET=${hidden ? "P" : "T"}`]),
  ];
  return parts.join("&");
}

/** What cannot be read is passed over without a word. */
function readOptions(item: Item | undefined): PromptOptions {
  const given = new URLSearchParams((item?.data ?? "").trim());
  const input = given.get("IT")?.toUpperCase();
  const echo = given.get("ET")?.toUpperCase();
  const kinds = Object.keys(INPUT) as (keyof typeof INPUT)[];
  return {
    minSeconds: wholeNumber(given.get("MINDT")),
    maxSeconds: wholeNumber(given.get("MAXDT")),
    defaultResponse: given.get("DR") ?? undefined,
    maxLength: wholeNumber(given.get("MAXLEN")),
    input: kinds.find((kind) => INPUT[kind] === input),
    hidden: echo === "P" ? true : echo === "T" ? false : undefined,
  };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
