import { configJson } from "../../../protocols/ddi/management/answers.ts";
import { readConfig } from "../../../protocols/ddi/management/requests.ts";
import { requireScope } from "../identify.ts";
import type { LocalSettingsStore } from "../use-cases.ts";
import { CONFIG_KEYS, needConfig } from "./config-keys.ts";
import { type AddRoute, say, type Visit } from "./door.ts";

/** `system/configs`: what holds for clients of DDI at this site, by hawkBit's names. */
export function configRoutes(add: AddRoute, settings: LocalSettingsStore): void {
  const shown = ({ c, href }: Visit, key: string) => {
    const config = needConfig(key);
    if (config.isSecret) requireScope(c, "settings:write");
    return configJson(key, config.read(settings.read().ddi), href);
  };

  add("GET", "/system/configs", "reports:read", async (visit) => {
    const open = CONFIG_KEYS.filter((key) => !needConfig(key).isSecret);
    return say(visit.c, Object.fromEntries(open.map((key) => [key, shown(visit, key)])));
  });

  add("GET", "/system/configs/:key", "reports:read", async (visit) =>
    say(visit.c, shown(visit, keyOf(visit))),
  );

  add("PUT", "/system/configs/:key", "settings:write", async (visit) => {
    const key = keyOf(visit);
    const change = needConfig(key).write(readConfig(await visit.body()));
    await settings.write({ ddi: { ...settings.read().ddi, ...change } });
    await visit.record("settings.ddi", "settings", { key });
    return say(visit.c, shown(visit, key));
  });

  add("DELETE", "/system/configs/:key", "settings:write", async (visit) => {
    const key = keyOf(visit);
    const { reset } = needConfig(key);
    await settings.write({ ddi: { ...settings.read().ddi, ...reset } });
    await visit.record("settings.ddi", "settings", { key, reset: true });
    return new Response(null, { status: 204 });
  });
}

function keyOf({ c }: Visit): string {
  return c.req.param("key") ?? "";
}
