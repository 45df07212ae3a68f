/**
 * What tools send to the part of hawkBit's Management API that is served here. [agents 1.10] A field that is
 * not known is refused: what a tool asks for is done, or it is told that it is not.
 */
import { z } from "zod";
import { ProtocolError } from "../../errors.ts";
import { MODULE_TYPES, type ModuleType, SET_TYPES, type SetType } from "./types.ts";

/** A request's body, in bytes; artifacts have a limit of their own. */
export const MANAGEMENT_BODY_BYTES_MAX = 1024 * 1024;
/** Things that one request makes or assigns. */
export const REQUEST_ITEMS_MAX = 1_000;
export const NAME_MAX = 128;
export const VERSION_MAX = 64;
export const DESCRIPTION_MAX = 512;
/** A token that a tool brings: long enough not to be guessed. */
export const SECURITY_TOKEN_MIN = 8;
export const SECURITY_TOKEN_MAX = 128;
export const CONTROLLER_ID_MAX = 256;
/** Each field of a maintenance window; what is wrong with one is said by whoever reads it. */
export const WINDOW_CHARACTERS_MAX = 1_000;
/** Modules of one set, as hawkBit has it. */
export const SET_MODULES_MAX = 100;

const name = z.string().trim().min(1).max(NAME_MAX);
const version = z.string().trim().min(1).max(VERSION_MAX);
const text = (max: number) =>
  z
    .string()
    .max(max)
    .nullish()
    .transform((value) => value ?? null);
const token = z
  .string()
  .regex(/^\S+$/, "has no spaces")
  .min(SECURITY_TOKEN_MIN)
  .max(SECURITY_TOKEN_MAX);

const Target = z.strictObject({
  controllerId: z
    .string()
    .min(1)
    .max(CONTROLLER_ID_MAX)
    .regex(/^[^\s/?#]+$/, "has no spaces, slashes, question marks or hashes"),
  name: text(NAME_MAX),
  description: text(DESCRIPTION_MAX),
  securityToken: token.nullish().transform((value) => value ?? null),
});
export type NewTarget = z.infer<typeof Target>;

const Module = z.strictObject({
  name,
  version,
  type: z.enum(Object.keys(MODULE_TYPES) as [ModuleType, ...ModuleType[]]),
  description: text(DESCRIPTION_MAX),
  vendor: text(NAME_MAX),
  encrypted: z.literal(false, "artifacts are not encrypted here").nullish(),
});
export type NewModule = z.infer<typeof Module>;

const DistributionSet = z.strictObject({
  name,
  version,
  /** hawkBit takes a set without a type as its default one. */
  type: z
    .enum(Object.keys(SET_TYPES) as [SetType, ...SetType[]])
    .nullish()
    .transform((value) => value ?? "os_app"),
  description: text(DESCRIPTION_MAX),
  requiredMigrationStep: z.literal(false, "updates do not go by way of others here").nullish(),
  modules: z
    .array(z.strictObject({ id: z.int().positive() }))
    .max(SET_MODULES_MAX)
    .nullish()
    .transform((list) => list?.map(({ id }) => id) ?? []),
});
export type NewSet = z.infer<typeof DistributionSet>;

const Window = z.strictObject({
  schedule: z.string().min(1).max(WINDOW_CHARACTERS_MAX),
  duration: z.string().min(1).max(WINDOW_CHARACTERS_MAX),
  timezone: z.string().min(1).max(WINDOW_CHARACTERS_MAX),
});
export type MaintenanceWindow = z.infer<typeof Window>;

const Assignment = z.strictObject({
  id: z.string().min(1).max(CONTROLLER_ID_MAX),
  type: z
    .enum(["forced", "soft", "downloadonly"], "is forced, soft or downloadonly here")
    .nullish()
    .transform((value) => value ?? "forced"),
  // Clients of hawkBit's own console send it whatever the type is; only timeforced means something by it.
  forcetime: z.literal(0, "there is no type that it would be for here").nullish(),
  maintenanceWindow: Window.nullish().transform((value) => value ?? null),
  confirmationRequired: z
    .boolean()
    .nullish()
    .transform((value) => value ?? false),
});
export type NewAssignment = z.infer<typeof Assignment>;

const Config = z.strictObject({ value: z.union([z.string(), z.boolean(), z.number()]) });
export type ConfigValue = z.infer<typeof Config>["value"];

/** Each throws ProtocolError `management-json`, or `management-<what>` which names what is wrong. */
export const readTargets = (body: Uint8Array): readonly NewTarget[] =>
  readAs("targets", listOf(Target), body);
export const readModules = (body: Uint8Array): readonly NewModule[] =>
  readAs("softwaremodules", listOf(Module), body);
export const readSets = (body: Uint8Array): readonly NewSet[] =>
  readAs("distributionsets", listOf(DistributionSet), body);
export const readAssignments = (body: Uint8Array): readonly NewAssignment[] =>
  readAs("assignedtargets", listOf(Assignment), body);
export const readConfig = (body: Uint8Array): ConfigValue => readAs("config", Config, body).value;

function listOf<T extends z.ZodType>(schema: T) {
  return z.array(schema).min(1).max(REQUEST_ITEMS_MAX);
}

function readAs<T>(what: string, schema: z.ZodType<T>, body: Uint8Array): T {
  const read = schema.safeParse(parseJson(body));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const pointer = `/${(issue?.path ?? []).map(String).join("/")}`;
  throw new ProtocolError(`management-${what}`, `${pointer}: ${issue?.message ?? "is wrong"}`);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new ProtocolError("management-json", "the body is no JSON", { cause });
  }
}
