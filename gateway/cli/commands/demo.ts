import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { showProgress } from "../progress.ts";
import { stopSignal } from "../stop-signal.ts";
import { tableText } from "../table.ts";
import { styled } from "../terminal.ts";

/** `outpost demo [--once]` */
export const demoCommand = command({
  about: "Show a hub, two sites and 40 devices through an outage, and compare their reports.",
  args: {
    once: {
      type: "boolean",
      description: "End when the story is told, with code 0 only if the reports are equal.",
    },
  },
  run: async (args, terminal) => {
    const { runDemo } = await import("../../demo/demo.ts");
    const bar = showProgress(terminal);
    const equal = await runDemo({
      screen: {
        line: terminal.out,
        table: (head, rows) => {
          for (const line of tableText(head, rows)) terminal.out(`  ${line}`);
        },
        progress: bar.update,
        endProgress: bar.end,
      },
      afterwards: async ({ consoles, administrator, password }) => {
        if (args.once === true) return;
        terminal.out("");
        terminal.out(styled(terminal, "bold", "The consoles stay up until you press Ctrl+C:"));
        for (const { name, url } of consoles) terminal.out(`  ${name.padEnd(8)} ${url}`);
        terminal.out(`  user ${administrator}, password ${password}`);
        const stop = stopSignal(Date.now);
        await new Promise<void>((resolve) => {
          stop.addEventListener("abort", () => resolve(), { once: true });
        });
      },
    });
    return equal ? EXIT.ok : EXIT.negative;
  },
});
