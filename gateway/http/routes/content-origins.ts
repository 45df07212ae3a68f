import { createRoute, z } from "@hono/zod-openapi";
import { AppError, type FieldError } from "../../../devices/model/errors.ts";
import type { Audit } from "../../access/audit.ts";
import {
  CONTENT_ORIGINS_MAX,
  type ContentOrigin,
  parseContentOrigin,
} from "../../content/content-origin.ts";
import { recordAction } from "../audited.ts";
import { checkPreconditions, etagOf } from "../conditional.ts";
import type { Api } from "../environment.ts";
import { body, guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { nonEmptyLine } from "../schemas/common.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

const tags = ["settings"];
const OriginsSchema = z
  .strictObject({
    origins: z
      .array(
        z.strictObject({
          origin: nonEmptyLine(300).openapi({
            description: "Scheme, host and port, nothing behind them",
          }),
          privateAddresses: z.boolean().default(false).openapi({
            description: "The host's name may stand for addresses of a private network",
          }),
        }),
      )
      .max(CONTENT_ORIGINS_MAX),
  })
  .openapi("ContentOrigins");

/** Vendors' servers that this gateway may fetch packages from. */
export function contentOriginRoutes(deps: {
  readonly settings: LocalSettingsStore;
  readonly audit: Audit;
}): Api {
  const { settings, audit } = deps;
  const api = newApi();
  const current = () => ({ origins: settings.read().contentOrigins.map((one) => ({ ...one })) });

  const read = createRoute({
    method: "get",
    path: "/settings/content-origins",
    tags,
    summary: "Origins that this gateway may fetch packages from",
    ...guarded("reports:read"),
    responses: { 200: json(OriginsSchema, "The origins"), ...PROBLEMS },
  });
  api.openapi(read, (c) => {
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  const put = createRoute({
    method: "put",
    path: "/settings/content-origins",
    tags,
    summary: "Say which origins this gateway may fetch packages from, in place of the list before",
    ...guarded("settings:write"),
    request: body(OriginsSchema),
    responses: { 200: json(OriginsSchema, "The origins now"), ...PROBLEMS },
  });
  api.openapi(put, async (c) => {
    checkPreconditions(c, current());
    const origins = checkedOrigins(c.req.valid("json").origins);
    await settings.write({ contentOrigins: origins });
    await recordAction(audit, c, "settings.content-origins", "settings", { origins });
    c.header("ETag", etagOf(current()));
    return c.json(current(), 200);
  });

  return api;
}

/** @throws AppError "unprocessable" naming each that is no origin, or is there twice */
export function checkedOrigins(given: readonly ContentOrigin[]): readonly ContentOrigin[] {
  const wrong: FieldError[] = [];
  const known = new Set<string>();
  const origins = given.flatMap(({ origin: text, privateAddresses }, index) => {
    const pointer = `/origins/${index}/origin`;
    const origin = parseContentOrigin(text);
    if (origin === undefined) {
      wrong.push({
        pointer,
        message: `${text} is not scheme and host, such as https://contoso.com`,
      });
      return [];
    }
    if (known.has(origin)) wrong.push({ pointer, message: `${origin} is there twice` });
    known.add(origin);
    return [{ origin, privateAddresses }];
  });
  if (wrong.length > 0) {
    throw new AppError("unprocessable", wrong.map(({ message }) => message).join("; "), {
      fields: wrong,
    });
  }
  return origins;
}
