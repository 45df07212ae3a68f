import { describe, expect, test } from "bun:test";
import { REASONS, type Reason } from "../../../devices/model/installation.ts";
import { REASON_WORDS } from "../../../gateway/console/words.ts";
import type { SiteLine } from "../../../gateway/http/use-cases.ts";
import { openConsole } from "../../harness/console-fixture.ts";
import { expectSoundPages, problemsOf } from "./crawl.ts";
import { readPage } from "./read-page.ts";

/** The larger ones are in the slow form. */
const CASES = [
  { role: "site", devices: 40, as: "admin" },
  { role: "site", devices: 0, as: "admin" },
  { role: "site", devices: 0, as: "viewer" },
  { role: "hub", devices: 0, as: "admin" },
] as const;

describe("pages", () => {
  for (const options of CASES) {
    const name = `${options.role}, ${options.devices} devices, ${options.as}`;
    test(`every link leads somewhere, and every page is well made (${name})`, async () => {
      await expectSoundPages(options);
    });
  }

  test("a page that nobody has is a page, and a problem for programs", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const page = await readPage(await console_.get("/nothing-here", { accept: "text/html" }));
    expect(page.status).toBe(404);
    expect(page.text).toContain("There is nothing here");
    expect(problemsOf({ ...page, status: 200 })).toEqual([]);
    expect(await (await console_.get("/nothing-here")).text()).toBe("nothing here");
  });

  test("what fails inside becomes a page that tells nothing but the request's id", async () => {
    const console_ = await openConsole({ devices: 1 });
    const broken = new Error("secret path /srv/outpost");
    const reports = console_.deps.reports as unknown as { buckets: () => Promise<never> };
    reports.buckets = () => Promise.reject(broken);
    const page = await readPage(await console_.get("", { accept: "text/html" }));
    expect(page.status).toBe(500);
    expect(page.text).toContain("request-1");
    expect(page.text).not.toContain("secret path");
    // It is in the log, and the fixture reports what was logged.
    await expect(console_[Symbol.asyncDispose]()).rejects.toThrow("the console logged errors");
  });

  test("a filter that cannot be read is said where it is typed", async () => {
    await using console_ = await openConsole({ devices: 2 });
    const page = await readPage(await console_.get("/installations?filter=nonsense%3Ax"));
    expect(page.status).toBe(400);
    expect(page.text).toContain("the filter cannot be read at character");
    expect(page.html).toContain('value="nonsense:x"');
  });

  test("every pending row says why, since when, what comes next and the last contact", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const page = await readPage(
      await console_.get("/installations?filter=status%3Apending_install&limit=500"),
    );
    const rows = page.html.split("<tr").slice(2);
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      expect(row).toContain('class="why"');
      expect(row).toContain("Since ");
      expect(row).toContain("Next attempt");
      expect(row).toMatch(/data-label="Last contact">(<time|<span class="muted">never)/);
      expect(row).toMatch(/\d\d:\d\d CES?T/);
    }
  });

  test("the hub, which hears of no contact without news, tells when a device last reported", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 20 });
    for (const path of ["/installations", "/devices"]) {
      const { html } = await readPage(await console_.get(path));
      expect(html).toContain('data-label="Last report"');
      expect(html).not.toContain("Last contact");
      expect(html).not.toContain("Never in contact");
    }
  });

  test("the hub shows each of the twelve reasons with what comes next, or sends one to the site", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 60 });
    const pending = console_.data.rows.filter(
      ({ counted, current, status, winner }) =>
        counted && current && winner && status === "pending_install",
    );
    const shown = new Map<Reason | null, string>();
    for (const [index, reason] of [null, ...REASONS].entries()) {
      const row = pending[index];
      if (!row) throw new Error("too few rows");
      const heard = { reasonDetail: "", nextAttemptMs: null, lastError: null, stale: false };
      await console_.change(row, { reason, ...heard });
      const path = `/installations/${row.site}.${row.distribution}.${row.device}`;
      const page = await readPage(await console_.get(path));
      expect(problemsOf(page)).toEqual([]);
      shown.set(reason, page.text);
    }
    for (const [reason, text] of shown) {
      if (reason !== null) expect(text).toContain(REASON_WORDS[reason]);
      expect(text).toMatch(/Next attempt (?:in|once|at|never|the site)/);
    }
    expect(shown.get(null)).toContain("Its site has not said why");
    for (const reason of ["window", "instant", "content", null] as const) {
      expect(shown.get(reason)).toContain("ask the site");
      expect(shown.get(reason)).not.toContain("at the device's next contact");
    }
    expect(shown.get("stopped")).toContain("Next attempt never");
    expect(shown.get("compliance")).not.toContain("ask the site");
  });

  test("a button that cannot be used stays and says why", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const row = console_.data.rows.find(({ status }) => status === "installed");
    const path = `/installations/${row?.site}.${row?.distribution}.${row?.device}`;
    const page = await readPage(await console_.get(path));
    const button = page.elements.find(
      ({ attributes }) => attributes.get("aria-disabled") === "true",
    );
    expect(page.html).toContain(`id="${button?.attributes.get("aria-describedby")}"`);
    expect(page.text).toContain("Only failed work is retried; this is");
  });

  test("text from devices is text: it cannot become markup", async () => {
    await using console_ = await openConsole({ devices: 3 });
    const row = console_.data.rows[0];
    if (!row) throw new Error("no row");
    const nasty = '<script>alert(1)</script>"><img src=x onerror=alert(1)>';
    await console_.change(row, { status: "failed", lastErrorText: nasty, state: nasty });
    for (const path of ["", "/installations", `/devices/${row.device}`]) {
      const page = await readPage(await console_.get(path));
      expect(page.text).toContain(nasty);
      expect(problemsOf(page)).toEqual([]);
    }
  });

  test("the live part alone is answered to whoever asks for it", async () => {
    await using console_ = await openConsole({ devices: 3 });
    const whole = await readPage(await console_.get("/installations"));
    const part = await readPage(await console_.get("/installations", { "HX-Request": "true" }));
    expect(part.html).not.toContain("<html");
    expect(part.html).toContain('id="live"');
    expect(whole.html).toContain(part.html.slice(0, 200));
  });

  test("whoever is not logged in is sent to the login, and comes back", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.get("/devices?filter=removed%3Atrue", { cookie: "" });
    expect(response.status).toBe(303);
    const location = response.headers.get("location") ?? "";
    expect(location).toBe("/login?to=%2Fdevices%3Ffilter%3Dremoved%253Atrue");
    const fragment = await console_.get("/devices", { cookie: "", "HX-Request": "true" });
    expect([fragment.status, fragment.headers.get("hx-redirect")]).toEqual([
      204,
      "/login?to=%2Fdevices",
    ]);
    expect((await console_.get("/console/events", { cookie: "" })).status).toBe(401);
  });

  test("assets are served under their hash for ever, and only so", async () => {
    await using console_ = await openConsole({ devices: 0, role: "hub" });
    const page = await readPage(await console_.get(""));
    const paths = page.elements
      .map(({ attributes }) => attributes.get("src") ?? attributes.get("href") ?? "")
      .filter((path) => path.includes("/console/assets/"));
    expect(new Set(paths).size).toBeGreaterThan(4);
    for (const path of new Set(paths.map((one) => one.replace(/#.*$/, "")))) {
      const response = await console_.get(path.replace(/^\/hub/, ""), { cookie: "" });
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get("cache-control")).toContain("immutable");
    }
    expect((await console_.get("/console/assets/0000/console.css")).status).toBe(404);
  });
});

