/** `bun agent-victim.ts URL FOLDER [STABLE_ID]`: an agent in a process of its own, that tests may kill at any moment. */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { AgentAtSite } from "./agent-at-site.ts";

const [url = "", folder = "", stableId] = Bun.argv.slice(2);
const agent = new AgentAtSite(url, {
  folder,
  ...(stableId !== undefined && { stableId }),
  hook: join(folder, "warmboot"),
  clock: { now: Date.now, sleep: async (ms, signal) => wait(ms, undefined, signal && { signal }) },
  machine: {
    uninstaller: async () => ({ program: join(folder, "uninstall"), args: [] }),
    bootId: async () => "this one",
    facts: async () => ({ name: "victim" }),
  },
});
await agent.run();
