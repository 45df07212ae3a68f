import { z } from "@hono/zod-openapi";
import { KIND_WORDS } from "../../../devices/packages/inspect-file.ts";
import type { FileContents } from "../../content/file-contents.ts";

const text = z.string().nullable();

/** What a file says of itself, as it is answered. Of the parts by kind there is the one of its kind. */
export const FileContentsSchema = z
  .object({
    kind: z.enum(Object.keys(KIND_WORDS) as [keyof typeof KIND_WORDS]).openapi({ example: "msi" }),
    description: z.string().openapi({ example: KIND_WORDS.msi }),
    name: text,
    publisher: text,
    version: text.openapi({ description: "Of a Windows program its file version" }),
    architecture: text,
    problem: z
      .object({ rule: z.string().openapi({ example: "cab-checksum" }), message: z.string() })
      .nullable(),
    warnings: z.array(z.string()),
    pe: z.object({ productVersion: text }).nullable(),
    msi: z.object({ productCode: z.string(), upgradeCode: text }).nullable(),
    appx: z
      .object({
        familyName: z.string(),
        fullName: z.string(),
        isFramework: z.boolean(),
        minimumOsVersion: text,
        dependencies: z.array(
          z.object({ name: z.string(), familyName: z.string(), minimumVersion: z.string() }),
        ),
      })
      .nullable(),
    xap: z.object({ productId: z.string() }).nullable(),
    apk: z
      .object({
        packageName: z.string(),
        versionCode: text,
        minSdk: z.int().nullable(),
        targetSdk: z.int().nullable(),
      })
      .nullable(),
    swu: z
      .object({
        hardware: z.array(z.string()),
        isSigned: z.boolean().openapi({ description: "It carries a signature; nobody checked it" }),
      })
      .nullable(),
    mender: z
      .object({
        formatVersion: z.int(),
        deviceTypes: z.array(z.string()),
        payloadTypes: z.array(z.string()),
        isSigned: z.boolean(),
      })
      .nullable(),
    members: z
      .object({
        count: z.int(),
        listed: z.array(z.object({ path: z.string(), bytes: z.int(), version: text })),
      })
      .nullable()
      .openapi({ description: "Files inside: all are counted, the first are listed" }),
  })
  .openapi("FileContents");

export function contentsJson(contents: FileContents): z.input<typeof FileContentsSchema> {
  return structuredClone({ ...contents, description: KIND_WORDS[contents.kind] }) as z.input<
    typeof FileContentsSchema
  >;
}
