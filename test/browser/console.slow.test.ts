import { afterAll, beforeAll, describe, expect } from "bun:test";
import type { BrowserContext, Page } from "playwright-core";
import { findBrowser, type TestBrowser } from "../harness/browser.ts";
import { type ConsoleFixture, openConsole } from "../harness/console-fixture.ts";
import { type ConsoleServer, serveConsole } from "../harness/console-server.ts";
import { testUnless } from "../harness/skip.ts";

const WIDTHS = [1280, 380] as const;
/** How much wider the page is than the window. */
const WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
/** Tables that a name makes wider than twice their box: what stands beside it is out of sight. */
const TABLES_WIDER =
  '[...document.querySelectorAll(".table-box")].filter((box) => box.scrollWidth > 2 * box.clientWidth).length';
const FORMS = /new|upload|settings|audit|enrolment|link/;
const LOOK_MS = 5_000;
const TEST_MS = 60_000;

const found = await findBrowser();
const browserTest = testUnless("missing" in found ? found.missing : undefined);

describe("console in a browser", () => {
  let opened: TestBrowser | undefined;
  beforeAll(async () => {
    if ("open" in found) opened = await found.open();
  }, TEST_MS);
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
  });

  for (const width of WIDTHS) {
    for (const role of ["site", "hub"] as const) {
      browserTest(
        `no page of the ${role} scrolls sideways, complains, or asks another host at ${width} px`,
        async () => {
          await using console_ = await openConsole({ role, devices: 40 });
          await withPage(console_, { width }, async ({ page, server, complaints, foreign }) => {
            for (const path of pathsOf(console_)) {
              const response = await page.goto(server.url(path));
              const status = response?.status();
              const wider = await page.evaluate(WIDER);
              expect({ path, status, wider }).toEqual({ path, status: 200, wider: 0 });
            }
            expect(complaints).toEqual([]);
            expect(foreign).toEqual([]);
          });
        },
        TEST_MS,
      );
    }
  }

  for (const width of WIDTHS) {
    browserTest(
      `names of 200 letters without a blank keep within pages and tables at ${width} px`,
      async () => {
        await using console_ = await openConsole({
          devices: 8,
          families: true,
          names: "W".repeat(200),
        });
        await withPage(console_, { width }, async ({ page, server }) => {
          for (const path of pathsOf(console_).filter((one) => !FORMS.test(one))) {
            await page.goto(server.url(path));
            const wider = await page.evaluate(WIDER);
            const tables = await page.evaluate(TABLES_WIDER);
            expect({ path, wider, tables }).toEqual({ path, wider: 0, tables: 0 });
          }
        });
      },
      TEST_MS,
    );
  }

  browserTest(
    "a change shows by itself, without a reload, and what was ticked stays ticked",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      await withPage(console_, {}, async ({ page, server, complaints }) => {
        await page.goto(server.url("/installations?filter=bucket%3Afailed"));
        await page.waitForSelector("#live-state[data-state=live]", { timeout: LOOK_MS });
        await page.evaluate('document.body.dataset.same = "yes"');
        const before = await numberOf(page, ".tile.failed .number");
        const boxes = page.locator('tbody input[name="id"]');
        await boxes.nth(1).check();
        const chosen = await boxes.nth(1).getAttribute("value");

        const row = console_.data.rows.find(({ status }) => status === "installed");
        if (!row) throw new Error("the fixture has nothing installed");
        await console_.change(row, { status: "failed", lastErrorText: "It fell off the desk" });

        await page.waitForSelector("text=It fell off the desk", { timeout: LOOK_MS });
        expect(await numberOf(page, ".tile.failed .number")).toBe(before + 1);
        expect(await page.locator(`input[value="${chosen}"]`).isChecked()).toBe(true);
        expect(await page.evaluate("document.body.dataset.same")).toBe("yes");
        expect(complaints).toEqual([]);
      });
    },
    TEST_MS,
  );

  browserTest(
    "a number opens a list of exactly that many rows",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      await withPage(console_, {}, async ({ page, server }) => {
        for (const bucket of ["failed", "pending", "removed"]) {
          await page.goto(server.url(""));
          const link = page.locator(`.donut .legend a:has(.badge.${bucket})`);
          const count = Number(await link.getAttribute("data-count"));
          await link.click();
          await page.waitForURL(/bucket%3A/);
          expect({ bucket, rows: await page.locator("tbody tr").count() }).toEqual({
            bucket,
            rows: count,
          });
        }
        // The ring itself leads there too.
        await page.goto(server.url(""));
        await page.locator('.donut svg a[href*="bucket%3Apending"]').click();
        await page.waitForURL(/bucket%3Apending/);
      });
    },
    TEST_MS,
  );

  browserTest(
    "failed rows are chosen with the keyboard and retried together",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      await withPage(console_, {}, async ({ page, server }) => {
        await page.goto(server.url("/installations?filter=bucket%3Afailed"));
        const before = await page.locator("tbody tr").count();
        for (const index of [0, 1]) {
          await page.locator('tbody input[name="id"]').nth(index).focus();
          await page.keyboard.press("Space");
        }
        await page.waitForSelector("text=2 selected", { timeout: LOOK_MS });
        await page.getByRole("button", { name: "Retry the chosen" }).focus();
        await page.keyboard.press("Enter");
        await page.waitForSelector("text=2 rows will be tried again", { timeout: LOOK_MS });
        expect(await page.locator("tbody tr").count()).toBe(before - 2);
      });
    },
    TEST_MS,
  );

  browserTest(
    "one box chooses the whole page, and all failed rows are retried after a question",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      await withPage(console_, {}, async ({ page, server }) => {
        await page.goto(server.url("/installations?filter=bucket%3Afailed"));
        await page.locator("[data-check-all]").check();
        const rows = await page.locator("tbody tr").count();
        await page.waitForSelector(`text=${rows} selected`, { timeout: LOOK_MS });
        const questions: string[] = [];
        page.on("dialog", async (dialog) => {
          questions.push(dialog.message());
          await dialog.accept();
        });
        await page.getByRole("button", { name: /^Retry all/ }).click();
        await page.waitForSelector("text=No row fits this filter", { timeout: LOOK_MS });
        expect(questions).toEqual([`Retry all ${rows} failed rows of this filter?`]);
      });
    },
    TEST_MS,
  );

  browserTest(
    "a lost connection is said, and found again",
    async () => {
      await using console_ = await openConsole({ devices: 4 });
      await withPage(console_, {}, async ({ page, server, context }) => {
        await page.goto(server.url(""));
        await page.waitForSelector("#live-state[data-state=live]", { timeout: LOOK_MS });
        await context.setOffline(true);
        console_.cut();
        await page.waitForSelector("#live-state[data-state=lost]", { timeout: LOOK_MS });
        await context.setOffline(false);
        await page.waitForSelector("#live-state[data-state=live]", { timeout: 4 * LOOK_MS });
      });
    },
    TEST_MS,
  );

  browserTest(
    "a file is uploaded with its progress, and leads to an app",
    async () => {
      await using console_ = await openConsole({ devices: 4 });
      await withPage(console_, {}, async ({ page, server, complaints }) => {
        await page.goto(server.url("/files/upload"));
        const buffer = Buffer.alloc(3_000_000, "x");
        const file = { name: "till.xap", mimeType: "application/octet-stream", buffer };
        await page.setInputFiles("input[type=file]", [file]);
        await page.waitForSelector("text=Stored, 3.0 MB", { timeout: LOOK_MS });
        await page.getByRole("link", { name: "Make an app of it" }).click();
        expect(await page.inputValue("#field-name")).toBe("till");
        const sha256 = new Bun.CryptoHasher("sha256").update(buffer).digest("hex");
        expect(await page.inputValue("#field-file")).toBe(sha256);
        expect(complaints).toEqual([]);
      });
    },
    TEST_MS,
  );

  for (const [width, colorScheme] of [
    [1280, "light"],
    [380, "dark"],
  ] as const) {
    browserTest(
      `pages of agents, DDI, Mender, Windows CE and of 60 steps fit and can be read at ${width} px, ${colorScheme}`,
      async () => {
        await using console_ = await openConsole({ devices: 4, families: true });
        await withPage(console_, { width, colorScheme }, async ({ page, server, complaints }) => {
          for (const path of familyPathsOf(console_)) {
            const status = (await page.goto(server.url(path)))?.status();
            const seen = { wider: await page.evaluate(WIDER), pale: await paleTexts(page) };
            expect({ path, status, ...seen }).toEqual({ path, status: 200, wider: 0, pale: [] });
          }
          expect(complaints).toEqual([]);
        });
      },
      TEST_MS,
    );
  }

  browserTest(
    "a device is added in each protocol: what it needs is shown, and what to type on it can be read",
    async () => {
      await using console_ = await openConsole({ devices: 4 });
      const ids = {
        "oma-dm": "IMEI:490154203237518",
        agent: "till 7",
        ddi: "kiosk-7",
        ce: "0F3B0C2D-4E5A",
      } as const;
      for (const [protocol, id] of Object.entries(ids)) {
        const looked = { width: 380, colorScheme: "dark" } as const;
        await withPage(console_, looked, async ({ page, server, complaints }) => {
          await page.goto(server.url("/devices/new"));
          await page.selectOption("#field-protocol", protocol);
          const isShown = (selector: string) => page.locator(selector).isVisible();
          expect({
            protocol,
            token: await isShown("#field-token"),
            key: await isShown("#field-publicKey"),
            platform: await isShown("#field-platform"),
          }).toEqual({
            protocol,
            token: protocol === "ddi",
            key: false,
            platform: protocol === "oma-dm" || protocol === "agent",
          });
          await page.fill("#field-stableId", id);
          await page.locator("#field-stableId").press("Enter");
          await page.waitForSelector(".snippet pre", { timeout: LOOK_MS });
          expect(await page.locator(".snippet pre").first().textContent()).toContain(
            "http://site.example:8080",
          );
          expect(await page.locator(".snippet button[data-copy]").first().isVisible()).toBe(true);
          const seen = { wider: await page.evaluate(WIDER), pale: await paleTexts(page) };
          expect({ protocol, ...seen }).toEqual({ protocol, wider: 0, pale: [] });
          expect(complaints).toEqual([]);
        });
      }
    },
    TEST_MS,
  );

  browserTest(
    "what is wrong stands at its field, which has the focus of the keyboard next",
    async () => {
      await using console_ = await openConsole({ devices: 4 });
      await withPage(console_, {}, async ({ page, server }) => {
        await page.goto(server.url("/devices/new?protocol=mender"));
        await page.fill("#field-stableId", "02:00");
        await page.fill("#field-publicKey", "-----BEGIN PUBLIC KEY-----");
        await page.getByRole("button", { name: "Add the device" }).click();
        await page.waitForSelector("#wrong-stableId", { timeout: LOOK_MS });
        expect(await page.inputValue("#field-protocol")).toBe("mender");
        expect(await page.locator("#field-publicKey").isVisible()).toBe(true);
        expect(await page.evaluate("document.activeElement?.id")).toBe("field-stableId");
      });
    },
    TEST_MS,
  );

  browserTest(
    "without JavaScript pages read, filter and retry all the same",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      await withPage(console_, { javaScript: false }, async ({ page, server }) => {
        await page.goto(server.url(""));
        await page.locator(".donut .legend a:has(.badge.failed)").click();
        const before = await page.locator("tbody tr").count();
        await page.locator('tbody input[name="id"]').first().check();
        await page.getByRole("button", { name: "Retry the chosen" }).click();
        expect(await page.locator("tbody tr").count()).toBe(before - 1);
        await page.fill("#filter", "bucket:received");
        await page.getByRole("button", { name: "Show" }).click();
        expect(await page.locator("tbody .badge.failed").count()).toBe(0);
      });
    },
    TEST_MS,
  );

  browserTest(
    "texts and their grounds differ enough to be read, in light and in dark",
    async () => {
      await using console_ = await openConsole({ devices: 40 });
      for (const colorScheme of ["light", "dark"] as const) {
        await withPage(console_, { colorScheme }, async ({ page, server }) => {
          for (const path of pathsOf(console_)) {
            await page.goto(server.url(path));
            expect({ path, colorScheme, pale: await paleTexts(page) }).toEqual({
              path,
              colorScheme,
              pale: [],
            });
          }
        });
      }
    },
    TEST_MS,
  );

  interface Looking {
    readonly page: Page;
    readonly context: BrowserContext;
    readonly server: ConsoleServer;
    readonly complaints: readonly string[];
    readonly foreign: readonly string[];
  }

  interface Settings {
    readonly width?: number;
    readonly colorScheme?: "light" | "dark";
    readonly javaScript?: boolean;
  }

  async function withPage(
    console_: ConsoleFixture,
    { width = 1280, colorScheme = "light", javaScript = true }: Settings,
    body: (looking: Looking) => Promise<void>,
  ): Promise<void> {
    if (!opened) throw new Error("the browser is not open");
    await using server = serveConsole(console_);
    const context = await opened.browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      javaScriptEnabled: javaScript,
    });
    try {
      await context.addCookies([server.cookie]);
      const page = await context.newPage();
      const complaints: string[] = [];
      const foreign: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("request", (request) => {
        if (!request.url().startsWith(server.origin)) foreign.push(request.url());
      });
      await body({ page, context, server, complaints, foreign });
    } finally {
      await context.close();
    }
  }
});

