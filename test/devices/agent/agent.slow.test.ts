/** The agent against a site in this process, acting on a real folder tree and starting real programs. */
import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { AgentClock } from "../../../devices/agent/agent-clock.ts";
import type { PlanWork } from "../../../protocols/agent/answers.ts";
import { AgentAtSite, HASTY_CLOCK } from "../../harness/agent-at-site.ts";
import { AgentSite, applied } from "../../harness/agent-site.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const big = new Uint8Array(300_000).map((_, n) => (n * 7 + (n >> 8)) % 251);
const mark = (path: string, text: string) => `#!/bin/sh\necho ${text} >> "${path}"\n`;

describe("a package, from the plan to its end", () => {
  test("[5.7] is evaluated, downloaded, run and reported, and not done again", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    const marks = join(agent.folder, "marks");
    const tool = site.serve({ name: "tool.exe", bytes: bytes(mark(marks, "ran")) });
    const metrics: PlanWork["metrics"] = [
      { kind: "FileSize", number: 1, file: "\\App\\tool.exe", operator: "EQ", size: tool.bytes },
    ];
    site.plan(applied([], { do: "evaluate", metrics }));
    await agent.run();
    expect(site.words).toEqual(["provision-needed"]);
    expect(site.results[0]?.text).toBe("metric 1: \\App\\tool.exe is not there");
    expect(site.lastPoll).toMatchObject({ facts: { osPlatform: "Linux" } });

    const work = applied(
      [
        { kind: "Download", source: "tool.exe", target: "\\App\\tool.exe" },
        { kind: "Run", command: "\\App\\tool.exe /q", timeout: -1 },
      ],
      { metrics, files: [tool] },
    );
    site.plan(work);
    const summary = await agent.run();
    expect(summary).toEqual({ done: 1, failed: 0 });
    expect(site.words.slice(1)).toEqual([
      "accepted",
      "downloading",
      "step-succeeded 0",
      "installing",
      "step-succeeded 1",
      "succeeded",
    ]);
    expect(readFileSync(marks, "utf8")).toBe("ran\n");

    site.plan(work); // Its end was lost somewhere: it is said again.
    await agent.run();
    expect(readFileSync(marks, "utf8")).toBe("ran\n");
    expect(site.enrolments).toBe(1);
  });

  test("S-30: where the metrics hold nothing is fetched", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    agent.put({ "a.txt": "hello" });
    const hash = "5d41402abc4b2a76b9719d911017c592";
    site.plan(
      applied([], {
        do: "evaluate",
        metrics: [{ kind: "FileHash", number: 1, file: "\\A.TXT", hash }],
      }),
    );
    await agent.run();
    expect(site.words).toEqual(["up-to-date"]);
    expect(site.ranges).toEqual([]);
    site.plan(
      applied([], {
        do: "check",
        metrics: [{ kind: "FileHash", number: 1, file: "\\gone", hash }],
      }),
    );
    await agent.run();
    expect(site.words).toEqual(["up-to-date", "drifted"]);
  });

  test("success is not claimed when the metrics do not hold afterwards", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    const metrics: PlanWork["metrics"] = [
      { kind: "FileSize", number: 1, file: "\\never", operator: "GT", size: 0 },
    ];
    site.plan(applied([{ kind: "CreateFolder", path: "\\x" }], { metrics }));
    expect(await agent.run()).toEqual({ done: 1, failed: 1 });
    expect(site.words.at(-1)).toBe("check-failed");
  });

  test("what the site did not acknowledge is said again, once each", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    site.lostAnswers = 2;
    site.plan(applied([{ kind: "CreateFolder", path: "\\x" }]));
    await agent.run();
    expect(site.words).toEqual(["accepted", "installing", "step-succeeded 0", "succeeded"]);
    expect(agent.store?.state.outbox).toEqual([]);
  });

  test("[1.4] it waits as long as the site asks, else longer each time, and keeps what it has to tell", async () => {
    await using site = new AgentSite();
    const waits: number[] = [];
    using agent = new AgentAtSite(site.url, {
      clock: {
        ...HASTY_CLOCK,
        sleep: async (ms, signal) => {
          waits.push(ms);
          if (waits.length === 3) site.retryAfter = undefined;
          if (waits.length === 7) site.refusal = undefined;
          await HASTY_CLOCK.sleep(ms, signal);
        },
      },
    });
    await agent.run();
    waits.length = 0;
    [site.refusal, site.retryAfter] = [503, 7];
    site.plan(applied([{ kind: "CreateFolder", path: "\\x" }]));
    await agent.run();
    expect(waits.slice(0, 3)).toEqual([7_000, 7_000, 7_000]);
    // By chance at least half of 1 s, doubled with each failure.
    expect(waits.slice(3, 7)).toEqual([4_000, 8_000, 16_000, 32_000]);
    expect(site.words.at(-1)).toBe("succeeded");
  });

  test("a site that refuses the agent's token is asked to let it in again; nothing is forgotten", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    await agent.run();
    site.refusal = 401;
    const running = agent.run({ once: false });
    while (site.enrolments < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    site.refusal = undefined;
    site.plan(applied([{ kind: "CreateFolder", path: "\\x" }]));
    await site.heard("succeeded");
    agent.stop.abort();
    await running;
    expect(existsSync(join(agent.device, "x"))).toBe(true);
  });
});

