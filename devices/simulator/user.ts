import { timedOut, type UserPrompt, type UserReply } from "../../protocols/oma-dm/user-alert.ts";
import type { Behaviour } from "./behaviour.ts";
import type { Random } from "./random.ts";

/** What the person in front of a device says when its server asks something. */
export type User = (prompt: UserPrompt) => UserReply;

/** Refuses or is away as often as the behaviour says, and agrees to everything else. */
export function userByChance({ refusesRate, laterRate }: Behaviour, random: Random): User {
  return (prompt) => {
    const draw = random.next();
    if (draw < laterRate) return timedOut(prompt);
    if (prompt.kind === "display") return { code: 200, answers: [] };
    if (draw < laterRate + refusesRate) {
      return { code: prompt.kind === "confirm" ? 304 : 214, answers: [] };
    }
    return { code: 200, answers: answersTo(prompt) };
  };
}

function answersTo({ kind, options }: UserPrompt): readonly string[] {
  const { defaultResponse } = options;
  switch (kind) {
    case "display":
    case "confirm":
      return [];
    case "input":
      return [defaultResponse ?? "as you like"];
    case "choose-one":
    case "choose-many":
      return defaultResponse?.split("-") ?? ["1"];
  }
}
