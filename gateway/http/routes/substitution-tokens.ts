import { createRoute, z } from "@hono/zod-openapi";
import {
  isToken,
  TOKEN_NAME,
  TOKENS,
  type TokenAliases,
  type TokenName,
} from "../../../devices/install/tokens.ts";
import { AppError, type FieldError } from "../../../devices/model/errors.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

export const TOKEN_ALIASES_MAX = 50;
export const ALIAS_CHARACTERS_MAX = 64;

const NAMES = Object.keys(TOKENS).filter(isToken) as [TokenName, ...TokenName[]];
const TokenSchema = z
  .object({
    token: z.string().openapi({ example: "%DEVICENAME%" }),
    filledIn: z.enum(["site", "device"]).openapi({ description: "By whom" }),
    meaning: z.string(),
    example: z.string(),
    aliasOf: z.string().nullable().openapi({
      description: "The token that it is another name of; only here, where it was given",
    }),
  })
  .openapi("SubstitutionToken");
const AliasesSchema = z
  .strictObject({
    aliases: z.record(z.string(), z.string()).openapi({
      description:
        "By name, in capital letters and without percent signs, the token that it stands for. " +
        `At most ${TOKEN_ALIASES_MAX}. Tokens: ${NAMES.join(", ")}`,
      example: { STORENAME: "DEVICENAME" },
    }),
  })
  .openapi("TokenAliases");

/** The tokens that paths and commands of install actions may hold, and their further names here. [Q31] */
export function substitutionTokenRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const list = createRoute({
    method: "get",
    path: "/substitution-tokens",
    tags: ["packages"],
    summary: "Tokens that may stand in paths and commands of install actions",
    description: "Letter case does not matter. `%%` is a percent sign.",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(TokenSchema), "The tokens"), ...PROBLEMS },
  });
  api.openapi(list, (c) => {
    const aliases = Object.entries(settings.read().tokenAliases);
    const further = aliases.map(([alias, name]) => ({
      ...shown(name),
      token: `%${alias}%`,
      aliasOf: `%${name}%`,
    }));
    return c.json([...NAMES.map(shown), FILE, ...further], 200);
  });

  const current = () => ({ aliases: { ...settings.read().tokenAliases } });
  const read = createRoute({
    method: "get",
    path: "/settings/token-aliases",
    tags: ["settings"],
    summary: "Further names of substitution tokens",
    ...guarded("reports:read"),
    responses: { 200: json(AliasesSchema, "The names"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const put = createRoute({
    method: "put",
    path: "/settings/token-aliases",
    tags: ["settings"],
    summary: "Give substitution tokens further names, in place of those before",
    description:
      "They hold for who makes packages at this gateway. What is kept has the tokens' own names, so " +
      "that it means the same everywhere, and does not change with this list.",
    ...guarded("settings:write"),
    request: body(AliasesSchema),
    responses: { 200: json(AliasesSchema, "The names now"), ...PROBLEMS },
  });
  api.openapi(put, async (c) => {
    checkPreconditions(c, current());
    const tokenAliases = checkedAliases(Object.entries(c.req.valid("json").aliases));
    await settings.write({ tokenAliases });
    await recordAction(audit, c, "settings.token-aliases", "settings", { aliases: tokenAliases });
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });
  return api;
}

/**
 * @param given names and what they stand for, each with percent signs or without
 * @throws AppError "unprocessable" naming each that cannot be
 */
export function checkedAliases(given: readonly (readonly [string, string])[]): TokenAliases {
  const wrong: FieldError[] = [];
  const aliases = new Map<string, TokenName>();
  for (const [written, meant] of given) {
    const alias = plain(written);
    const name = plain(meant);
    const problem = problemOf(alias, name, aliases);
    if (problem !== undefined) {
      wrong.push({ pointer: `/aliases/${written}`, message: `${written}: ${problem}` });
    } else if (isToken(name)) aliases.set(alias, name);
  }
  if (given.length > TOKEN_ALIASES_MAX) {
    wrong.push({ pointer: "/aliases", message: `at most ${TOKEN_ALIASES_MAX} names` });
  }
  if (wrong.length === 0) return Object.fromEntries(aliases);
  throw new AppError("unprocessable", wrong.map(({ message }) => message).join("; "), {
    fields: wrong,
  });
}

function problemOf(
  alias: string,
  name: string,
  known: ReadonlyMap<string, TokenName>,
): string | undefined {
  if (!TOKEN_NAME.test(alias) || alias.length > ALIAS_CHARACTERS_MAX) {
    return `a name has letters, digits and _, begins with a letter, and has at most ${ALIAS_CHARACTERS_MAX} characters`;
  }
  if (isToken(alias)) return "there is a token of this name";
  if (known.has(alias)) return "it is there twice";
  return isToken(name) ? undefined : `it stands for one of ${NAMES.join(", ")}`;
}

const plain = (text: string) =>
  text
    .trim()
    .replace(/^%(.*)%$/, "$1")
    .toUpperCase();

function shown(name: TokenName) {
  const { where, meaning, example } = TOKENS[name];
  return { token: `%${name}%`, filledIn: where, meaning, example, aliasOf: null };
}

const FILE = {
  token: "%1",
  filledIn: "site" as const,
  meaning: "In the command of an Install: its file",
  example: "\\Storage Card\\My App\\whatever.cab",
  aliasOf: null,
};
