import { z } from "@hono/zod-openapi";
import { NAME_CHARACTERS_MAX, nonEmptyLine } from "./common.ts";

export const Sha256Text = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "give the SHA-256 that the upload answered: 64 hexadecimal digits");

/** A file that was uploaded before, as a revision names it. */
export const GivenFileSchema = z.strictObject({
  sha256: Sha256Text,
  name: nonEmptyLine(NAME_CHARACTERS_MAX)
    .refine((name) => !/[\\/]/.test(name), "a name, not a path")
    .optional(),
});
export const FileOfRevisionSchema = z.object({
  sha256: z.string(),
  name: z.string(),
  bytes: z.int(),
});
