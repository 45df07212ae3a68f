/** What agents carry out, as the API takes and shows it. */
import { z } from "@hono/zod-openapi";
import { metricNotes } from "../../../devices/install/agent-install-checks.ts";
import { namesFile } from "../../../devices/install/tokens.ts";
import {
  ACTION_KINDS,
  ACTIONS_MAX,
  type Action,
  CRITICAL,
  CRITICAL_DEFAULT,
  PATH_CHARACTERS_MAX,
  RUN_TIMEOUT_MS_MAX,
  TIMEOUT_DEFAULT,
} from "../../../devices/model/install-action.ts";
import {
  METRIC_KINDS,
  METRICS_MAX,
  type NumberedMetric,
  OPERATORS,
  VERSION_FIELDS,
  VERSION_PARTS,
  type WantedMetric,
} from "../../../devices/model/metric.ts";
import {
  type AgentInstall,
  COMMAND_LINE_CHARACTERS_MAX,
  FILES_MAX,
  type Targeting,
} from "../../../devices/model/package.ts";
import { nonEmptyLine } from "./common.ts";
import { FileOfRevisionSchema, GivenFileSchema } from "./given-file.ts";

const ANY: Targeting = { cpu: null, osMajor: null, osPlatform: null };

/** Which devices something is for. What is not given fits every device. [Q14] */
export const GivenTargeting = z
  .strictObject({
    cpu: nonEmptyLine(64)
      .nullable()
      .default(null)
      .describe("Such as ARM, MIPS, SH4, x86; letter case does not matter"),
    osMajor: z.int().min(0).max(100_000).nullable().default(null),
    osPlatform: nonEmptyLine(64)
      .nullable()
      .default(null)
      .describe("Such as PocketPC, WinCE, Windows 11 Pro, Linux"),
  })
  .default(ANY)
  .describe("Targeted Device Type: a step that is not for a device is left out");
export const TargetingSchema = z.object({
  cpu: z.string().nullable(),
  osMajor: z.int().nullable(),
  osPlatform: z.string().nullable(),
});

/** Text for a device, in which tokens are filled in. Which there are, `given-tokens.ts` knows. */
function deviceText(charactersMax: number) {
  return nonEmptyLine(charactersMax).describe(
    "Substitution tokens are filled in: see substitution-tokens",
  );
}

function isFree(text: string, characters: RegExp): boolean {
  return !characters.test(text);
}

