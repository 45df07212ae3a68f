/** Fields that several kinds of policy record have. */
import { z } from "zod";
import { parseSha256 } from "../../devices/model/ids.ts";

const NAME_CHARACTERS_MAX = 200;

export const name = z.string().min(1).max(NAME_CHARACTERS_MAX);
export const short = z.string().max(NAME_CHARACTERS_MAX);
export const sha256 = id(parseSha256, "a SHA-256 (64 hexadecimal digits)");
export const packageFile = z.strictObject({ sha256, name: short, bytes: z.int().min(0) });
export const targeting = z.strictObject({
  cpu: short.nullable(),
  osMajor: z.int().nullable(),
  osPlatform: short.nullable(),
});

export function id<T extends string>(parse: (text: string) => T | undefined, what: string) {
  return z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `must be ${what}` });
    return z.NEVER;
  });
}
