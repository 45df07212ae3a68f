import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { DeviceTrigger, Parcel } from "../../../devices/ports/device-trigger.ts";
import { CommandTemplate } from "../../../gateway/config/command-template.ts";
import { COMMANDS_MAX, CommandTrigger } from "../../../gateway/notify/command-trigger.ts";
import { wrapPush } from "../../../protocols/oma-dm/wap-push.ts";
import { deviceTriggerContract } from "../../contracts/device-trigger.contract.ts";

const NOTIFICATION = Uint8Array.from({ length: 40 }, (_, index) => index * 5);
const PUSH = wrapPush(NOTIFICATION, 0x2a);

const parcel = (addresses: readonly string[]): Parcel => ({
  device: "device-1" as DeviceId,
  addresses,
  notification: NOTIFICATION,
  sessionId: 0x2a,
});

/** A program that writes its arguments to a file, a line each. */
function program(script: string): { readonly path: string; readonly said: () => string } {
  const folder = mkdtempSync(join(tmpdir(), "outpost-notify-"));
  const path = join(folder, "wake");
  const file = join(folder, "said");
  writeFileSync(path, `#!/bin/sh\nsaid='${file}'\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, said: () => readFileSync(file, "utf8") };
}

const commandOf = (path: string, ...args: readonly string[]) =>
  CommandTemplate.read(JSON.stringify([path, ...args]));
const WRITE = 'for one in "$@"; do echo "$one" >> "$said"; done';

const SENDER = fileURLToPath(new URL("../../harness/send-datagram.ts", import.meta.url));

deviceTriggerContract("a program", () => ({
  trigger: new CommandTrigger(commandOf(process.execPath, SENDER, "{address}", "{push}")),
  nowhere: "no-such-host.invalid:1",
}));

describe("a program", () => {
  test("gets what its template names, each as one argument, and no shell looks at it", async () => {
    const { path, said } = program(WRITE);
    const trigger = new CommandTrigger(
      commandOf(path, "--to={address}", "{device} {session}", "{notification}", "{push}", "$HOME"),
    );
    await trigger.send(parcel(["$(touch x);`id` 'a' \"b\" {device}"]));
    expect(said().split("\n")).toEqual([
      "--to=$(touch x);`id` 'a' \"b\" {device}",
      "device-1 42",
      Buffer.from(NOTIFICATION).toString("hex"),
      Buffer.from(PUSH).toString("hex"),
      "$HOME",
      "",
    ]);
  });

  test("runs for each address, or once where it needs none", async () => {
    const each = program(WRITE);
    const trigger: DeviceTrigger = new CommandTrigger(commandOf(each.path, "{address}"));
    expect(trigger.needsAddress).toBe(true);
    await trigger.send(parcel(["one", "two"]));
    expect(each.said().split("\n").sort()).toEqual(["", "one", "two"]);
    const once = program(WRITE);
    const knows = new CommandTrigger(commandOf(once.path, "{device}"));
    expect(knows.needsAddress).toBe(false);
    await knows.send(parcel([]));
    await knows.send(parcel(["one", "two"]));
    expect(once.said()).toBe("device-1\ndevice-1\n");
  });

  test("sees nothing of the gateway's environment", async () => {
    const { path, said } = program('env | cut -d= -f1 | sort > "$said"');
    await new CommandTrigger(commandOf(path, "{device}")).send(parcel([]));
    const names = said().trim().split("\n");
    expect(names).toContain("PATH");
    // What a shell sets by itself.
    expect(names.filter((name) => !["PATH", "PWD", "OLDPWD", "SHLVL", "_"].includes(name))).toEqual(
      [],
    );
  });

  test.each([
    ["ends with an error", "echo 'no modem' >&2; exit 3", "it ended with 3: no modem"],
    ["takes too long", "exec sleep 60", "it was ended after 100 ms"],
    ["leaves something running and takes too long", "sleep 60 & wait", "ended after 100 ms"],
  ])("that %s is told of", (_, script, words) => {
    const { path } = program(script);
    const trigger = new CommandTrigger(commandOf(path, "{device}"), 100);
    expect(trigger.send(parcel([]))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining(words),
    });
  });

  test("that is not there is told of", () => {
    const trigger = new CommandTrigger(commandOf("/nowhere/wake", "{device}"));
    expect(trigger.send(parcel([]))).rejects.toMatchObject({ code: "unavailable" });
  });

  test("runs at most so often at a time, and everybody gets their turn", async () => {
    const { path, said } = program('echo "+" >> "$said"; sleep 0.02; echo "-" >> "$said"');
    const trigger = new CommandTrigger(commandOf(path, "{address}"));
    await trigger.send(parcel(Array.from({ length: 3 * COMMANDS_MAX }, (_, index) => `a${index}`)));
    let running = 0;
    let most = 0;
    for (const mark of said().trim().split("\n")) {
      running += mark === "+" ? 1 : -1;
      most = Math.max(most, running);
    }
    expect(running).toBe(0);
    expect(most).toBeLessThanOrEqual(COMMANDS_MAX);
    expect(said().match(/\+/g)).toHaveLength(3 * COMMANDS_MAX);
  });
});
