import { replanAll, wantedFiles } from "../../devices/service/replan-all.ts";
import type { SiteContext } from "../../devices/service/site-context.ts";
import type { SiteContent } from "../content/site-content.ts";

/**
 * Plans the whole site again when it is asked to, one round at a time: whoever asks while a round
 * runs waits for one that begins after, so that it has seen what they changed.
 */
export class Replanner {
  readonly #context: SiteContext;
  readonly #content: SiteContent;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(context: SiteContext, content: SiteContent) {
    this.#context = context;
    this.#content = content;
  }

  run(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#round().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#next ??= this.#running
      .catch(() => undefined) // The round's own caller hears of it.
      .then(() => {
        this.#next = undefined;
        return this.run();
      });
    return this.#next;
  }

  async #round(): Promise<void> {
    // Content first: the plan says "waits for content" only of what is asked for.
    await this.#content.ensure(wantedFiles(this.#context.policy.read(), this.#context.site));
    await replanAll(this.#context);
  }
}
