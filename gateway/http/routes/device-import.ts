import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import type { DevicePatch } from "../../../devices/service/change-device.ts";
import type { Audit } from "../../access/audit.ts";
import { nameOf } from "../../access/principal.ts";
import { CsvError, parseCsv } from "../../reports/csv.ts";
import { type DeviceView, PAGE_ROWS_MAX, type ReportReader } from "../../reports/report-reader.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { needValid } from "../field-problems.ts";
import { needPrincipal } from "../identify.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { DeviceViewSchema, NewDeviceSchema } from "../schemas/device.ts";
import type { SiteUseCases } from "../use-cases.ts";

/** Devices of one file. */
export const IMPORT_ROWS_MAX = 5_000;

const OUTCOMES = ["created", "updated", "failed"] as const;
const ImportSchema = z
  .object({
    created: z.int(),
    updated: z.int(),
    failed: z.int(),
    rows: z
      .array(
        z.object({
          line: z.int(),
          stableId: z.string(),
          outcome: z.enum(OUTCOMES),
          device: z.string().optional(),
          userName: z.string().optional(),
          password: z.string().optional().openapi({ description: "Shown once" }),
          token: z.string().optional().openapi({
            description: "In place of the password for another protocol than OMA DM; shown once",
          }),
          problem: z.string().optional(),
        }),
      )
      .nullable(),
  })
  .openapi("ImportedDevices");
type ImportedRow = NonNullable<z.infer<typeof ImportSchema>["rows"]>[number];

export interface DeviceImportDeps {
  readonly reports: ReportReader;
  readonly useCases: SiteUseCases;
  readonly audit: Audit;
}

/** Many devices at once, from the CSV that the list of devices gives or from one's own. */
export function deviceImport({ reports, useCases, audit }: DeviceImportDeps): Api {
  const api = newApi();
  const post = createRoute({
    method: "post",
    path: "/devices/import",
    tags: ["devices"],
    summary: "Register or change devices from a CSV; each line on its own",
    description:
      "The first line names the columns: stableId and platform, then any facts, protocol, userName, " +
      "password and scheme. A device that is known by its stableId is changed, others are registered. Columns " +
      "that the export has and nobody can set are skipped.",
    ...guarded("devices:write"),
    request: {
      body: { required: true, content: { "text/csv": { schema: z.string() } } },
    },
    responses: { 200: json(ImportSchema, "What became of each line"), ...PROBLEMS },
  });
  api.openapi(post, async (c) => {
    if (!/^text\/csv\b/i.test(c.req.header("Content-Type") ?? "")) {
      throw new AppError("unsupported", "send the CSV with the content type text/csv");
    }
    const records = readRecords(await c.req.text());
    const by = nameOf(needPrincipal(c));
    const rows: ImportedRow[] = [];
    const known = await knownDevices(reports);
    for (const record of records) rows.push(await importOne(record, known, useCases, by));
    const countOf = (outcome: ImportedRow["outcome"]) =>
      rows.filter((row) => row.outcome === outcome).length;
    const counts = {
      created: countOf("created"),
      updated: countOf("updated"),
      failed: countOf("failed"),
    };
    await recordAction(audit, c, "device.import", `${rows.length} lines`, counts);
    c.set("secretFields", ["rows"]);
    return c.json({ ...counts, rows }, 200);
  });
  return api;
}

interface DeviceRecord {
  readonly line: number;
  /** By column; an empty cell is no value. */
  readonly values: Readonly<Record<string, string>>;
}

const SETTABLE: readonly string[] = NewDeviceSchema.keyof().options;
const SKIPPED: readonly string[] = DeviceViewSchema.keyof().options;
const BOOLEANS: readonly string[] = ["shared", "userEnrolled", "userAssigned"];

function readRecords(text: string): readonly DeviceRecord[] {
  const [header, ...lines] = recordsOf(text);
  const columns = header?.cells.map((cell) => cell.trim()) ?? [];
  for (const needed of ["stableId", "platform"]) {
    if (!columns.includes(needed)) {
      throw new AppError("unprocessable", `the first line must name the column ${needed}`);
    }
  }
  const unknown = columns.find((name) => !SETTABLE.includes(name) && !SKIPPED.includes(name));
  if (unknown !== undefined) {
    throw new AppError(
      "unprocessable",
      `there is no column "${unknown}"; there are: ${SETTABLE.join(", ")}`,
    );
  }
  if (lines.length > IMPORT_ROWS_MAX) {
    throw new AppError("too-large", `at most ${IMPORT_ROWS_MAX} devices at once`);
  }
  return lines.map(({ line, cells }) => ({
    line,
    values: Object.fromEntries(
      columns.flatMap((name, index) => {
        const cell = cells[index] ?? "";
        return SETTABLE.includes(name) && cell !== "" ? [[name, cell]] : [];
      }),
    ),
  }));
}

function recordsOf(text: string) {
  try {
    return parseCsv(text);
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new AppError("invalid", `line ${error.line}: ${error.message}`, { cause: error });
  }
}

/** One line; what is wrong with it is said of it and does not stop the others. */
async function importOne(
  { line, values }: DeviceRecord,
  devices: ReadonlyMap<string, DeviceView>,
  useCases: SiteUseCases,
  by: string,
): Promise<ImportedRow> {
  const stableId = values.stableId ?? "";
  try {
    const wanted = needValid(NewDeviceSchema, typed(values));
    const known = devices.get(stableId);
    if (known === undefined) {
      const { device, userName, password, token } = await useCases.registerDevice(wanted, by);
      const shown = {
        ...(userName !== null && { userName }),
        ...(password !== null && { password }),
        ...(token !== null && { token }),
      };
      return { line, stableId, outcome: "created", device: device.id, ...shown };
    }
    const { stableId: _, platform, protocol, userName, password, scheme, ...facts } = wanted;
    if (platform !== known.platform) {
      const problem = `it is known as ${known.platform}: remove it first`;
      return { line, stableId, outcome: "failed", device: known.id, problem };
    }
    if (protocol !== undefined && protocol !== known.protocol) {
      const problem = `it is served in ${known.protocol}: enrol it anew`;
      return { line, stableId, outcome: "failed", device: known.id, problem };
    }
    if (userName !== undefined || password !== undefined || scheme !== undefined) {
      const problem = "it is known already: its credential is changed by rotate-secret only";
      return { line, stableId, outcome: "failed", device: known.id, problem };
    }
    await useCases.patchDevice(known.id, facts as DevicePatch);
    return { line, stableId, outcome: "updated", device: known.id };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { line, stableId, outcome: "failed", problem: error.message };
  }
}

/** All devices that are not removed, by what their own names for themselves are. */
async function knownDevices(reports: ReportReader): Promise<ReadonlyMap<string, DeviceView>> {
  const known = new Map<string, DeviceView>();
  let cursor: string | undefined;
  do {
    const page = await reports.devices({
      filter: [],
      limit: PAGE_ROWS_MAX,
      ...(cursor !== undefined && { cursor }),
    });
    for (const device of page.rows) known.set(device.stableId, device);
    cursor = page.next;
  } while (cursor !== undefined);
  return known;
}

function typed(values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => {
      if (name === "osMajor") return [name, Number(text)];
      if (!BOOLEANS.includes(name)) return [name, text];
      const lower = text.trim().toLowerCase();
      return [name, lower === "true" ? true : lower === "false" ? false : text];
    }),
  );
}
