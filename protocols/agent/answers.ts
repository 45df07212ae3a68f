import { z } from "zod";
import { readAs } from "./read-message.ts";
import {
  CATALOGUE_STATES,
  CRITICALS,
  METRIC_OPERATORS,
  TASKS,
  TELLABLES,
  WORK_OPERATIONS,
} from "./words.ts";

/** What every step has. [4.7, 4.8] */
const step = {
  index: z.int().min(0),
  critical: z.enum(CRITICALS),
  /** It is not for this device. */
  skip: z.string().optional(),
  /** Why it cannot be carried out. */
  problem: z.string().optional(),
};
const kind = z.literal;
const text = z.string();

const Step = z.discriminatedUnion("kind", [
  z.object({ kind: kind("Download"), ...step, source: text, target: text }),
  z.object({ kind: kind("Install"), ...step, file: text, command: text }),
  z.object({ kind: kind("Uninstall"), ...step, name: text }),
  z.object({ kind: kind("WarmBoot"), ...step }),
  z.object({ kind: kind("Run"), ...step, command: text, timeout: z.int() }),
  z.object({ kind: kind("Terminate"), ...step, modules: text }),
  z.object({ kind: kind(["CopyFiles", "MoveFiles"]), ...step, source: text, target: text }),
  z.object({ kind: kind("DeleteFiles"), ...step, path: text }),
  z.object({ kind: kind(["RenameFile", "RenameFolder"]), ...step, source: text, target: text }),
  z.object({ kind: kind(["CreateFolder", "RemoveFolder"]), ...step, path: text }),
]);
export type PlanStep = z.infer<typeof Step>;
export type PlanStepKind = PlanStep["kind"];

/** [4.6] */
const Metric = z.discriminatedUnion("kind", [
  z.object({ kind: kind("FileHash"), number: z.int(), file: text, hash: text }),
  z.object({
    kind: kind("FileVersion"),
    number: z.int(),
    file: text,
    field: z.enum(["File", "Product"]),
    part: z.enum(["major", "minor", "build", "revision"]).nullable(),
    operator: z.enum(METRIC_OPERATORS),
    value: text,
  }),
  z.object({
    kind: kind("FileSize"),
    number: z.int(),
    file: text,
    operator: z.enum(METRIC_OPERATORS),
    size: z.number(),
  }),
]);
export type PlanMetric = z.infer<typeof Metric>;

/** [4.10] */
const PlanFile = z.object({ name: text, bytes: z.number(), sha256: text, url: text });
export type PlanFile = z.infer<typeof PlanFile>;

/** An agent keeps it on its disk in this form. [4.3, 4.5] */
export const PlanWork = z.object({
  distribution: text,
  attempt: z.int(),
  operation: z.enum(WORK_OPERATIONS),
  package: z.object({ id: text, name: text, version: text }),
  do: z.enum(TASKS),
  metrics: z.array(Metric),
  /** For `apply`. */
  steps: z.array(Step).default([]),
  files: z.array(PlanFile).default([]),
});
export type PlanWork = z.infer<typeof PlanWork>;

/** [6.1] */
const Cancellation = z.object({
  distribution: text,
  attempt: z.int(),
  reason: z.enum(["stopped", "superseded"]),
});
export type Cancellation = z.infer<typeof Cancellation>;

/** [4.1] */
export const Plan = z.object({
  sequence: z.int(),
  work: z.array(PlanWork),
  cancel: z.array(Cancellation),
  tell: z.array(z.enum(TELLABLES)),
  /** ISO 8601. */
  next: z.string().nullable(),
});
export type AgentPlan = z.infer<typeof Plan>;

/** [2.3] */
export const Enrolled = z.object({
  version: z.int(),
  device: text,
  sequence: z.int(),
  life: z.int().optional(),
});
export type Enrolled = z.infer<typeof Enrolled>;

/** [5.2] */
export const Taken = z.object({
  refused: z.array(z.object({ index: z.int(), reason: text })),
  sequence: z.int(),
  poll: z.boolean(),
});
export type TakenResults = z.infer<typeof Taken>;

/** [7.1] */
export const CatalogueItem = z.object({
  distribution: text,
  name: text,
  version: text,
  description: text,
  publisher: text.nullable(),
  operation: z.enum(["install", "uninstall"]),
  state: z.enum(CATALOGUE_STATES),
  status: text,
  statusState: text.nullable(),
});
export type CatalogueItem = z.infer<typeof CatalogueItem>;

export const Catalogue = z.object({ items: z.array(CatalogueItem) });
export type Catalogue = z.infer<typeof Catalogue>;

/** Each throws ProtocolError naming the pointer of what is wrong. */
export const readPlan = (body: Uint8Array): AgentPlan => readAs("agent-plan", Plan, body);
export const readEnrolled = (body: Uint8Array): Enrolled =>
  readAs("agent-enrolled", Enrolled, body);
export const readTaken = (body: Uint8Array): TakenResults => readAs("agent-taken", Taken, body);
export const readCatalogue = (body: Uint8Array): Catalogue =>
  readAs("agent-catalogue", Catalogue, body);
export const readCatalogueItem = (body: Uint8Array): CatalogueItem =>
  readAs("agent-catalogue-item", CatalogueItem, body);