const OwnFile = "only the command of an Install has a file that %1 stands for";
const DeviceText = deviceText(PATH_CHARACTERS_MAX).refine((text) => !namesFile(text), OwnFile);
const CommandLine = deviceText(COMMAND_LINE_CHARACTERS_MAX).refine(
  (text) => !namesFile(text),
  OwnFile,
);
const Wildcards = DeviceText.describe("Wildcards * and ? are allowed, tokens too");
/** One file or folder. */
const Path = DeviceText.refine(
  (text) => isFree(text, /["*?]/),
  "one path: neither wildcards nor quotation marks",
);
const FilePath = Path.refine((text) => isFree(text, /[\\/]$/), "a path that ends in a file's name");
/** Of a file or folder, in the folder that it is in already. */
const BareName = Path.refine(
  (text) => isFree(text, /[\\/:]|^\.{1,2}$/),
  "a name alone, without a path: it stays in its folder",
);

const settings = {
  critical: z
    .enum(CRITICAL)
    .default(CRITICAL_DEFAULT)
    .describe("Whether the following steps run, by the result of this one"),
  targeting: GivenTargeting,
};
const pathOf = (kind: "CreateFolder" | "RemoveFolder") =>
  z.strictObject({ kind: z.literal(kind), path: Path, ...settings });
const copyOf = (kind: "CopyFiles" | "MoveFiles") =>
  z.strictObject({
    kind: z.literal(kind),
    source: Wildcards,
    target: Path.describe("A folder that is there"),
    ...settings,
  });
const renameOf = (kind: "RenameFile" | "RenameFolder") =>
  z.strictObject({ kind: z.literal(kind), source: Path, target: BareName, ...settings });

export const GivenAction = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({
        kind: z.literal("Download"),
        source: nonEmptyLine(PATH_CHARACTERS_MAX).describe(
          "The name of one of the revision's files",
        ),
        target: FilePath.describe("Path and file name on the device"),
        ...settings,
      }),
      z.strictObject({
        kind: z.literal("Install"),
        file: FilePath.describe("A file that is on the device by then"),
        command: deviceText(COMMAND_LINE_CHARACTERS_MAX)
          .or(z.string().regex(/^\s*$/))
          .nullable()
          .default(null)
          .transform((text) => (text === null || text.trim() === "" ? null : text))
          .openapi({
            type: "string",
            description: "`%1` stands for the file. Blank: what is usual for its kind",
            example: 'wceload.exe "%1"',
          }),
        ...settings,
      }),
      z.strictObject({
        kind: z.literal("Uninstall"),
        name: DeviceText.describe("As the list of installed programs calls it"),
        ...settings,
      }),
      z.strictObject({ kind: z.literal("WarmBoot"), ...settings }),
      z.strictObject({
        kind: z.literal("Run"),
        command: CommandLine.describe(
          "Path of the program and its arguments; blanks in the path need no quotes",
        ),
        timeout: z
          .int()
          .min(-RUN_TIMEOUT_MS_MAX)
          .max(RUN_TIMEOUT_MS_MAX)
          .default(TIMEOUT_DEFAULT)
          .describe("Milliseconds. Below 0: waits until it ends; 0: does not wait"),
        ...settings,
      }),
      z.strictObject({
        kind: z.literal("Terminate"),
        modules: Wildcards.describe("An executable's name, or a pattern: c*.*"),
        ...settings,
      }),
      copyOf("CopyFiles"),
      copyOf("MoveFiles"),
      z.strictObject({ kind: z.literal("DeleteFiles"), path: Wildcards, ...settings }),
      renameOf("RenameFile"),
      pathOf("CreateFolder"),
      pathOf("RemoveFolder"),
      renameOf("RenameFolder"),
    ],
    { error: `use one of: ${ACTION_KINDS.join(", ")}` },
  )
  .openapi("GivenAction");

/** What the gateway reads out of the files itself. [Q20] */
const Computed = z
  .never()
  .optional()
  .openapi({ type: "string", readOnly: true, description: "Computed from the source file" });
const compared = {
  file: FilePath.describe("Path and file name on the device"),
  source: z
    .strictObject({
      file: nonEmptyLine(PATH_CHARACTERS_MAX).describe("The name of one of the revision's files"),
      virtualFile: nonEmptyLine(PATH_CHARACTERS_MAX)
        .nullable()
        .default(null)
        .describe("The path of a file inside it, where it is a CAB"),
    })
    .describe("Metric Source: what the value is computed from"),
  targeting: GivenTargeting,
};
const GivenOperator = z
  .enum(OPERATORS)
  .default("EQ")
  .describe("`device operator value` holds: nothing has to be done");

export const NewMetricSchema = z
  .discriminatedUnion(
    "kind",
    [
      z.strictObject({ kind: z.literal("FileHash"), ...compared, hash: Computed }),
      z.strictObject({
        kind: z.literal("FileVersion"),
        field: z.enum(VERSION_FIELDS).default("File"),
        part: z
          .enum(VERSION_PARTS)
          .nullable()
          .default(null)
          .describe("One number of the version; null: all of it"),
        operator: GivenOperator,
        ...compared,
        value: Computed,
      }),
      z.strictObject({
        kind: z.literal("FileSize"),
        operator: GivenOperator,
        ...compared,
        size: Computed,
      }),
    ],
    { error: `use one of: ${METRIC_KINDS.join(", ")}` },
  )
  .openapi("NewMetric");

