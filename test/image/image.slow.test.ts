import { describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../../gateway/demo/child-gateway.ts";
import { type Instruction, parseDockerfile } from "./dockerfile.ts";

const ROOT = join(import.meta.dir, "..", "..");
const HEALTHY_MS_MAX = 30_000;

describe("Dockerfile", () => {
  test("its steps, run without Docker, give a gateway that is healthy", async () => {
    const image = mkdtempSync(join(tmpdir(), "outpost-image-"));
    try {
      const final = await build(
        parseDockerfile(await Bun.file(join(ROOT, "Dockerfile")).text()),
        image,
      );
      const port = String(await freePort());
      const environment = {
        PATH: Bun.env.PATH ?? "",
        ...final.environment,
        OUTPOST_DATA_DIR: join(final.folder, "data"),
        OUTPOST_PORT: port,
        OUTPOST_HOST: "127.0.0.1",
      };
      const options = { cwd: final.folder, env: environment } as const;
      const gateway = Bun.spawn([...final.entrypoint, ...final.command], {
        ...options,
        stdout: "ignore",
        stderr: "pipe",
      });
      const quiet = { ...options, stdout: "ignore", stderr: "ignore" } as const;
      const check = () => Bun.spawn(final.healthCheck, quiet).exited;
      let healthy = false;
      for (let waitedMs = 0; waitedMs < HEALTHY_MS_MAX && !healthy; waitedMs += 250) {
        if (gateway.exitCode !== null) break;
        healthy = (await check()) === 0;
        await wait(250);
      }
      gateway.kill("SIGTERM");
      const code = await gateway.exited;
      expect({ healthy, code, said: await new Response(gateway.stderr).text() }).toMatchObject({
        healthy: true,
        code: 0,
      });
      expect(await check()).not.toBe(0);
    } finally {
      rmSync(image, { recursive: true, force: true });
    }
  }, 180_000);
});

interface Built {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly healthCheck: string[];
}

/** Replays COPY and RUN of every stage in folders; the paths of the image stay inside them. */
async function build(instructions: readonly Instruction[], image: string): Promise<Built> {
  const stages = new Map<string, string>();
  let folder = image;
  let built: Omit<Built, "folder"> = {
    environment: {},
    entrypoint: [],
    command: [],
    healthCheck: [],
  };
  for (const { name, value } of instructions) {
    if (name === "FROM") {
      folder = join(image, String(stages.size));
      mkdirSync(folder);
      stages.set(/ AS (\S+)/i.exec(value)?.[1] ?? String(stages.size), folder);
    } else if (name === "COPY") {
      copy(value, folder, stages);
    } else if (name === "RUN") {
      const step = Bun.spawn(["bash", "-euc", value], { cwd: folder, stdout: "ignore" });
      if ((await step.exited) !== 0) throw new Error(`RUN ${value} failed`);
    } else if (name === "ENV") {
      const [key = "", text = ""] = value.split("=");
      built = { ...built, environment: { ...built.environment, [key]: text } };
    } else if (name === "ENTRYPOINT") built = { ...built, entrypoint: JSON.parse(value) };
    else if (name === "CMD") built = { ...built, command: JSON.parse(value) };
    else if (name === "HEALTHCHECK") {
      built = { ...built, healthCheck: JSON.parse(value.slice(value.indexOf("["))) };
    }
  }
  return { folder, ...built };
}

function copy(value: string, folder: string, stages: ReadonlyMap<string, string>): void {
  const words = value.split(" ");
  const from = words.find((word) => word.startsWith("--from="))?.slice("--from=".length);
  const paths = words.filter((word) => !word.startsWith("--"));
  const target = paths.pop() ?? "";
  const source = from === undefined ? ROOT : (stages.get(from) ?? "");
  for (const path of paths) {
    const relative = path.replace(/^\/app\//, "");
    const name = target === "./" ? relative : target;
    cpSync(join(source, relative), join(folder, name), { recursive: true });
  }
}
