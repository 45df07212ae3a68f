/**
 * Substitution tokens in paths and command lines of install actions and metrics. The list is our own: the
 * agent's documentation speaks of such tokens and does not say which there are. [A-012, Q31]
 *
 *   %NAME%   one of the tokens below, in any letter case
 *   %1       in the command of an Install: its file
 *   %%       a percent sign
 *
 * A percent sign that begins nothing of this kind stands for itself.
 */

export interface TokenRule {
  /**
   * Who fills it in. What the site knows of the device is filled in there, before work is offered; where
   * folders are only the device knows.
   */
  readonly where: "site" | "device";
  readonly meaning: string;
  readonly example: string;
}

export const TOKENS = {
  DEVICENAME: { where: "site", meaning: "The device's name", example: "scanner-17" },
  DEVICEID: {
    where: "site",
    meaning: "The device's id at the gateway, 32 hexadecimal digits",
    example: "0f3b0c2d4e5a69788796a5b4c3d2e1f0",
  },
  CPU: { where: "site", meaning: "The device's processor, in its own words", example: "ARM" },
  OSMAJOR: {
    where: "site",
    meaning: "The first number of its system's version",
    example: "6",
  },
  OSMINOR: { where: "site", meaning: "The second number of it", example: "5" },
  OSPLATFORM: { where: "site", meaning: "The device's system", example: "PocketPC" },
  PACKAGE: { where: "site", meaning: "The package's id", example: "point-of-sale" },
  VERSION: { where: "site", meaning: "The version that is installed", example: "2.0.1" },
  PROGRAMFILES: {
    where: "device",
    meaning: "The folder of programs",
    example: "\\Program Files, C:\\Program Files, /opt",
  },
  WINDOWS: {
    where: "device",
    meaning: "The folder of the system",
    example: "\\Windows, C:\\Windows; Linux has none",
  },
  STORAGECARD: {
    where: "device",
    meaning: "Storage beside the main one",
    example: "\\Storage Card, where there is one",
  },
  TEMP: {
    where: "device",
    meaning: "The folder for what need not stay",
    example: "\\Temp, C:\\Windows\\Temp, /tmp",
  },
} as const satisfies Readonly<Record<string, TokenRule>>;

export type TokenName = keyof typeof TOKENS;
export type SiteToken = {
  [Name in TokenName]: (typeof TOKENS)[Name]["where"] extends "site" ? Name : never;
}[TokenName];
export type DeviceToken = Exclude<TokenName, SiteToken>;

/** Further names of tokens, in capital letters, and the tokens that they stand for. */
export type TokenAliases = Readonly<Record<string, TokenName>>;

/** What a token may be called: what `%NAME%` is read as. */
export const TOKEN_NAME = /^[A-Za-z][A-Za-z0-9_]*$/;

/** The text with tokens under their own names; what is neither token nor alias stays as it is. */
export function withOwnNames(text: string, aliases: TokenAliases): string {
  return partsOf(text)
    .map(({ kind, written, ...part }) => {
      const known = kind === "unknown" && "name" in part ? part.name.toUpperCase() : "";
      return Object.hasOwn(aliases, known) ? `%${aliases[known]}%` : written;
    })
    .join("");
}

/** What was made of a text, or a sentence about why nothing can be: never a text with a gap. */
export type Filled = { readonly text: string } | { readonly problem: string };

/** Names that stand between percent signs and are none of ours, as they are written. */
export function unknownTokens(text: string): readonly string[] {
  return partsOf(text).flatMap((part) => (part.kind === "unknown" ? [part.name] : []));
}

/** `%1` stands for something: it does only in the command of an Install. */
export function namesFile(text: string): boolean {
  return partsOf(text).some(({ kind }) => kind === "file");
}

/** Puts the file's path in the place of each `%1`. Both may hold tokens, and still do then. */
export function withFile(command: string, file: string): string {
  return partsOf(command)
    .map((part) => (part.kind === "file" ? file : part.written))
    .join("");
}

/**
 * Fills in what the site knows. Tokens of the device and doubled percent signs stay as they are.
 *
 * @param facts null: the site does not know it. A token for it is a problem then, never an empty text.
 */
export function fillInFacts(
  text: string,
  facts: Readonly<Record<SiteToken, string | null>>,
): Filled {
  const problems: string[] = [];
  const filled = partsOf(text).map((part) => {
    if (part.kind === "unknown") problems.push(unknownText(part.name));
    if (part.kind !== "token" || !isSiteToken(part.name)) return part.written;
    const value = facts[part.name];
    if (value === null) problems.push(`it is not known what %${part.name}% is for this device`);
    else if (UNFIT.test(value)) {
      problems.push(`%${part.name}% is ${JSON.stringify(value)}, which no path can hold`);
    }
    // The device reads the text once more: nothing in a value may look like a token there.
    return (value ?? "").replaceAll("%", "%%");
  });
  const [first] = problems;
  return first === undefined ? { text: filled.join("") } : { problem: first };
}

/**
 * Fills in the folders of the device, as the last step: what comes out is the text itself, with single
 * percent signs. A token that should have been filled in at the site is a problem.
 *
 * @param folders null: this device has no such folder
 */
export function fillInFolders(
  text: string,
  folders: Readonly<Record<DeviceToken, string | null>>,
): Filled {
  const problems: string[] = [];
  const filled = partsOf(text).map((part) => {
    if (part.kind === "percent") return "%";
    if (part.kind === "unknown") problems.push(unknownText(part.name));
    if (part.kind !== "token") return part.written;
    if (isSiteToken(part.name)) {
      problems.push(`%${part.name}% was not filled in`);
      return "";
    }
    const value = folders[part.name];
    if (value === null) problems.push(`this device has no ${part.name.toLowerCase()} folder`);
    return value ?? "";
  });
  const [first] = problems;
  return first === undefined ? { text: filled.join("") } : { problem: first };
}

export function unknownText(name: string, aliases: TokenAliases = {}): string {
  const names = [...Object.keys(TOKENS), ...Object.keys(aliases)].map((one) => `%${one}%`);
  return `there is no token %${name}%: use one of ${names.join(", ")}, or %% for a percent sign`;
}

type Part =
  | { readonly kind: "text" | "percent" | "file"; readonly written: string }
  | { readonly kind: "token"; readonly written: string; readonly name: TokenName }
  | { readonly kind: "unknown"; readonly written: string; readonly name: string };

const PART = /%%|%1|%([A-Za-z][A-Za-z0-9_]*)%|[^%]+|%/g;

function partsOf(text: string): readonly Part[] {
  return [...text.matchAll(PART)].map(([written, name]): Part => {
    if (written === "%%") return { kind: "percent", written };
    if (written === "%1") return { kind: "file", written };
    if (name === undefined) return { kind: "text", written };
    const known = name.toUpperCase();
    return isToken(known)
      ? { kind: "token", written, name: known }
      : { kind: "unknown", written, name };
  });
}

/** What no file is called, or what would lead out of the folder that it stands in. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const UNFIT = /^\.*$|[\u0000-\u001f"*/:<>?\\|]/;

export function isToken(name: string): name is TokenName {
  return Object.hasOwn(TOKENS, name);
}

function isSiteToken(name: TokenName): name is SiteToken {
  return TOKENS[name].where === "site";
}
