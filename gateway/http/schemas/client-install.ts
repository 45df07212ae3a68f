/** What DDI clients and Mender's client are given, as the API takes and shows it. */
import { z } from "@hono/zod-openapi";
import {
  CHUNKS_MAX,
  DDI_HANDLINGS,
  type DdiInstall,
  DEVICE_TYPES_MAX,
  FILES_MAX,
  type MenderInstall,
} from "../../../devices/model/package.ts";
import { NAME_CHARACTERS_MAX, nonEmptyLine } from "./common.ts";
import { FileOfRevisionSchema, GivenFileSchema } from "./given-file.ts";

const Name = nonEmptyLine(NAME_CHARACTERS_MAX);

export const NewDdiInstallSchema = z
  .strictObject({
    handling: z
      .enum(DDI_HANDLINGS)
      .default("forced")
      .describe("How urgently the client is to take it"),
    chunks: z
      .array(
        z.strictObject({
          part: Name.default("bApp").describe(
            "`os`, or `bApp` for what hawkBit calls an application",
          ),
          name: Name.optional().describe("The package's id unless given"),
          version: Name.optional().describe("The revision's unless given"),
          files: z
            .array(GivenFileSchema)
            .min(1)
            .max(FILES_MAX)
            .describe("Uploaded before; no two of one name"),
          metadata: z
            .array(z.strictObject({ key: Name, value: z.string().max(NAME_CHARACTERS_MAX) }))
            .max(FILES_MAX)
            .default([]),
        }),
      )
      .min(1)
      .max(CHUNKS_MAX)
      .describe("Software modules. Many clients take one with one file only"),
  })
  .openapi("NewDdiInstall");
export type GivenDdiInstall = z.output<typeof NewDdiInstallSchema>;

export const DdiInstallSchema = z
  .object({
    handling: z.enum(DDI_HANDLINGS),
    chunks: z.array(
      z.object({
        part: z.string(),
        name: z.string(),
        version: z.string(),
        files: z.array(FileOfRevisionSchema),
        metadata: z.array(z.object({ key: z.string(), value: z.string() })),
      }),
    ),
  })
  .openapi("DdiInstall");

export const NewMenderInstallSchema = z
  .strictObject({
    artifactName: Name.describe("As the artifact says it itself"),
    deviceTypes: z
      .array(Name)
      .min(1)
      .max(DEVICE_TYPES_MAX)
      .describe("Devices of these types take it"),
  })
  .openapi("NewMenderInstall");

export const MenderInstallSchema = z
  .object({ artifactName: z.string(), deviceTypes: z.array(z.string()) })
  .openapi("MenderInstall");

export function ddiJson({ handling, chunks }: DdiInstall): z.infer<typeof DdiInstallSchema> {
  return {
    handling,
    chunks: chunks.map((chunk) => ({
      ...chunk,
      files: chunk.files.map((file) => ({ ...file })),
      metadata: chunk.metadata.map((one) => ({ ...one })),
    })),
  };
}

export function menderJson(mender: MenderInstall): z.infer<typeof MenderInstallSchema> {
  return { artifactName: mender.artifactName, deviceTypes: [...mender.deviceTypes] };
}
