/**
 * Substitution tokens in what people write. A gateway's administrators may give them further names; what is
 * kept has the tokens' own, so that a revision means the same at every site, and stays what it is when a name is
 * taken back.
 */
import {
  type TokenAliases,
  unknownText,
  unknownTokens,
  withOwnNames,
} from "../../devices/install/tokens.ts";
import { AppError, type FieldError } from "../../devices/model/errors.ts";
import { type Action, PATH_CHARACTERS_MAX } from "../../devices/model/install-action.ts";
import type { WantedMetric } from "../../devices/model/metric.ts";
import { COMMAND_LINE_CHARACTERS_MAX } from "../../devices/model/package.ts";

/** Texts for the device, by the kinds of steps that have them. The source of a download is a file of ours. */
const TEXTS: Readonly<Record<Action["kind"], readonly string[]>> = {
  Download: ["target"],
  Install: ["file", "command"],
  Uninstall: ["name"],
  WarmBoot: [],
  Run: ["command"],
  Terminate: ["modules"],
  CopyFiles: ["source", "target"],
  MoveFiles: ["source", "target"],
  DeleteFiles: ["path"],
  RenameFile: ["source", "target"],
  RenameFolder: ["source", "target"],
  CreateFolder: ["path"],
  RemoveFolder: ["path"],
};

/**
 * Steps with tokens under their own names.
 *
 * @throws AppError "unprocessable" naming every text with a token that there is not
 */
export function actionsWithOwnNames(
  actions: readonly Action[],
  aliases: TokenAliases,
  pointer: string,
): readonly Action[] {
  const wrong: FieldError[] = [];
  const named = actions.map((action, n) => {
    const texts = TEXTS[action.kind].flatMap((name): [string, string][] => {
      const text: unknown = Reflect.get(action, name);
      if (typeof text !== "string") return [];
      const own = withOwnNames(text, aliases);
      const limit = name === "command" ? COMMAND_LINE_CHARACTERS_MAX : PATH_CHARACTERS_MAX;
      const message = problemOf(own, aliases, limit);
      if (message !== undefined) wrong.push({ pointer: `${pointer}/${n}/${name}`, message });
      return [[name, own]];
    });
    return { ...action, ...Object.fromEntries(texts) };
  });
  refuse(wrong);
  return named;
}

/** The same for the place that a metric looks at. @throws AppError "unprocessable" at `/file` */
export function metricWithOwnNames(wanted: WantedMetric, aliases: TokenAliases): WantedMetric {
  const file = withOwnNames(wanted.file, aliases);
  const message = problemOf(file, aliases, PATH_CHARACTERS_MAX);
  refuse(message === undefined ? [] : [{ pointer: "/file", message }]);
  return { ...wanted, file };
}

function problemOf(text: string, aliases: TokenAliases, charactersMax: number): string | undefined {
  const [unknown] = unknownTokens(text);
  if (unknown !== undefined) return unknownText(unknown, aliases);
  if (text.length <= charactersMax) return undefined;
  return `with the tokens' own names it has more than ${charactersMax} characters`;
}

function refuse(wrong: readonly FieldError[]): void {
  if (wrong.length === 0) return;
  const message = wrong.map(({ pointer, message: why }) => `${pointer}: ${why}`).join("; ");
  throw new AppError("unprocessable", message, { fields: wrong });
}
