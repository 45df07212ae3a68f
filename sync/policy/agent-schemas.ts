/** What agents carry out, as it stands in a policy document. */
import { z } from "zod";
import { ACTIONS_MAX, CRITICAL, PATH_CHARACTERS_MAX } from "../../devices/model/install-action.ts";
import {
  METRICS_MAX,
  OPERATORS,
  VERSION_FIELDS,
  VERSION_PARTS,
} from "../../devices/model/metric.ts";
import {
  type AgentInstall,
  CHUNKS_MAX,
  COMMAND_LINE_CHARACTERS_MAX,
  DDI_HANDLINGS,
  type DdiInstall,
  DEVICE_TYPES_MAX,
  FILES_MAX,
  type MenderInstall,
} from "../../devices/model/package.ts";
import { packageFile, short, targeting } from "./record-fields.ts";

const path = z.string().min(1).max(PATH_CHARACTERS_MAX);
const commandLine = z.string().min(1).max(COMMAND_LINE_CHARACTERS_MAX);
const settings = { critical: z.enum(CRITICAL), targeting };
const kind = z.literal;

const action = z.discriminatedUnion("kind", [
  z.strictObject({ kind: kind("Download"), source: path, target: path, ...settings }),
  z.strictObject({
    kind: kind("Install"),
    file: path,
    command: commandLine.nullable(),
    ...settings,
  }),
  z.strictObject({ kind: kind("Uninstall"), name: path, ...settings }),
  z.strictObject({ kind: kind("WarmBoot"), ...settings }),
  z.strictObject({ kind: kind("Run"), command: commandLine, timeout: z.int(), ...settings }),
  z.strictObject({ kind: kind("Terminate"), modules: path, ...settings }),
  z.strictObject({
    kind: kind(["CopyFiles", "MoveFiles"]),
    source: path,
    target: path,
    ...settings,
  }),
  z.strictObject({ kind: kind("DeleteFiles"), path, ...settings }),
  z.strictObject({
    kind: kind(["RenameFile", "RenameFolder"]),
    source: path,
    target: path,
    ...settings,
  }),
  z.strictObject({ kind: kind(["CreateFolder", "RemoveFolder"]), path, ...settings }),
]);

const compared = {
  number: z.int().min(1),
  file: path,
  source: z.strictObject({ file: path, virtualFile: path.nullable() }),
  targeting,
};

const metric = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: kind("FileHash"),
    hash: z.string().regex(/^[0-9a-f]{32}$/, "32 hexadecimal digits in small letters"),
    ...compared,
  }),
  z.strictObject({
    kind: kind("FileVersion"),
    field: z.enum(VERSION_FIELDS),
    part: z.enum(VERSION_PARTS).nullable(),
    operator: z.enum(OPERATORS),
    value: short,
    ...compared,
  }),
  z.strictObject({
    kind: kind("FileSize"),
    operator: z.enum(OPERATORS),
    size: z.int().min(0),
    ...compared,
  }),
]);

export const agentSchema = z.strictObject({
  files: z.array(packageFile).max(FILES_MAX),
  actions: z.array(action).max(ACTIONS_MAX),
  uninstall: z.array(action).max(ACTIONS_MAX),
  metrics: z.array(metric).max(METRICS_MAX),
}) satisfies z.ZodType<AgentInstall>;

export const ddiSchema = z.strictObject({
  handling: z.enum(DDI_HANDLINGS),
  chunks: z
    .array(
      z.strictObject({
        part: short,
        name: short,
        version: short,
        files: z.array(packageFile).max(FILES_MAX),
        metadata: z.array(z.strictObject({ key: short, value: short })).max(FILES_MAX),
      }),
    )
    .max(CHUNKS_MAX),
}) satisfies z.ZodType<DdiInstall>;

export const menderSchema = z.strictObject({
  artifactName: short,
  deviceTypes: z.array(short).max(DEVICE_TYPES_MAX),
}) satisfies z.ZodType<MenderInstall>;
