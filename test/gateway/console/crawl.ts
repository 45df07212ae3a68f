import { expect } from "bun:test";
import { ENROLMENT_PATH } from "../../../gateway/http/routes/windows-enrolment.ts";
import {
  type ConsoleFixture,
  type ConsoleFixtureOptions,
  openConsole,
} from "../../harness/console-fixture.ts";
import { type Element, type ReadPage, readPage } from "./read-page.ts";

/** Enough to reach every kind of page; one of each kind is looked at. */
const PAGES_MAX = 400;

/** Follows every link of a console, and holds each page to what every page has to keep. */
export async function expectSoundPages(options: ConsoleFixtureOptions): Promise<void> {
  await using console_ = await openConsole(options);
  const pages = await crawl(console_);
  const problems = [...pages].flatMap(([path, page]) =>
    problemsOf(page).map((problem) => `${path}: ${problem}`),
  );
  expect(problems).toEqual([]);
  expect(pages.size).toBeGreaterThan(options.devices === 0 ? 8 : 20);
}

/** Every page that can be reached by links, one of each kind. */
async function crawl(console_: ConsoleFixture): Promise<ReadonlyMap<string, ReadPage>> {
  const pages = new Map<string, ReadPage>();
  const seen = new Set<string>();
  const waiting = [""];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const kind = kindOf(path);
    if (seen.has(kind)) continue;
    seen.add(kind);
    if (pages.size > PAGES_MAX) throw new Error("the pages do not end");
    const response = await console_.get(path, { accept: "text/html" });
    if (response.status === 303) {
      waiting.push(response.headers.get("location") ?? "");
      continue;
    }
    if (!(response.headers.get("content-type") ?? "").startsWith("text/html")) {
      expect([path, response.status]).toEqual([path, 200]);
      continue;
    }
    const page = await readPage(response);
    pages.set(path, page);
    for (const { href } of page.links) {
      if (!href.startsWith(`${console_.base}/`) || href.endsWith("/docs")) continue;
      if (href.startsWith(ENROLMENT_PATH)) continue; // a file, not a page
      waiting.push(href.slice(console_.base.length).replace(/#.*$/, ""));
    }
  }
  return pages;
}

/** Filters differ without end: a page is looked at once for each set of fields. */
function kindOf(path: string): string {
  const { pathname, searchParams } = new URL(path, "http://x");
  const fields = (searchParams.get("filter") ?? "").match(/[a-z]+(?=:)/gi) ?? [];
  const others = [...searchParams.keys()].filter((name) => name !== "filter");
  return `${pathname.replace(/[0-9a-f]{32}/g, "*")} ${fields} ${others}`;
}

/** What is wrong with a page, whatever it shows. */
export function problemsOf({ status, html, elements }: ReadPage): string[] {
  const problems: string[] = [];
  const say = (isWrong: boolean, words: string) => isWrong && problems.push(words);
  const attribute = (name: string) =>
    elements.flatMap(({ attributes }) => attributes.get(name) ?? []);
  say(status !== 200, `status ${status}`);
  say(/undefined|\[object|NaN|Invalid Date/.test(html), "something that was not meant for people");
  say(elements.filter(({ name }) => name === "h1").length !== 1, "not one h1");
  say(attribute("style").length > 0, "an inline style");
  say(elements.some(isInlineScript), "an inline script");
  say(elements.some(hasHandler), "an inline handler");
  say(attribute("src").concat(attribute("href")).some(isForeign), "a link to another host");
  const ids = attribute("id");
  const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
  say(twice.length > 0, `ids that come twice: ${twice.slice(0, 3)}`);
  const labelled = new Set(attribute("for"));
  const nameless = elements.filter((one) => isControl(one) && !isNamed(one, labelled));
  say(nameless.length > nestedLabels(html), "a field without a label");
  return problems;
}

function isInlineScript({ name, attributes }: Element): boolean {
  return name === "script" && !attributes.has("src");
}

function hasHandler({ attributes }: Element): boolean {
  return [...attributes.keys()].some((name) => /^(on|hx-on)/.test(name));
}

function isForeign(path: string): boolean {
  return /^([a-z]+:)?\/\//i.test(path) || path.startsWith("javascript:");
}

function isControl({ name, attributes }: Element): boolean {
  return /^(input|select|textarea)$/.test(name) && attributes.get("type") !== "hidden";
}

function isNamed({ attributes }: Element, labelled: ReadonlySet<string>): boolean {
  return attributes.has("aria-label") || labelled.has(attributes.get("id") ?? "");
}

/** Boxes that stand inside their label need no `for`. */
function nestedLabels(html: string): number {
  return html.match(/<label class="(chip|choice)"[^>]*>\s*<input/g)?.length ?? 0;
}