describe("downloads", () => {
  const fetchBig = (site: AgentSite) => {
    const file = site.serve({ name: "big.bin", bytes: big });
    return applied([{ kind: "Download", source: "big.bin", target: "\\a\\b\\big.bin" }], {
      files: [file],
    });
  };

  test("a line that is cut goes on where it was", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    site.cuts = [100_000, 50_000];
    site.plan(fetchBig(site));
    await agent.run();
    expect(site.words.at(-1)).toBe("succeeded");
    // How much arrives before a cut is the system's affair; what has arrived is not fetched again.
    const froms = site.ranges.map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0));
    expect(froms).toEqual(froms.toSorted((a, b) => a - b));
    expect(froms).toHaveLength(3);
    expect(froms[0]).toBe(0);
    expect(froms[2]).toBeGreaterThan(0);
    expect(froms[2]).toBeLessThanOrEqual(150_000);
    expect(readFileSync(join(agent.device, "a/b/big.bin")).equals(Buffer.from(big))).toBe(true);
    expect(readdirSync(join(agent.folder, "state", "downloads"))).toEqual([]);
  });

  test("what does not verify is never there, and what follows does not run", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    const file = site.serve({ name: "tool", bytes: bytes("#!/bin/sh\n") });
    const sha256 = "0".repeat(64);
    site.plan(
      applied(
        [
          { kind: "Download", source: "tool", target: "\\tool" },
          { kind: "Run", command: "\\tool", timeout: -1 },
        ],
        { files: [{ ...file, sha256 }] },
      ),
    );
    await agent.run();
    expect(site.words.at(-1)).toBe("checksum-failed");
    expect(readdirSync(agent.device)).toEqual([]);
  });

  test("an agent that is ended in the middle of one goes on with it when it is started again", async () => {
    await using site = new AgentSite();
    const agent = new AgentAtSite(site.url, {
      progress: (_, done) => done >= 90_000 && agent.stop.abort(),
    });
    using again = new AgentAtSite(site.url, { folder: agent.folder });
    site.cuts = [-200_000];
    site.plan(fetchBig(site));
    await agent.run();
    expect(site.words).not.toContain("succeeded");
    await again.run();
    expect(site.words.at(-1)).toBe("succeeded");
    expect(site.ranges[1]).toMatch(/^bytes=(9\d{4}|100000)-$/);
    expect(site.words.filter((word) => word.startsWith("step-"))).toEqual(["step-succeeded 0"]);
  });

  test("work that is called off in the middle of one is dropped", async () => {
    await using site = new AgentSite();
    let started = () => {};
    const hasStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    using agent = new AgentAtSite(site.url, { progress: () => started() });
    site.cuts = [-200_000];
    site.plan(fetchBig(site));
    const running = agent.run({ once: false });
    await hasStarted;
    site.work = [];
    site.cancel = [{ distribution: "one", attempt: 1, reason: "stopped" }];
    site.changed();
    await site.heard("cancelled");
    agent.stop.abort();
    await running;
    expect(readdirSync(agent.device)).toEqual([]);
    expect(readdirSync(join(agent.folder, "state", "downloads"))).toEqual([]);
  });

  test("a file that is there already is not fetched, and one without room is not begun", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    agent.put({ "x.txt": "same" });
    const file = site.serve({ name: "x.txt", bytes: bytes("same") });
    const step = { kind: "Download", source: "x.txt", target: "\\X.txt" } as const;
    site.plan(applied([step], { files: [file] }));
    await agent.run();
    expect(site.ranges).toEqual([]);
    const huge = { ...file, bytes: 2 ** 52 };
    site.plan(applied([step], { distribution: "two", files: [huge] }));
    await agent.run();
    expect(site.results.at(-1)).toMatchObject({
      result: "download-failed",
      text: expect.stringContaining("no room"),
    });
    expect(site.ranges).toEqual([]);
  });
});

