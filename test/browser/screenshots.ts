/**
 * Pictures of the console's pages, for eyes: `npm run screenshots [folder] [page…]`. Both widths,
 * both colour schemes, a full and an empty gateway.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { findBrowser } from "../harness/browser.ts";
import { openConsole } from "../harness/console-fixture.ts";
import { serveConsole } from "../harness/console-server.ts";

const [folder = "dist/screenshots", ...wanted] = process.argv.slice(2);
const WIDTHS = [1280, 380] as const;
const SCHEMES = ["light", "dark"] as const;

const found = await findBrowser();
if ("missing" in found) {
  console.error(found.missing);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
await using opened = await found.open();

for (const role of ["site", "hub"] as const) {
  for (const fill of ["full", "empty"] as const) {
    await using console_ = await openConsole({ role, devices: fill === "full" ? 140 : 0 });
    await using server = serveConsole(console_);
    const { data } = console_;
    const row = data.rows.find(({ status }) => status === "failed") ?? data.rows[0];
    const pages: Record<string, string> = {
      overview: "",
      installations: "/installations",
      failed: "/installations?filter=bucket:failed",
      devices: "/devices",
      apps: "/apps",
      distributions: "/distributions",
      windows: "/windows",
      groups: "/groups",
      files: "/files",
      link: "/link",
      settings: "/settings",
      audit: "/audit",
      error: "/nothing",
      ...(role === "site"
        ? {
            sessions: "/sessions",
            "sessions-of-device": row ? `/devices/${row.device}/sessions` : "/sessions?outcome=cut",
            ...(row && {
              "session-good": "/sessions/1",
              "session-failed": "/sessions/2",
              "session-refused": "/sessions/3",
              "session-long": "/sessions/4",
              "session-unreadable": "/sessions/5",
              "session-gone": "/sessions/99",
            }),
            enrolment: "/enrolment",
            "windows-pcs": "/enrolment/windows",
            keys: "/settings/keys",
          }
        : { sites: "/sites", overrides: "/overrides", quarantine: "/quarantine" }),
      backups: "/settings/backups",
      ...(row && {
        device: `/devices/${row.device}`,
        installation: `/installations/${row.site}.${row.distribution}.${row.device}`,
        app: "/apps/point-of-sale",
        distribution: "/distributions/d-point-of-sale",
        window: "/windows/every-night",
        "new-distribution": "/distributions/new",
        "new-window": "/windows/new",
        "new-app": "/apps/new",
        "new-steps": "/apps/point-of-sale/revisions/new-steps",
        revision: "/apps/point-of-sale/revisions/point-of-sale-steps",
        "revision-distributed": "/apps/point-of-sale/revisions/point-of-sale-2-0",
        upload: "/files/upload",
        administrators: "/settings/administrators",
        tokens: "/settings/tokens",
      }),
    };
    for (const width of WIDTHS) {
      for (const colorScheme of SCHEMES) {
        const context = await opened.browser.newContext({
          viewport: { width, height: 900 },
          colorScheme,
        });
        await context.addCookies([server.cookie]);
        const page = await context.newPage();
        for (const [name, path] of Object.entries(pages)) {
          const file = `${role}-${fill}-${name}-${width}-${colorScheme}.png`;
          if (wanted.length > 0 && !wanted.some((part) => file.includes(part))) continue;
          await page.goto(server.url(path));
          await page.screenshot({ path: join(folder, file), fullPage: true });
          console.log(file);
        }
        if (wanted.length === 0 || wanted.includes("login")) {
          await context.clearCookies();
          await page.goto(server.url("/login"));
          await page.screenshot({
            path: join(folder, `${role}-login-${width}-${colorScheme}.png`),
          });
        }
        await context.close();
      }
    }
  }
}
