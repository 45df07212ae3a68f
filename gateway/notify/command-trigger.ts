import { spawn } from "node:child_process";
import { AppError } from "../../devices/model/errors.ts";
import type { DeviceTrigger, Parcel } from "../../devices/ports/device-trigger.ts";
import { wrapPush } from "../../protocols/oma-dm/wap-push.ts";
import type { CommandTemplate } from "../config/command-template.ts";

/** A program that takes longer is ended. */
export const COMMAND_MS_MAX = 10_000;
/** So many run at once; as many as `COMMANDS_WAITING_MAX` wait for their turn. */
export const COMMANDS_MAX = 4;
export const COMMANDS_WAITING_MAX = 1_000;
/** Of what it says about its failure, and how long after its end. */
const WORDS_MAX = 200;
const LAST_WORDS_MS = 200;
/** All that it sees of ours: the gateway's own environment has secrets in it. */
const ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

/** Runs a program that brings the notification to the device. Exit code 0: it is on its way. */
export class CommandTrigger implements DeviceTrigger {
  readonly needsAddress: boolean;
  readonly #template: CommandTemplate;
  readonly #msMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(template: CommandTemplate, msMax = COMMAND_MS_MAX) {
    this.#template = template;
    this.#msMax = msMax;
    this.needsAddress = template.namesAddress;
  }

  async send(parcel: Parcel): Promise<void> {
    const addresses = this.needsAddress ? parcel.addresses : [parcel.addresses[0] ?? ""];
    const runs = await Promise.allSettled(addresses.map((address) => this.#run(parcel, address)));
    if (runs.some(({ status }) => status === "fulfilled")) return;
    const [first] = runs;
    throw first?.status === "rejected"
      ? first.reason
      : new AppError("conflict", "the device has no address to be called at");
  }

  async #run(parcel: Parcel, address: string): Promise<void> {
    await this.#turn();
    try {
      await runOnce(this.#template.program, this.#argsFor(parcel, address), this.#msMax);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }

  #argsFor({ device, notification, sessionId }: Parcel, address: string): string[] {
    return this.#template.argsWith({
      address,
      device,
      session: String(sessionId),
      notification: Buffer.from(notification).toString("hex"),
      push: Buffer.from(wrapPush(notification, sessionId)).toString("hex"),
    });
  }

  /** Whoever ends hands its turn on. */
  async #turn(): Promise<void> {
    if (this.#running < COMMANDS_MAX) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= COMMANDS_WAITING_MAX) {
      throw new AppError("unavailable", "too many devices are being called; try again later");
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

/** @throws AppError "unavailable" with what the program said */
async function runOnce(program: string, args: readonly string[], msMax: number): Promise<void> {
  // No shell: an argument is an argument, whatever is in it.
  const child = spawn(program, args, {
    shell: false,
    stdio: ["ignore", "ignore", "pipe"],
    timeout: msMax,
    killSignal: "SIGKILL",
    env: ENVIRONMENT,
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(0, WORDS_MAX);
  });
  const problem = await new Promise<string | undefined>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => {
      const end = signal ? `it was ended after ${msMax} ms` : `it ended with ${code}`;
      const done = () => resolve(code === 0 ? undefined : end);
      // Its last words may come after it; what it has left running may hold the line open for ever.
      const patience = setTimeout(done, LAST_WORDS_MS);
      child.once("close", () => {
        clearTimeout(patience);
        done();
      });
    });
  });
  child.stderr.destroy();
  if (problem === undefined) return;
  const said = words.trim() === "" ? "" : `: ${words.trim()}`;
  throw new AppError("unavailable", `the program ${program} did not call it, ${problem}${said}`);
}
