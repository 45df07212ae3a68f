import { expect, test } from "bun:test";
import { simulateCommand } from "../../../gateway/cli/commands/simulate.ts";
import { runCli } from "../../../gateway/cli/run.ts";
import { fakeTerminal } from "./fake-terminal.ts";

async function simulate(...words: readonly string[]) {
  const { terminal, lines } = fakeTerminal({ env: { OUTPOST_TOKEN: "a token" } });
  const all = ["simulate", "--site", "http://127.0.0.1:1", ...words];
  const code = await runCli({ simulate: simulateCommand }, all, terminal);
  return { code, out: lines.out.join("\n"), err: lines.err.join("\n") };
}

test.each([
  [["--encoding", "json"], '--encoding is "json": write xml or wbxml.'],
  [["--auth", "none"], "write basic, md5 or mac"],
  [["--server-auth", "basic"], "write none, md5 or mac"],
  [["--message-size", "10"], "a whole number from 1000"],
  [["--object-size", "many"], "a whole number from 256"],
  [["--send-size", "10"], "a whole number from 1000"],
  [["--profile", "perfect"], "write one of standard"],
  [["--profile", "wary", "--mix", "shy=1"], "say the same thing"],
  [["--mix", "shy=many"], "kinds and shares"],
  [["--listen", "2948"], "write HOST:PORT"],
  [["--listen", "127.0.0.1:70000"], "write HOST:PORT"],
  [["--listen", "127.0.0.1:0", "--profile", "windows11"], "Windows PCs hear no calls"],
  [["--listen", "127.0.0.1:0", "--mix", "windows10=1,standard=0"], "Windows PCs hear no calls"],
  [["--listen", "127.0.0.1:0", "--profile", "ce"], "nor do clients of other protocols"],
  [["--mix", "swupdate=1,pigeon=2"], "pigeon=2"],
  [["--mix", "swupdate=0"], "share above 0"],
  [["--profile", "mender", "--codes", "codes.txt"], "mender devices need a token"],
  [["--listen", "127.0.0.1:0", "--codes", "codes.txt"], "--listen"],
])("outpost simulate %p is refused with words that help", async (words, said) => {
  const { code, err } = await simulate(...words);
  expect(code).toBe(2);
  expect(err).toContain(said);
});

test("--help explains what devices may be told", async () => {
  const { code, out } = await simulate("--help");
  expect(code).toBe(0);
  for (const word of [
    "--profile",
    "--auth",
    "--server-auth",
    "--message-size",
    "--listen",
    "signed",
  ]) {
    expect(out).toContain(word);
  }
});
