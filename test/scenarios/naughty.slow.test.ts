import { expect, test } from "bun:test";
import { z } from "zod";
import { Scenario } from "../harness/scenario.ts";

/** Texts that parsers, file systems, browsers and databases trip over, as they stand in an address. */
const TEXTS = [
  ...["%", "%00", "%E0%A4%A", "%ED%A0%80", "%F0%9F%92%A9", "%0d%0aX:%20y", "..%2f..%2fsite.db"],
  ...["'", '"', "(", "*", "%5c", ";--", "$%7B7*7%7D", "%3Cscript%3E", "-1", "1e999", "NaN", "null"],
  ...["__proto__", "constructor", "device:", "device:(", "status:%22", "x".repeat(4_000)],
];
const PARAMETERS = ["filter", "limit", "cursor", "fields"];
const bytes = (text: string) => new TextEncoder().encode(text);
/** Bodies that say they are JSON: of another shape, cut off, too deep, not text, not storable. */
const BODIES = [
  ...["null", "[]", "{}", '"x"', "[null]", "{", "[".repeat(500_000), '{"a":'.repeat(100_000)],
  ...['{"__proto__":{"role":"admin"}}', '{"name":"\\ud800"}', '{"name":"a\\u0000b"}'],
  `{"name":"w","start":"9999999-01-01","durationMinutes":1e15,"recurrence":"FREQ=SECONDLY"}`,
  `{"name":"w","start":"2026-03-07T22:00","durationMinutes":60,"recurrence":"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}`,
].map(bytes);
BODIES.push(new Uint8Array([0xff, 0xfe, 0x00]));
/** Would end the session that asks. */
const NOT_ASKED = /session|administrators|tokens|\/docs/;

const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) });

test("no text and no body, at no route of site and hub, is more than the gateway can refuse", async () => {
  await using site = await Scenario.start({ role: "both", settings: { logLevel: "error" } });
  const hub = await site.gateway.signIn("/hub");
  const { paths } = await site.api.request("/openapi.json", Document);
  const failures: string[] = [];
  let answers = 0;
  const ask = async (
    method: "GET" | "POST" | "PUT" | "PATCH",
    path: string,
    body?: Uint8Array<ArrayBuffer>,
  ) => {
    const isHub = path.startsWith("/hub/");
    const answer = await (isHub ? hub : site.api).raw(isHub ? path.slice(4) : path, {
      method,
      ...(body && { bytes: body, headers: { "content-type": "application/json" } }),
    });
    await answer.arrayBuffer();
    answers += 1;
    if (answer.status >= 500) failures.push(`${method} ${path.slice(0, 120)}: ${answer.status}`);
  };
  for (const [path, operations] of Object.entries(paths)) {
    if (NOT_ASKED.test(path)) continue;
    const addresses = path.includes("{")
      ? TEXTS.map((text) => path.replaceAll(/\{[^}]+\}/g, () => text))
      : [path];
    if (operations.get) {
      for (const address of addresses) await ask("GET", address);
      for (const text of path.includes("{") ? [] : TEXTS) {
        for (const name of PARAMETERS) await ask("GET", `${path}?${name}=${text}`);
      }
    }
    for (const method of ["post", "put", "patch"] as const) {
      if (!operations[method]) continue;
      const name = method.toUpperCase() as "POST" | "PUT" | "PATCH";
      for (const address of addresses) await ask(name, address, bytes("{}"));
      for (const body of BODIES) await ask(name, path.replaceAll(/\{[^}]+\}/g, "x"), body);
    }
  }
  expect(failures).toEqual([]);
  expect(answers).toBeGreaterThan(2_000);
  expect((await fetch(`${site.url}/readyz`)).status).toBe(200);
}, 60_000);
