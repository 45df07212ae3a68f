import { type PhoneState, phone } from "./phone.ts";
import type { RawCommand, RawDevice } from "./raw-device.ts";

/** A device that does what it is told: it installs what is pushed, one status further per session. */
export class AutoPhone {
  readonly raw: RawDevice;
  readonly id: string;
  readonly state: PhoneState;
  /** The statuses still to be told of the running download. */
  #steps: number[] = [];
  #version = "";

  constructor(id: string, raw: RawDevice, installed: string | null = null) {
    this.id = id;
    this.raw = raw;
    this.state = { seen: [], installed, download: null, say: (command) => this.#say(command) };
  }

  /** One session; returns the versions that were pushed in it. */
  async contact(): Promise<string[]> {
    const step = this.#steps.shift();
    if (step !== undefined) {
      this.state.download = { status: step };
      if (step === 5) this.state.installed = this.#version;
    }
    this.state.seen.length = 0;
    await this.raw.session(phone(this.state));
    return this.state.seen.flatMap((command) => versionOf(command) ?? []);
  }

  #say(command: RawCommand): undefined {
    const version = versionOf(command);
    if (version === undefined) return undefined;
    this.#version = version;
    this.#steps = [2, 5];
    this.state.download = { status: 1 };
    return undefined;
  }
}

function versionOf(command: RawCommand): string | undefined {
  if (command.name !== "Atomic") return undefined;
  return command.children[0]?.items.find((item) => item.uri.endsWith("/Version"))?.data;
}
