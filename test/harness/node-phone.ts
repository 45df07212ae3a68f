import { type PhoneState, phone } from "./phone.ts";
import type { RawCommand, RawReply } from "./raw-device.ts";
import { P1_DOWNLOAD } from "./site-core.ts";

/** A device that keeps what is written to its download node, as real ones do. */
export class NodePhone {
  readonly state: PhoneState = { seen: [], installed: null, say: (command) => this.#say(command) };
  /** The download node; null: there is none. */
  node: { version: string; status: number } | null = null;
  /** Versions whose download was started by Exec. */
  readonly started: string[] = [];
  readonly #hasAtomic: boolean;

  constructor(hasAtomic: boolean) {
    this.#hasAtomic = hasAtomic;
  }

  get handler() {
    return phone(this.state);
  }

  /** The running download ends. */
  finish(): void {
    if (!this.node) throw new Error("nothing runs");
    this.node.status = 5;
    this.state.installed = this.node.version;
  }

  #say(command: RawCommand): RawReply | undefined {
    if (command.name === "Atomic") {
      if (!this.#hasAtomic) return { code: 501 };
      const members = command.children.map((child) => this.#say(child) ?? { code: 200 });
      const failed = members.some(({ code }) => code >= 300);
      return { code: failed ? 507 : 200, members };
    }
    const uri = command.items[0]?.uri ?? "";
    if (!uri.startsWith(P1_DOWNLOAD)) return undefined;
    if (command.name === "Add" && this.node) return { code: 418 };
    if (command.name === "Replace" && !this.node) return { code: 404 };
    if (command.name === "Add" || command.name === "Replace") {
      const version = command.items.find((item) => item.uri.endsWith("/Version"))?.data ?? "";
      this.node = { version, status: this.node?.status ?? 1 };
      return { code: 200 };
    }
    if (command.name === "Exec") {
      if (!this.node) return { code: 404 };
      this.node.status = 2;
      this.started.push(this.node.version);
      return { code: 202 };
    }
    if (!this.node) return { code: 404 };
    const data = { Status: String(this.node.status), Version: this.node.version }[
      uri.split("/").at(-1) ?? ""
    ];
    return { code: 200, results: [{ uri, data: data ?? "" }] };
  }
}