describe("the link", () => {
  const textOf = async (line: Partial<SiteLine>) => {
    await using console_ = await openConsole({ devices: 0, line });
    return (await readPage(await console_.get("/link"))).text;
  };

  test("is everything at the hub, unless the hub has not taken something", async () => {
    expect(await textOf({})).toContain("Live: everything is at the hub");
    const flawed = await textOf({ lastError: "the hub set a journal frame aside: journal-shape" });
    expect(flawed).toContain("On the line, with a problem");
    expect(flawed).toContain("The hub set a journal frame aside");
    expect(flawed).not.toContain("everything is at the hub");
  });

  test("has words for a site that works for itself, and for one that has not joined", async () => {
    const alone = await textOf({ phase: "alone", joined: false, hubUrl: null, site: null });
    expect(alone).toContain("works for itself");
    expect(alone).not.toContain("Particulars");
    const problem = "the join code was used";
    const joining = { joined: false, joinProblem: problem, lastError: problem, incarnation: null };
    expect(await textOf({ ...joining, phase: "joining" })).toContain("The join code was used");
  });

  test("shows no names of fields, and how far the clocks are apart", async () => {
    const text = await textOf({ clockOffsetMs: -7_200_000 });
    expect(text).toContain("2 h behind the hub's");
    expect(text).not.toMatch(/clockOffset|Hub url|Pending/);
  });
});
