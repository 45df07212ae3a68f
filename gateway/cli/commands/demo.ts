import type { DemoPlaces } from "../../demo/demo.ts";
import { command } from "../command.ts";
import { EXIT } from "../exit-codes.ts";
import { groupedTable, wrapped } from "../grouped-table.ts";
import { showProgress } from "../progress.ts";
import { stopSignal } from "../stop-signal.ts";
import { styled, type Terminal } from "../terminal.ts";

/** `outpost demo [--once]` */
export const demoCommand = command({
  about:
    "Show a hub, two sites and devices of every family through an outage, and compare their reports.",
  args: {
    once: {
      type: "boolean",
      description:
        "End when the story is told, with code 0 only if the reports are equal and true.",
    },
  },
  run: async (args, terminal) => {
    const { runDemo } = await import("../../demo/demo.ts");
    const bar = showProgress(terminal);
    // Into a pipe everything stays on its line.
    const columns = terminal.isTty ? terminal.columns : Number.POSITIVE_INFINITY;
    const isRight = await runDemo({
      screen: {
        line: (text) => {
          for (const line of wrapped(text, columns)) terminal.out(line);
        },
        table: (head, groups) => {
          for (const line of groupedTable(head, groups, columns)) terminal.out(line);
        },
        progress: bar.update,
        endProgress: bar.end,
      },
      afterwards: async (places) => {
        if (args.once === true) return;
        showPlaces(places, terminal);
        const stop = stopSignal(Date.now);
        await new Promise<void>((resolve) => {
          stop.addEventListener("abort", () => resolve(), { once: true });
        });
      },
    });
    return isRight ? EXIT.ok : EXIT.negative;
  },
});

function showPlaces(places: DemoPlaces, terminal: Terminal): void {
  const { consoles, administrator, password, kiosks } = places;
  const title = (text: string) => terminal.out(styled(terminal, "bold", text));
  terminal.out("");
  title("The consoles stay up until you press Ctrl+C:");
  for (const { name, url } of consoles) terminal.out(`  ${name.padEnd(8)} ${url}`);
  terminal.out(`  user ${administrator}, password ${password}`);
  title("Try next:");
  const [hub] = consoles;
  terminal.out(`  each row, and why:  ${hub?.url}/installations`);
  terminal.out(`  what failed:        ${hub?.url}/installations?filter=bucket:failed`);
  terminal.out("  a kiosk is a folder, with what its agent has installed there:");
  terminal.out(`    ls -R ${kiosks[0]?.root}`);
  terminal.out("  your own gateway:   npm start");
}
