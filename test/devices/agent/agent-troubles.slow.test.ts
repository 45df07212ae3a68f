/** What goes wrong around an agent, and what is heard of it. */
import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { AgentStore } from "../../../devices/agent/agent-store.ts";
import { OUTPUT_BYTES_MAX } from "../../../devices/agent/program-output.ts";
import { AGENT_CLOCK } from "../../../gateway/cli/agent-setup.ts";
import { readPoll } from "../../../protocols/agent/requests.ts";
import { AGENT_BODY_BYTES_MAX } from "../../../protocols/agent/words.ts";
import { AgentAtSite, HASTY_CLOCK } from "../../harness/agent-at-site.ts";
import { AgentSite, applied } from "../../harness/agent-site.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

describe("a step fails, and the agent goes on", () => {
  test("where the machine does not tell what it is asked", async () => {
    await using site = new AgentSite();
    const processes = () => Promise.reject(new Error("/proc is of another system"));
    using agent = new AgentAtSite(site.url, { machine: { processes } });
    site.plan(
      applied([
        { kind: "Terminate", modules: "a.exe", critical: "continue" },
        { kind: "CreateFolder", path: "\\x" },
      ]),
    );
    await agent.run();
    expect(site.words.at(-1)).toBe("succeeded-with-warning");
    expect(site.results.at(-1)?.text).toContain("/proc is of another system");
  });

  test.each([
    ["restart", { restart: () => Promise.reject(new Error("no shutdown here")) }],
    ["bootId", { bootId: () => Promise.reject(new Error("no shutdown here")) }],
  ])("where the system cannot be restarted: %s", async (_, machine) => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url, { isAllowed: true, machine });
    site.plan(applied([{ kind: "WarmBoot" }]));
    await agent.run();
    expect(site.results.at(-1)).toMatchObject({
      result: "succeeded-with-warning",
      text: "the device could not be restarted: no shutdown here",
    });
  });
});

test("work is called off while its download waits for its next try", async () => {
  await using site = new AgentSite();
  using agent = new AgentAtSite(site.url, { clock: AGENT_CLOCK });
  const gone = { name: "a", bytes: 4, sha256: "0".repeat(64), url: `${site.url}/content/none` };
  site.plan(applied([{ kind: "Download", source: "a", target: "\\a" }], { files: [gone] }));
  const running = agent.run({ once: false });
  await site.heard("downloading");
  site.work = [];
  site.cancel = [{ distribution: "one", attempt: 1, reason: "stopped" }];
  site.changed();
  await site.heard("cancelled");
  agent.stop.abort();
  await running;
});

test("what a power cut left of a download is fetched anew", async () => {
  await using site = new AgentSite();
  using agent = new AgentAtSite(site.url);
  const file = site.serve({ name: "a.bin", bytes: bytes("what it is") });
  const downloads = join(agent.folder, "state", "downloads");
  mkdirSync(downloads, { recursive: true });
  writeFileSync(join(downloads, file.sha256), new Uint8Array(file.bytes));
  site.plan(applied([{ kind: "Download", source: "a.bin", target: "\\a" }], { files: [file] }));
  await agent.run();
  expect(site.words.at(-1)).toBe("succeeded");
});

test("a program that talks without end fills no disk, and the last that it said is told", async () => {
  await using site = new AgentSite();
  using agent = new AgentAtSite(site.url);
  const go = join(agent.folder, "go");
  agent.put(
    {
      "talk.sh": `#!/bin/sh\nhead -c 8000000 /dev/zero | tr "\\0" x\necho; while [ ! -e "${go}" ]; do sleep 0.05; done\necho the last; exit 3\n`,
    },
    0o755,
  );
  site.plan(applied([{ kind: "Run", command: "\\talk.sh", timeout: -1 }]));
  const running = agent.run();
  const output = join(agent.folder, "state", "output.txt");
  while (!existsSync(output) || statSync(output).size < 1_000) await Bun.sleep(5);
  while (statSync(output).size > OUTPUT_BYTES_MAX) await Bun.sleep(5);
  writeFileSync(go, "");
  await running;
  expect(site.results.at(-1)).toMatchObject({ result: "action-failed", exitCode: 3 });
  expect(site.results.at(-1)?.text).toMatch(/xxxx\nthe last$/);
});

describe("what was downloaded is started as it was downloaded", () => {
  const start = {
    Run: { kind: "Run", command: "\\tool.sh", timeout: -1 },
    Install: { kind: "Install", file: "\\tool.sh", command: 'sh "\\tool.sh"' },
  } as const;

  test.each(["Run", "Install"] as const)("%s", async (kind) => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    const mark = join(agent.folder, "mark");
    const tool = site.serve({ name: "tool", bytes: bytes(`#!/bin/sh\necho ran >> "${mark}"\n`) });
    const place = join(agent.device, "tool.sh");
    agent.put({ "change.sh": `#!/bin/sh\necho "echo evil >> ${mark}" >> "${place}"\n` }, 0o755);
    const download = { kind: "Download", source: "tool", target: "\\tool.sh" } as const;
    const change = { kind: "Run", command: "\\change.sh", timeout: -1 } as const;
    site.plan(applied([download, change, start[kind]], { files: [tool] }));
    await agent.run();
    expect(site.results.at(-1)).toMatchObject({
      result: "checksum-failed",
      step: { index: 2, kind },
      text: "\\tool.sh is not what the site has as tool",
    });
    expect(existsSync(mark)).toBe(false);
    site.plan(applied([download, start[kind]], { files: [tool], attempt: 2 }));
    await agent.run();
    expect(readFileSync(mark, "utf8")).toBe("ran\n");
  });
});

