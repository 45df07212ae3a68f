import { command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { DATA_ARGS } from "../data-args.ts";
import { EXIT } from "../exit-codes.ts";
import { styled } from "../terminal.ts";

const MARKS = {
  ok: ["green", "ok     "],
  warning: ["yellow", "warning"],
  problem: ["red", "problem"],
} as const;

/** `outpost doctor`: what is well and what is not in a data folder. Changes nothing. */
export const doctorCommand = command({
  about: "Examine the data folder and say what is wrong; changes nothing.",
  args: { ...DATA_ARGS, ...JSON_ARG },
  run: async (args, terminal) => {
    const { config } = loadRoleConfig("both", args, terminal);
    const { examine } = await import("../../db/maintenance/doctor.ts");
    const findings = await examine({
      dataDir: config.dataDir,
      key: config.databaseKey?.reveal(),
      freeDiskBytesMin: config.freeDiskBytesMin,
    });
    if (args.json) terminal.out(JSON.stringify(findings));
    else {
      for (const { level, about, text } of findings) {
        const [style, mark] = MARKS[level];
        terminal.out(`${styled(terminal, style, mark)}  ${about.padEnd(8)}  ${text}`);
      }
    }
    return findings.some(({ level }) => level === "problem") ? EXIT.negative : EXIT.ok;
  },
});
