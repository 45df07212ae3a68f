import { dirname } from "node:path";
import { Agent } from "../../../devices/agent/agent.ts";
import type { AgentStore } from "../../../devices/agent/agent-store.ts";
import { dryRun } from "../../../devices/agent/dry-run.ts";
import { claim } from "../../../devices/agent/instance.ts";
import { lookAt } from "../../../devices/agent/look.ts";
import type { Machine } from "../../../devices/agent/machine.ts";
import { SiteClient } from "../../../devices/agent/site-client.ts";
import { warmBootHook } from "../../../devices/agent/warm-boot.ts";
import type { AgentFacts } from "../../../protocols/agent/requests.ts";
import { readVersion } from "../../config/version.ts";
import {
  AGENT_CLOCK,
  ensureFolder,
  holdOn,
  lookAtStore,
  machineHere,
  openStore,
  rootOf,
  stateFolder,
} from "../agent-setup.ts";
import { CommandError, command, JSON_ARG } from "../command.ts";
import { EXIT, type ExitCode } from "../exit-codes.ts";
import { readWholeNumber } from "../options.ts";
import { type Progress, showProgress } from "../progress.ts";
import { stopSignal } from "../stop-signal.ts";
import { tableText } from "../table.ts";
import type { Terminal } from "../terminal.ts";

const TASKS = ["run", "catalogue", "install"] as const;
type Task = (typeof TASKS)[number];

/** `outpost agent`: this machine as a device of a site. */
export const agentCommand = command({
  about: "Be the agent of this machine: do what its site asks, and report; list and ask for apps.",
  args: {
    task: {
      type: "positional",
      required: false,
      default: "run",
      description: "run; catalogue: list what may be asked for; install NAME: ask for it.",
    },
    name: { type: "positional", required: false, description: "What to install, by its name." },
    server: { type: "string", valueHint: "URL", description: "The site's address; needed once." },
    enrol: {
      type: "string",
      valueHint: "CODE",
      description: "A one-time enrolment code; without one an administrator has to approve.",
    },
    state: {
      type: "string",
      valueHint: "DIR",
      description:
        "The agent's memory and downloads; /var/lib/outpost-agent, or Outpost Agent in ProgramData.",
    },
    root: {
      type: "string",
      valueHint: "DIR",
      description: "Plays a device in this folder: \\A\\B is DIR/A/B, and nothing leads out of it.",
    },
    id: {
      type: "string",
      valueHint: "ID",
      description: "The device's own name that never changes.",
    },
    cpu: { type: "string", valueHint: "NAME", description: "Says so instead of what is found." },
    "os-major": {
      type: "string",
      valueHint: "N",
      description: "The same for the system's version.",
    },
    "os-platform": { type: "string", valueHint: "NAME", description: "The same for the system." },
    "allow-reboot": {
      type: "boolean",
      description: "Restart the system when a package asks for it and no warmboot hook is there.",
    },
    once: { type: "boolean", description: "End when all is done, instead of waiting for more." },
    "dry-run": { type: "boolean", description: "Print what there is to do; change nothing." },
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const task = taskOf(args.task);
    // What packages put on a device is for everybody there; our own folder is not.
    process.umask(0o022);
    const folder = stateFolder(args.state, terminal);
    const stop = stopSignal(Date.now);
    if (task === "run" && args["dry-run"] !== true) {
      return await runAgent(args, { folder, stop, terminal });
    }
    const store = await lookAtStore(folder);
    const client = clientOf(store);
    if (task === "catalogue") {
      return await showCatalogue(client, args.json === true, stop, terminal);
    }
    if (task === "install") return await askFor(client, args.name, stop, terminal);
    const { around, look } = surroundings(args, folder, terminal);
    await dryRun({ store, client, around, look, stop, say: terminal.out });
    return EXIT.ok;
  },
});

