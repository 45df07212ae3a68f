import { expect, test } from "bun:test";
import { openApiDocument } from "../../../gateway/http/docs.ts";
import { docsPage } from "../../../gateway/http/docs-page.tsx";
import { agentDocument } from "../../../gateway/http/routes/agent-document.ts";
import { ownStatusFeed } from "../../../gateway/http/routes/status-feed.ts";
import { AgentDoor } from "../../harness/agent-door.ts";

const document = openApiDocument({
  title: "Outpost",
  version: "1",
  parts: [{ base: "", api: agentDocument(), forDevices: true }],
  identify: { cookie: { name: "outpost-test", path: "/" } } as never,
});

test("the document has every route of /agent/v1, and no others", async () => {
  await using door = await AgentDoor.open();
  const feed = ownStatusFeed({ deviceOf: async () => undefined, take: async () => [] });
  const served = [...door.routes.routes, ...feed.routes]
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:([^/]+)/g, "{$1}")}`);
  const documented = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    (["get", "post"] as const)
      .filter((method) => item[method])
      .map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(documented.sort()).toEqual(served.sort());
  expect(served.length).toBe(7);
});

test("it says what is sent and answered, and with whose token", () => {
  const poll = document.paths?.["/agent/v1/{device}/poll"]?.post;
  expect(poll).toMatchObject({
    security: [{ agent: [] }],
    requestBody: { content: { "application/json": {} } },
    responses: { 200: { headers: { ETag: {} } }, 304: {}, default: {} },
  });
  expect(document.components?.securitySchemes?.agent).toMatchObject({ scheme: "bearer" });
  const { AgentPlan, AgentEnrolment, AgentResults } = document.components?.schemas ?? {};
  expect(AgentPlan).toMatchObject({ required: ["sequence", "work", "cancel", "tell", "next"] });
  expect(AgentEnrolment).toMatchObject({
    properties: { token: { minLength: 32, maxLength: 200 }, stableId: { maxLength: 256 } },
  });
  expect(AgentResults).toMatchObject({ properties: { results: { maxItems: 200 } } });
});

test("people read it on the page of the documentation", () => {
  const page = String(docsPage(document));
  expect(page).toContain("/agent/v1/{device}/results");
  expect(page).toContain("Needs the device&#39;s own token");
});