/** What may be changed of a metric; what is not given stays. Its kind tells which fields it has. */
export const MetricChangeSchema = z.record(z.string(), z.unknown()).openapi("MetricChange", {
  description:
    "Fields of NewMetric but for its kind. The value is computed anew; one that is sent is refused",
  example: { operator: "GE" },
});

const MetricSourceSchema = z.object({ file: z.string(), virtualFile: z.string().nullable() });
const shownOfMetric = {
  number: z.int().describe("Its name in addresses"),
  file: z.string(),
  source: MetricSourceSchema,
  targeting: TargetingSchema,
};
export const MetricSchema = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("FileHash"), hash: z.string(), ...shownOfMetric }),
    z.object({
      kind: z.literal("FileVersion"),
      field: z.enum(VERSION_FIELDS),
      part: z.enum(VERSION_PARTS).nullable(),
      operator: z.enum(OPERATORS),
      value: z.string(),
      ...shownOfMetric,
    }),
    z.object({
      kind: z.literal("FileSize"),
      operator: z.enum(OPERATORS),
      size: z.int(),
      ...shownOfMetric,
    }),
  ])
  .openapi("Metric");

const Files = z
  .array(GivenFileSchema)
  .max(FILES_MAX)
  .default([])
  .describe("Uploaded before; no two of one name");

export const NewAgentInstallSchema = z
  .strictObject({
    files: Files,
    actions: z.array(GivenAction).min(1).max(ACTIONS_MAX).describe("In order"),
    uninstall: z
      .array(GivenAction)
      .max(ACTIONS_MAX)
      .default([])
      .describe("What takes it off again; none: it cannot be uninstalled"),
    metrics: z
      .array(NewMetricSchema)
      .max(METRICS_MAX)
      .default([])
      .describe("What has to be so on a device, or the actions run; none: they run once"),
  })
  .openapi("NewAgentInstall");
export type GivenAgentInstall = z.output<typeof NewAgentInstallSchema>;

export const ActionSchema = z
  .object({
    kind: z.enum(ACTION_KINDS),
    critical: z.enum(CRITICAL),
    targeting: TargetingSchema,
  })
  .loose()
  .openapi("Action", { description: "With the fields of its kind, as they are given" });

export const AgentInstallSchema = z
  .object({
    files: z.array(FileOfRevisionSchema),
    actions: z.array(ActionSchema),
    uninstall: z.array(ActionSchema),
    metrics: z.array(MetricSchema),
    notes: z.array(z.string()).describe("What whoever made it should know"),
  })
  .openapi("AgentInstall");

export function agentJson({
  files,
  actions,
  uninstall,
  metrics,
}: AgentInstall): z.infer<typeof AgentInstallSchema> {
  return {
    files: files.map((file) => ({ ...file })),
    actions: actions.map(actionJson),
    uninstall: uninstall.map(actionJson),
    metrics: metrics.map(metricJson),
    notes: [...metricNotes({ actions, metrics })],
  };
}

/** With the fields that are computed refused, what is left is what is wanted. */
export function wantedMetric(given: z.output<typeof NewMetricSchema>): WantedMetric {
  switch (given.kind) {
    case "FileHash": {
      const { hash: _, ...wanted } = given;
      return wanted;
    }
    case "FileVersion": {
      const { value: _, ...wanted } = given;
      return wanted;
    }
    case "FileSize": {
      const { size: _, ...wanted } = given;
      return wanted;
    }
  }
}

export function metricJson(metric: NumberedMetric): z.infer<typeof MetricSchema> {
  return { ...metric, source: { ...metric.source }, targeting: { ...metric.targeting } };
}

export function actionJson(action: Action): z.infer<typeof ActionSchema> {
  return { ...action, targeting: { ...action.targeting } };
}