interface AgentArgs {
  readonly server?: string | undefined;
  readonly enrol?: string | undefined;
  readonly id?: string | undefined;
  readonly root?: string | undefined;
  readonly cpu?: string | undefined;
  readonly "os-major"?: string | undefined;
  readonly "os-platform"?: string | undefined;
  readonly "allow-reboot"?: boolean | undefined;
  readonly once?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface Place {
  readonly folder: string;
  readonly stop: AbortSignal;
  readonly terminal: Terminal;
}

async function runAgent(args: AgentArgs, { folder, stop, terminal }: Place): Promise<ExitCode> {
  await ensureFolder(folder);
  // Before the memory is read: what another agent still writes would be forgotten, and done again.
  using _claimed = await claimed(folder);
  const { around, look, bar } = surroundings(args, folder, terminal);
  const { machine } = around;
  const { server, id, root } = args;
  const say = (text: string) => sayTo(terminal, bar, text);
  const hold = holdOn(folder, say, stop);
  const isPlayed = root !== undefined;
  const store = await openStore(folder, { server, id, isPlayed, machine, hold });
  const agent = new Agent({
    store,
    client: clientOf(store),
    around,
    look,
    restarting: {
      hook: () => warmBootHook(executableFolder()),
      isAllowed: args["allow-reboot"] === true,
    },
    facts: () => factsOf(machine, args),
    code: args.enrol,
    say,
  });
  const { done, failed } = await agent.run({ once: args.once === true, stop });
  bar.end();
  if (args.json === true) terminal.out(JSON.stringify({ done, failed, ...waiting(store) }));
  return failed > 0 && args.once === true ? EXIT.negative : EXIT.ok;
}

function clientOf(store: AgentStore): SiteClient {
  return new SiteClient(store.state.server, fetch, () => ({
    device: store.state.device ?? "",
    token: store.state.token,
  }));
}

function surroundings({ root: played }: AgentArgs, folder: string, terminal: Terminal) {
  const root = rootOf(played, folder);
  const machine = machineHere(terminal);
  const bar = showProgress(terminal);
  const around = {
    root,
    machine,
    clock: AGENT_CLOCK,
    folder,
    fetch,
    random: Math.random,
    progress: (name: string, done: number, total: number) => bar.update(done, total, name),
  };
  return { around, look: lookAt(root, machine), bar };
}

function taskOf(text: string | undefined): Task {
  const task = TASKS.find((one) => one === text);
  if (task) return task;
  throw new CommandError(`"${text}" is none of ${TASKS.join(", ")}.`, EXIT.usage);
}

/** Two agents with one memory would do everything twice. */
async function claimed(folder: string): Promise<Disposable> {
  const claimedFolder = await claim(folder);
  if (claimedFolder) return claimedFolder;
  throw new CommandError(`Another agent runs with ${folder}.`);
}

function sayTo(terminal: Terminal, bar: Progress, text: string): void {
  bar.end();
  terminal.err(text);
}

const waiting = ({ state }: AgentStore) => ({ unsent: state.outbox.length });

async function factsOf(machine: Machine, args: AgentArgs): Promise<AgentFacts> {
  const { name: _, ...found } = await machine.facts();
  const hook = await warmBootHook(executableFolder());
  return {
    ...found,
    ...(args.cpu !== undefined && { cpu: args.cpu }),
    ...(args["os-platform"] !== undefined && { osPlatform: args["os-platform"] }),
    ...(args["os-major"] !== undefined && {
      osMajor: readWholeNumber("os-major", args["os-major"], 0, 100_000),
    }),
    agentVersion: await readVersion(),
    capabilities: ["warm-boot", ...(hook === undefined ? [] : ["custom-warm-boot"])],
  };
}

/** Of the agent that was compiled: its own; else that of the engine that runs it. */
function executableFolder(): string {
  return dirname(process.execPath);
}

async function showCatalogue(
  client: SiteClient,
  json: boolean,
  stop: AbortSignal,
  terminal: Terminal,
): Promise<ExitCode> {
  const { items } = await client.catalogue(stop);
  if (json) terminal.out(JSON.stringify(items));
  else {
    const rows = items.map(({ name, version, state, description }) => [
      name,
      version,
      state,
      description,
    ]);
    for (const line of tableText(["name", "version", "state", "description"], rows)) {
      terminal.out(line);
    }
  }
  return EXIT.ok;
}

async function askFor(
  client: SiteClient,
  name: string | undefined,
  stop: AbortSignal,
  terminal: Terminal,
): Promise<ExitCode> {
  if (name === undefined) throw new CommandError("Say what to install.", EXIT.usage);
  const { items } = await client.catalogue(stop);
  const wanted = items.filter((item) => item.name === name || item.distribution === name);
  const [item] = wanted;
  if (!item || wanted.length > 1) {
    const names = items.map((one) => one.name).join(", ");
    throw new CommandError(
      item
        ? `There are several ${name}: name one by its distribution, ${wanted.map((one) => one.distribution).join(" or ")}.`
        : `There is no ${name} to install. There is: ${names || "nothing"}.`,
    );
  }
  const asked = await client.request(item.distribution, stop);
  terminal.out(`${asked.name} ${asked.version}: ${asked.state}`);
  return EXIT.ok;
}
