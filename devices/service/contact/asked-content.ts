import type { ContentCatalogue } from "../../ports/content-catalogue.ts";

type Questions = Pick<ContentCatalogue, "has" | "describeMissing" | "describeSource">;

/** The content on hand, with a memory of what it was asked and what it said. */
export class AskedContent implements Questions {
  readonly #content: Questions;
  readonly #asked: (() => boolean)[] = [];

  constructor(content: Questions) {
    this.#content = content;
  }

  has: Questions["has"] = (sha256) => this.#ask(() => this.#content.has(sha256));

  describeMissing: Questions["describeMissing"] = (sha256) =>
    this.#ask(() => this.#content.describeMissing(sha256));

  describeSource: Questions["describeSource"] = (revision) =>
    this.#ask(() => this.#content.describeSource(revision));

  /** Every question is answered now as it was then. */
  saysTheSame(): boolean {
    return this.#asked.every((isSame) => isSame());
  }

  #ask<Answer extends string | boolean>(ask: () => Answer): Answer {
    const answer = ask();
    this.#asked.push(() => ask() === answer);
    return answer;
  }
}
