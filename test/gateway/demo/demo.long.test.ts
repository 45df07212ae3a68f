import { expect, test } from "bun:test";
import { join } from "node:path";

const MAIN = join(import.meta.dir, "..", "..", "..", "gateway", "main.ts");

test("outpost demo --once ends by itself, with code 0", async () => {
  const demo = Bun.spawn([process.execPath, MAIN, "demo", "--once"], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const out = await new Response(demo.stdout).text();
  const code = await demo.exited;
  expect({ code, out, err: await new Response(demo.stderr).text() }).toMatchObject({ code: 0 });
  expect(out).not.toContain("password");
}, 300_000);