describe("S-17: Run", () => {
  /** Waits when the step's own waiting is asked for, and counts it. */
  function counting(waits: number[]): AgentClock {
    return {
      ...HASTY_CLOCK,
      sleep: async (ms, signal) => {
        waits.push(ms);
        await HASTY_CLOCK.sleep(ms, signal);
      },
    };
  }

  test.each([
    [-1, "step-succeeded", undefined, 0],
    [0, "step-succeeded", "launched_no_wait", 0],
    [1_000, "step-timed-out", "timed_out_continue", 1],
  ])("with a timeout of %d: %s", async (timeout, word, text, waited) => {
    await using site = new AgentSite();
    const waits: number[] = [];
    using agent = new AgentAtSite(site.url, { clock: counting(waits) });
    const [go, done] = [join(agent.folder, "go"), join(agent.folder, "done")];
    agent.put(
      {
        "Program Files/My App/run.exe": `#!/bin/sh\n${timeout < 0 ? "" : `while [ ! -e "${go}" ]; do sleep 0.01; done\n`}echo "$#:$1:$2" > "${done}"\n`,
      },
      0o755,
    );
    site.plan(
      applied([
        { kind: "Run", command: '\\Program Files\\My App\\run.exe /q "a b"', timeout },
        { kind: "CreateFolder", path: "\\mark" },
      ]),
    );
    await agent.run();
    expect(site.results.find(({ step }) => step?.index === 0)).toMatchObject({
      result: word as "step-succeeded",
      ...(text !== undefined && { text }),
    });
    expect(site.words.at(-1)).toBe("succeeded");
    expect(existsSync(join(agent.device, "mark"))).toBe(true);
    expect(waits.filter((ms) => ms === 1_000)).toHaveLength(waited);
    expect(existsSync(done)).toBe(timeout < 0);
    await Bun.write(go, "");
    while (!existsSync(done) || statSync(done).size === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(readFileSync(done, "utf8")).toBe("2:/q:a b\n");
  });

  test("a program that fails tells its exit code and the last that it wrote", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    agent.put({ "bad.sh": "#!/bin/sh\necho out of paper\nexit 7\n" }, 0o755);
    agent.put({ "data.bin": "no program" });
    site.plan(
      applied([
        { kind: "Run", command: "\\bad.sh", timeout: -1, critical: "continue" },
        { kind: "Run", command: "\\data.bin", timeout: -1, critical: "continue" },
        { kind: "Run", command: "\\none.exe -x", timeout: -1 },
      ]),
    );
    await agent.run();
    const steps = site.results.filter(({ step }) => step !== undefined);
    expect(steps[0]).toMatchObject({ result: "step-failed", exitCode: 7 });
    expect(steps[0]?.text).toContain("out of paper");
    expect(steps[1]?.text).toContain("cannot be started");
    expect(steps[2]).toMatchObject({ text: "\\none.exe is not on this device" });
    expect(site.words.at(-1)).toBe("launch-failed");
  });
});

