import { createRoute, type z } from "@hono/zod-openapi";
import type { Audit } from "../access/audit.ts";
import { recordAction } from "./audited.ts";
import { checkPreconditions, etagOf } from "./conditional.ts";
import type { Api } from "./environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "./openapi.ts";
import type { LocalSettings, LocalSettingsStore } from "./use-cases.ts";

type Fields = Record<string, unknown>;

/** One part of a gateway's settings: what is shown of it, and what may be set. */
export interface SettingsSection {
  /** Such as `oma-dm`: of `/settings/oma-dm`, and of the action in the audit log. */
  readonly name: string;
  readonly summary: { readonly read: string; readonly change: string };
  readonly description?: string;
  readonly shown: z.ZodType<Fields>;
  readonly patch: z.ZodType<Fields>;
  read(): Fields;
  /** @param wanted the fields that were given. @throws AppError "unprocessable" */
  write(wanted: Fields): Promise<void>;
}

/** `GET` and `PATCH` of a section, with entity tags; a change is written down. */
export function settingsSection(api: Api, audit: Audit, section: SettingsSection): void {
  const { description, name, patch, shown, summary } = section;
  const path = `/settings/${name}`;
  const tags = ["settings"];

  const read = createRoute({
    method: "get",
    path,
    tags,
    summary: summary.read,
    ...guarded("reports:read"),
    responses: { 200: json(shown, "The settings"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(section.read()));
    return c.json(section.read(), 200);
  });

  const change = createRoute({
    method: "patch",
    path,
    tags,
    summary: summary.change,
    ...(description === undefined ? {} : { description }),
    ...guarded("settings:write"),
    request: body(patch),
    responses: { 200: json(shown, "The settings now"), ...PROBLEMS },
  });
  api.openapi(change, async (c) => {
    checkPreconditions(c, section.read());
    const given = Object.entries(c.req.valid("json"));
    const wanted = Object.fromEntries(given.filter(([, value]) => value !== undefined));
    await section.write(wanted);
    await recordAction(audit, c, `settings.${name}`, "settings", wanted);
    c.header("ETag", etagOf(section.read()));
    return c.json(section.read(), 200);
  });
}

/** Parts of the gateway's own settings that are shown and changed as they are kept. */
type KeptSection = "omaDm" | "windowsCe" | "mender" | "agents" | "sessions";

export interface SettingsDeps {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}

/** Routes of nothing but one such part. */
export function keptSection(
  { settings, audit }: SettingsDeps,
  kept: KeptSection,
  section: Omit<SettingsSection, "read" | "write">,
): Api {
  const api = newApi();
  settingsSection(api, audit, {
    ...section,
    read: () => ({ ...settings.read()[kept] }),
    write: (wanted) => {
      const change: Partial<LocalSettings> = { [kept]: { ...settings.read()[kept], ...wanted } };
      return settings.write(change);
    },
  });
  return api;
}
