import { describe, expect, test } from "bun:test";
import { type Command, CommandError, command } from "../../../gateway/cli/command.ts";
import { configCommands } from "../../../gateway/cli/commands/config.ts";
import { versionCommand } from "../../../gateway/cli/commands/version.ts";
import { EXIT } from "../../../gateway/cli/exit-codes.ts";
import { progressText, showProgress } from "../../../gateway/cli/progress.ts";
import { type CommandTree, runCli } from "../../../gateway/cli/run.ts";
import { tableText } from "../../../gateway/cli/table.ts";
import { styled } from "../../../gateway/cli/terminal.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const greet: Command = command({
  about: "Say hello.",
  args: {
    name: { type: "positional", description: "Whom." },
    times: { type: "string", default: "1", description: "How often." },
    loud: { type: "boolean", description: "In capitals." },
  },
  run: async (args, terminal) => {
    if (args.name === "nobody") throw new CommandError("Nobody is there.", EXIT.negative);
    if (args.name === "bug") throw new TypeError("our mistake");
    const text = `hello ${args.name} ${args.times}`;
    terminal.out(args.loud === true ? text.toUpperCase() : text);
    return EXIT.ok;
  },
});

const TREE: CommandTree = {
  greet,
  config: configCommands,
  version: versionCommand,
};

async function run(...words: string[]) {
  const { terminal, lines } = fakeTerminal();
  const code = await runCli(TREE, words, terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

describe("runCli()", () => {
  test("runs a command with its arguments", async () => {
    expect(await run("greet", "--times", "2", "till", "--loud")).toEqual({
      code: 0,
      out: "HELLO TILL 2",
      err: "",
    });
  });

  test("takes a value that looks like a flag", async () => {
    expect((await run("greet", "till", "--times", "-1")).out).toBe("hello till -1");
  });

  test.each([
    [["greet"], "NAME"],
    [["greet", "a", "b"], '"b" is one word too many'],
    [["greet", "a", "--lout"], "no flag --lout"],
    [["greet", "a", "--times"], "--times needs a value"],
    [["great"], 'no command "great"'],
    [["confi"], 'Did you mean "config"?'],
    [["config", "chek"], "Known: check, show, example."],
    [["config", "show", "cellar"], "write one of site, hub, both"],
    [["config", "check", "--port", "x"], "--port is"],
  ])("refuses %j with code 2", async (words, text) => {
    const { code, err } = await run(...words);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain(text);
  });

  test("a command's own answer decides the code, in a sentence without a stack", async () => {
    expect(await run("greet", "nobody")).toEqual({
      code: EXIT.negative,
      out: "",
      err: "Error: Nobody is there.",
    });
  });

  test("our own mistake ends with code 1 and a stack", async () => {
    const { code, err } = await run("greet", "bug");
    expect(code).toBe(EXIT.failed);
    expect(err).toContain("TypeError: our mistake");
    expect(err).toContain("at ");
  });

  test.each([[["--help"]], [["help"]], [["greet", "--help"]], [["config", "-h"]]])(
    "%j explains and ends with code 0",
    async (words) => {
      const { code, out } = await run(...words);
      expect(code).toBe(0);
      expect(out.length).toBeGreaterThan(40);
    },
  );

  test("without words it explains and ends with code 2", async () => {
    expect((await run()).code).toBe(EXIT.usage);
  });
});

describe("outpost config", () => {
  test("show --json has every setting with its origin", async () => {
    const { out } = await run("config", "show", "site", "--port", "9", "--json");
    const settings = JSON.parse(out) as { key: string; value: string; origin: string }[];
    expect(settings.find(({ key }) => key === "port")).toMatchObject({
      value: "9",
      origin: "flag",
    });
  });

  test("check is satisfied with the defaults", async () => {
    expect((await run("config", "check")).code).toBe(0);
  });
});

describe("outpost version", () => {
  test("--json is JSON", async () => {
    expect(JSON.parse((await run("version", "--json")).out)).toHaveProperty("version");
  });
});

describe("showProgress()", () => {
  test("writes nothing when nobody watches", () => {
    const { terminal, lines } = fakeTerminal();
    const progress = showProgress(terminal);
    progress.update(1, 2, "half");
    progress.end();
    expect(lines).toEqual({ out: [], err: [], over: [] });
  });

  test("moves a bar on a terminal and removes it at the end", () => {
    const { terminal, lines } = fakeTerminal({ isTty: true });
    const progress = showProgress(terminal);
    progress.update(1, 2, "half");
    progress.end();
    expect(lines.over[0]).toContain("50% half");
    expect(lines.over.at(-1)).toBe("");
  });

  test.each([
    [0, 0],
    [5, 2],
    [-1, 2],
  ])("%d of %d stays inside the bar and the line", (done, total) => {
    const text = progressText({ columns: 60 }, done, total, "x".repeat(200));
    expect(text.length).toBeLessThan(60);
    expect(text).toMatch(/^\[[#.]{20}\]/);
  });
});

describe("tableText()", () => {
  test("aligns columns, numbers to the right, nothing as a dash", () => {
    expect(
      tableText(
        ["name", "count"],
        [
          ["till", 5],
          ["kiosk-12", 100],
          [null, 7],
        ],
      ),
    ).toEqual([
      "name      count",
      "--------  -----",
      "till          5",
      "kiosk-12    100",
      "-             7",
    ]);
  });
});

test("styled() adds nothing without colour", () => {
  expect(styled({ color: false }, "red", "x")).toBe("x");
  expect(styled({ color: true }, "red", "x")).toBe("\u001b[31mx\u001b[39m");
});