describe("installing", () => {
  test("runs in the file's folder, with its place on this machine for its path", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    agent.put({ "Windows/wceload.exe": '#!/bin/sh\npwd > here\necho "$1" > file\n' }, 0o755);
    agent.put({ "Storage Card/My App/whatever.cab": "MSCF" });
    const file = "\\Storage Card\\My App\\whatever.cab";
    site.plan(applied([{ kind: "Install", file, command: `wceload.exe "${file}"` }]));
    await agent.run();
    expect(site.words.at(-1)).toBe("succeeded");
    const folder = join(agent.device, "Storage Card", "My App");
    expect(readFileSync(join(folder, "here"), "utf8").trim()).toEndWith("My App");
    expect(readFileSync(join(folder, "file"), "utf8").trim()).toBe(join(folder, "whatever.cab"));
  });

  test("a tar is unpacked beside itself, an AppImage can be started, a script runs", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    agent.put({ "opt/app/in.txt": "in" });
    const app = join(agent.device, "opt/app");
    Bun.spawnSync(["tar", "-cf", "a.tar", "in.txt"], { cwd: app });
    agent.put({
      "opt/app/in.txt": "changed",
      "opt/app/x.AppImage": "x",
      "opt/app/s.sh": "echo s > made",
    });
    site.plan(
      applied([
        {
          kind: "Install",
          file: "/opt/app/a.tar",
          command: 'tar --extract --no-same-owner --file "/opt/app/a.tar"',
        },
        {
          kind: "Install",
          file: "/opt/app/x.AppImage",
          command: 'chmod 0755 "/opt/app/x.AppImage"',
        },
        {
          kind: "Install",
          file: "%PROGRAMFILES%/app/s.sh",
          command: 'sh "%PROGRAMFILES%/app/s.sh"',
        },
      ]),
    );
    await agent.run();
    expect(site.words.at(-1)).toBe("succeeded");
    expect(readFileSync(join(app, "in.txt"), "utf8")).toBe("in");
    expect(statSync(join(app, "x.AppImage")).mode & 0o111).toBe(0o111);
    expect(readFileSync(join(app, "made"), "utf8")).toBe("s\n");
  });

  test("an app that is not installed cannot be taken off, and one that is can", async () => {
    await using site = new AgentSite();
    const uninstaller = async (name: string) =>
      name === "Contoso" ? { program: "/bin/sh", args: ["-c", "echo off > off.txt"] } : undefined;
    using agent = new AgentAtSite(site.url, { machine: { uninstaller } });
    const removal = { operation: "uninstall" } as const;
    site.plan(applied([{ kind: "Uninstall", name: "Nothing" }], removal));
    await agent.run();
    expect(site.words.at(-1)).toBe("uninstall-failed");
    site.plan(applied([{ kind: "Uninstall", name: "Contoso" }], { ...removal, attempt: 2 }));
    await agent.run();
    expect(site.words.at(-1)).toBe("uninstalled");
    expect(existsSync(join(agent.device, "off.txt"))).toBe(true);
  });
});

describe("restarts (Q16, D30)", () => {
  const package_ = applied([
    { kind: "WarmBoot" },
    { kind: "CreateFolder", path: "\\after" },
    { kind: "WarmBoot" },
  ]);

  test("a hook restarts the device once, when the package is done", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url, { hook: "/bin/true" });
    site.plan(package_);
    await agent.run();
    expect(site.words).toEqual(
      [
        "accepted",
        "reboot-pending",
        "step-succeeded 0",
        "installing",
        "step-succeeded 1",
        "reboot-pending",
        "step-succeeded 2",
        "rebooting",
        "succeeded",
      ].filter((word) => word !== "installing"),
    );
  });

  test("without a hook and without leave it is a warning", async () => {
    await using site = new AgentSite();
    using agent = new AgentAtSite(site.url);
    site.plan(package_);
    await agent.run();
    expect(site.results.at(-1)).toMatchObject({
      result: "succeeded-with-warning",
      text: "a restart of the device is owed",
    });
  });

  test("with leave the system is restarted, and the package ends in its next life", async () => {
    await using site = new AgentSite();
    let boots = 0;
    const machine = {
      bootId: async () => `boot ${boots}`,
      restart: async () => agent.stop.abort(),
    };
    const agent = new AgentAtSite(site.url, { isAllowed: true, machine });
    using again = new AgentAtSite(site.url, { isAllowed: true, machine, folder: agent.folder });
    site.plan(package_);
    await agent.run();
    expect(site.words.at(-1)).not.toBe("succeeded");
    boots = 1;
    await again.run();
    expect(site.words.filter((word) => word === "rebooting")).toHaveLength(1);
    expect(site.words.at(-1)).toBe("succeeded");
  });
});