describe("a full disk", () => {
  /** Writing there is writing on a full disk. */
  const partial = (folder: string) => join(folder, "state", ".outpost-partial-state.json");

  test("holds the memory up until there is room; nothing of what happened is lost", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    await agent.run();
    const path = join(agent.folder, "state", "state.json");
    const state = agent.store?.state;
    if (!state) throw new Error("it has no memory");
    let held = 0;
    const store = new AgentStore(path, state, async () => {
      held += 1;
      if (held === 3) rmSync(partial(agent.folder));
    });
    symlinkSync("/dev/full", partial(agent.folder));
    const changes = [7, 8].map((sequence) => store.change((now) => ({ ...now, sequence })));
    await Promise.all(changes);
    expect(held).toBe(3);
    expect(JSON.parse(readFileSync(path, "utf8")).sequence).toBe(8);
  });

  test("ends an agent that cannot wait with the error, not as if all were done", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    const fill = `#!/bin/sh\nuntil ln -s /dev/full "${partial(agent.folder)}"; do :; done\n`;
    agent.put({ "fill.sh": fill }, 0o755);
    site.plan(applied([{ kind: "Run", command: "\\fill.sh", timeout: -1 }]));
    await expect(agent.run()).rejects.toThrow("ENOSPC");
  });
});

test("a site that asks for the same again and again is not told without a pause", async () => {
  await using site = new AgentSite();
  const waits: number[] = [];
  using agent = new AgentAtSite(site.url, {
    clock: {
      ...HASTY_CLOCK,
      sleep: (ms, signal) => {
        waits.push(ms);
        if (waits.length === 3) agent.stop.abort();
        return HASTY_CLOCK.sleep(ms, signal);
      },
    },
  });
  Object.defineProperty(site, "tell", { get: () => ["facts"], set: () => {} });
  await agent.run({ once: false });
  expect(waits).toEqual([10_000, 10_000, 10_000]);
  expect(site.polls).toBe(4);
});

describe("what a device tells of itself", () => {
  test("fits a check-in, however much is installed", async () => {
    await using site = new AgentSite();
    const entry = { name: "字".repeat(256), version: "1".repeat(256), publisher: "p".repeat(256) };
    const machine = { inventory: async () => Array.from({ length: 5_000 }, () => entry) };
    using agent = new AgentAtSite(site.url, { machine });
    site.tell = ["inventory"];
    await agent.run();
    const body = new TextEncoder().encode(JSON.stringify(site.lastPoll));
    expect(body.length).toBeLessThan(AGENT_BODY_BYTES_MAX);
    expect(readPoll(body).inventory?.length).toBeGreaterThan(500);
  });

  test("is left out when the site cannot take it: work comes all the same", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    site.refusesTold = true;
    site.plan(applied([{ kind: "CreateFolder", path: "\\x" }]));
    await agent.run();
    expect(agent.said.join()).toContain("does not take what this device tells");
    expect(site.words.at(-1)).toBe("succeeded");
  });
});

test("a code that is refused is not shown again: the device asks to be approved", async () => {
  await using site = new AgentSite();
  using agent = new AgentAtSite(site.url);
  site.refusesCodes = true;
  site.plan(applied([{ kind: "CreateFolder", path: "\\x" }]));
  const running = agent.run({ once: false });
  await site.heard("succeeded");
  agent.stop.abort();
  await running;
  expect(site.enrolments).toBe(1);
});

test("an address that has expired is replaced by the one of the newest plan [4.10]", async () => {
  await using site = new AgentSite();
  const file = site.serve({ name: "a.bin", bytes: bytes("what it is") });
  const work = (url: string) => {
    const step = { kind: "Download", source: "a.bin", target: "\\a" } as const;
    return applied([step], { files: [{ ...file, url }] });
  };
  let isReplaced = false;
  using agent = new AgentAtSite(site.url, {
    clock: {
      ...HASTY_CLOCK,
      sleep: async (_, signal) => {
        // It waits for its next try.
        if (!isReplaced && site.words.includes("downloading")) site.plan(work(file.url));
        isReplaced ||= site.words.includes("downloading");
        await AGENT_CLOCK.sleep(20, signal);
      },
    },
  });
  site.plan(work(`${site.url}/content/expired`));
  const running = agent.run({ once: false });
  await site.heard("succeeded");
  agent.stop.abort();
  await running;
});