function pathsOf({ data, deps }: ConsoleFixture): string[] {
  const row = data.rows.find(({ status }) => status === "failed") ?? data.rows[0];
  return [
    "",
    "/installations",
    "/installations?filter=bucket%3Afailed",
    `/installations/${row?.site}.${row?.distribution}.${row?.device}`,
    "/devices",
    `/devices/${row?.device}`,
    "/apps",
    "/apps/point-of-sale",
    "/apps/new",
    "/distributions",
    "/distributions/d-point-of-sale",
    "/distributions/new",
    "/windows",
    "/windows/every-night",
    "/windows/new",
    "/groups",
    "/groups/new",
    "/files",
    "/files/upload",
    "/link",
    "/audit",
    "/settings",
    "/settings/administrators",
    "/settings/tokens",
    "/settings/backups",
    ...(deps.role === "site"
      ? ["/enrolment", "/enrolment/windows", "/devices/new", "/settings/keys"]
      : ["/sites", "/overrides", "/quarantine", `/quarantine/f${"0".repeat(31)}`]),
  ];
}

/** What devices that come and ask for work bring along. */
function familyPathsOf({ data }: ConsoleFixture): string[] {
  const families = data.devices.filter(({ protocol }) => protocol !== "oma-dm");
  const told = data.rows.find(({ device }) => device === families[0]?.id);
  return [
    "/devices?sort=protocol",
    ...families.slice(1).map(({ id }) => `/devices/${id}`),
    `/installations/${told?.site}.${told?.distribution}.${told?.device}`,
    "/apps/point-of-sale/revisions/point-of-sale-steps",
    "/apps/point-of-sale/revisions/new-steps",
    "/apps/till-agent/revisions/till-agent-2-0",
    "/settings",
  ];
}

async function numberOf(page: Page, selector: string): Promise<number> {
  return Number(((await page.locator(selector).textContent()) ?? "").replaceAll(",", ""));
}

/** Texts of less contrast than WCAG AA asks for. */
async function paleTexts(page: Page): Promise<unknown> {
  return page.evaluate(await Bun.file(`${import.meta.dir}/pale-texts.js`).text());
}
