import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Line } from "../../../gateway/demo/line.ts";

describe("Line", () => {
  let far: Bun.Server<undefined>;
  let line: Line;

  beforeAll(async () => {
    far = Bun.serve({ port: 0, fetch: (request) => new Response(`seen ${request.url.length}`) });
    line = await Line.open(far.port ?? 0);
  });

  afterAll(async () => {
    await line[Symbol.asyncDispose]();
    await far.stop(true);
  });

  test("carries requests, refuses them while it is cut, carries them again when healed", async () => {
    expect(await (await fetch(line.url)).text()).toStartWith("seen");
    line.cut();
    expect(line.isCut).toBe(true);
    await expect(fetch(line.url)).rejects.toThrow();
    line.heal();
    expect(await (await fetch(line.url)).text()).toStartWith("seen");
  });

  test("breaks what is open when it is cut", async () => {
    const slow = Bun.serve({
      port: 0,
      fetch: () =>
        new Response(
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode("begin")),
          }),
        ),
    });
    const own = await Line.open(slow.port ?? 0);
    const response = await fetch(own.url);
    const reader = response.body?.getReader();
    await reader?.read();
    own.cut();
    const rest = await reader?.read().then(
      ({ done }) => (done ? "ended" : "more"),
      () => "broken",
    );
    expect(rest).not.toBe("more");
    await own[Symbol.asyncDispose]();
    await slow.stop(true);
  });
});
