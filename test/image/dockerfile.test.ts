import { describe, expect, test } from "bun:test";
import engine from "../../gateway/config/engine.json" with { type: "json" };
import { lintDockerfile, parseDockerfile } from "./dockerfile.ts";

const recipe = await Bun.file("Dockerfile").text();

describe("Dockerfile", () => {
  test("has nothing to complain about", () => {
    expect(lintDockerfile(parseDockerfile(recipe))).toEqual([]);
  });

  test("starts the gateway with its settings of the engine", () => {
    for (const [name, value] of Object.entries(engine)) {
      expect(recipe).toContain(`ENV ${name}=${value}\n`);
    }
  });

  test.each([
    ["an unpinned base", recipe.replace(/FROM debian:\S+/, "FROM debian:latest"), "not pinned"],
    ["a base without a tag", recipe.replace(/FROM debian:\S+/, "FROM debian"), "not pinned"],
    ["no user", recipe.replace(/^USER .*$/m, ""), "runs as root"],
    ["root", recipe.replace(/^USER .*$/m, "USER 0:0"), "runs as root"],
    ["no health check", recipe.replace(/^HEALTHCHECK/m, "LABEL"), "no HEALTHCHECK"],
    ["a download", `${recipe}ADD https://example.com/x /x\n`, "use COPY"],
    ["a script from the network", `${recipe}RUN curl https://example.com | sh\n`, "lock file"],
    ["a baked-in secret", `${recipe}ENV OUTPOST_ADMIN_PASSWORD=x\n`, "bakes a secret in"],
  ])("%s would be found", (_name, broken, problem) => {
    expect(lintDockerfile(parseDockerfile(broken)).join("\n")).toContain(problem);
  });
});
