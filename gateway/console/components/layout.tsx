import { raw } from "hono/html";
import type { Child, PropsWithChildren } from "hono/jsx";
import { assetPath } from "../assets.ts";
import { url, type View } from "../view.ts";
import { Band } from "./band.tsx";
import { Sidebar } from "./sidebar.tsx";

/** htmx never needs to run text as code here, nor to add a style sheet of its own. */
const HTMX_CONFIG = JSON.stringify({
  includeIndicatorCSS: false,
  history: false,
  morphIgnore: ["data-htmx-powered", "open", "hidden"],
});

export interface PageProps {
  readonly view: View;
  readonly title: string;
  /** One or two sentences under the title. */
  readonly lead?: Child;
  /** Where this page is: links from the top down. */
  readonly crumbs?: readonly { readonly label: string; readonly path: string }[];
  /** Buttons beside the title. */
  readonly actions?: Child;
  /** Client files that only this page needs. */
  readonly scripts?: readonly "upload.js"[];
}

/** The frame of every page that needs a login. For a fragment only the content is written. */
export function Page(props: PropsWithChildren<PageProps>) {
  const { view, title, lead, crumbs, actions, scripts = [], children } = props;
  if (view.isFragment) return <>{children}</>;
  return (
    <Document view={view} title={title} scripts={["htmx.js", "live.js", "forms.js", ...scripts]}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <div class="frame">
        <Sidebar view={view} />
        <main class="main" id="main" tabindex={-1}>
          <div class="status-line">
            <span>
              {view.role === "hub"
                ? "Times are the local times of each site"
                : `Times in ${view.zone}`}
            </span>
            <span class="live-state" id="live-state" role="status" aria-live="polite">
              Not live yet
            </span>
          </div>
          <div class="page-head">
            <div>
              {crumbs && (
                <nav class="crumbs" aria-label="You are here">
                  {crumbs.map(({ label, path }) => (
                    <>
                      <a href={url(view, path)}>{label}</a> {"› "}
                    </>
                  ))}
                </nav>
              )}
              <h1>{title}</h1>
              {lead !== undefined && <div class="lead">{lead}</div>}
            </div>
            {actions !== undefined && <div class="buttons">{actions}</div>}
          </div>
          {view.notice !== undefined && (
            <Band view={view} kind="good">
              {view.notice}
            </Band>
          )}
          {children}
        </main>
      </div>
    </Document>
  );
}

/** The part of a page that is asked for again whenever something changed. One per page. */
export function Live({ view, children }: PropsWithChildren<{ view: View }>) {
  return (
    <div
      id="live"
      class="live"
      data-changes={view.changes}
      hx-get={view.address}
      hx-trigger="outpost-changed from:body"
      hx-select="#live"
      hx-target="this"
      hx-swap="outerMorph"
    >
      {children}
    </div>
  );
}

export interface DocumentProps {
  readonly view: View;
  readonly title: string;
  readonly scripts: readonly ("htmx.js" | "live.js" | "forms.js" | "upload.js")[];
}

export function Document({ view, title, scripts, children }: PropsWithChildren<DocumentProps>) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="htmx-config" content={HTMX_CONFIG} />
          <title>{`${title} · ${view.name} · Outpost`}</title>
          <link rel="icon" href={`${view.base}${assetPath("favicon.svg")}`} />
          <link rel="stylesheet" href={`${view.base}${assetPath("console.css")}`} />
          {scripts.map((name) => (
            <script src={`${view.base}${assetPath(name)}`} defer />
          ))}
        </head>
        <body data-events={`${view.base}/console/events`}>{children}</body>
      </html>
    </>
  );
}
