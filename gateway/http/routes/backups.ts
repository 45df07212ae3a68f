import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import type { Audit } from "../../access/audit.ts";
import { recordAction } from "../audited.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { RecordId, Time, timeFrom } from "../schemas/common.ts";
import type { BackupSummary, Backups } from "../use-cases.ts";

const tags = ["backups"];
const NameParam = z.object({ name: RecordId });
const BackupSchema = z
  .object({
    name: z.string(),
    folder: z.string().openapi({ description: "On the gateway's machine" }),
    madeAt: Time,
    bytes: z.int(),
    databases: z.array(
      z.object({
        name: z.string().openapi({ example: "site" }),
        bytes: z.int(),
        encrypted: z.boolean(),
        files: z.int().openapi({ description: "Files of packages are listed, not copied" }),
      }),
    ),
  })
  .openapi("Backup");
const NewBackupSchema = z
  .strictObject({
    name: RecordId.optional().openapi({ description: "The time unless given" }),
  })
  .openapi("NewBackup");

export interface BackupRoutesDeps {
  readonly backups: Backups;
  readonly audit: Audit;
}

/** Backups of the running gateway, in its own folder for them: a request names one, never a path. */
export function backupRoutes({ audit, backups }: BackupRoutesDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/backups",
    tags,
    summary: "Backups in the gateway's folder for them, the newest first",
    ...guarded("backups:write"),
    responses: { 200: json(z.array(BackupSchema), "The backups"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json((await backups.list()).map(backupJson), 200));

  const create = createRoute({
    method: "post",
    path: "/backups",
    tags,
    summary: "Back up every database of this process, verified, while it works",
    description:
      "Everything waits while a database is copied, about a second for 100 MB. As many as `backups_kept` says are " +
      "kept, the oldest go. `outpost restore` puts one in place.",
    ...guarded("backups:write"),
    request: body(NewBackupSchema),
    responses: { 201: json(BackupSchema, "The backup"), ...PROBLEMS },
  });
  api.openapi(create, async (c) => {
    const made = await backups.make(c.req.valid("json").name);
    await recordAction(audit, c, "backup.create", made.name, { folder: made.folder });
    return c.json(backupJson(made), 201);
  });

  const remove = createRoute({
    method: "delete",
    path: "/backups/{name}",
    tags,
    summary: "Remove a backup",
    ...guarded("backups:write"),
    request: { params: NameParam },
    responses: { 204: { description: "It is gone" }, ...PROBLEMS },
  });
  api.openapi(remove, async (c) => {
    const { name } = c.req.valid("param");
    if (!(await backups.remove(name))) throw new AppError("not-found", `no backup ${name}`);
    await recordAction(audit, c, "backup.remove", name);
    return c.body(null, 204);
  });

  return api;
}

function backupJson({ databases, ...backup }: BackupSummary): z.infer<typeof BackupSchema> {
  return {
    name: backup.name,
    folder: backup.folder,
    madeAt: timeFrom(backup.madeAtMs),
    bytes: databases.reduce((sum, { bytes }) => sum + bytes, 0),
    databases: databases.map(({ name, bytes, isEncrypted, files }) => ({
      name,
      bytes,
      encrypted: isEncrypted,
      files,
    })),
  };
}
