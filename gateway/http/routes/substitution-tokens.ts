import { createRoute, z } from "@hono/zod-openapi";
import { TOKENS } from "../../../devices/install/tokens.ts";
import type { Api } from "../environment.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";

const TokenSchema = z
  .object({
    token: z.string().openapi({ example: "%DEVICENAME%" }),
    filledIn: z.enum(["site", "device"]).openapi({ description: "By whom" }),
    meaning: z.string(),
    example: z.string(),
  })
  .openapi("SubstitutionToken");

/** The tokens that paths and commands of install actions may hold. [Q31] */
export function substitutionTokenRoutes(): Api {
  const api = newApi();
  const list = createRoute({
    method: "get",
    path: "/substitution-tokens",
    tags: ["packages"],
    summary: "Tokens that may stand in paths and commands of install actions",
    description: "Letter case does not matter. `%%` is a percent sign.",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(TokenSchema), "The tokens"), ...PROBLEMS },
  });
  const named = Object.entries(TOKENS).map(([name, { where, meaning, example }]) => ({
    token: `%${name}%`,
    filledIn: where,
    meaning,
    example,
  }));
  const file = {
    token: "%1",
    filledIn: "site" as const,
    meaning: "In the command of an Install: its file",
    example: "\\Storage Card\\My App\\whatever.cab",
  };
  api.openapi(list, (c) => c.json([...named, file], 200));
  return api;
}
