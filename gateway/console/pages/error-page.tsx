import { Band } from "../components/band.tsx";
import { Door } from "../components/door.tsx";
import { Page } from "../components/layout.tsx";
import { url, type View } from "../view.ts";

const TITLES: Readonly<Record<number, string>> = {
  400: "This request cannot be read",
  401: "Log in first",
  403: "You may not do this",
  404: "There is nothing here",
  409: "The state of things does not allow it",
  413: "This is too large",
  422: "A field is wrong",
  429: "Too many attempts",
  503: "Not possible at the moment",
  507: "There is no room left",
};

const ADVICE: Readonly<Record<number, string>> = {
  403: "Ask an administrator of this gateway, or log in as somebody who may.",
  404: "The address may be mistyped, or what it showed was removed.",
  409: "Go back, look at how things are now, and decide again.",
  503: "Wait a little and try again.",
  507: "Free disk space: remove content that nobody needs any more.",
};

export interface ErrorPageProps {
  readonly view: View;
  readonly status: number;
  readonly words: string;
  readonly requestId: string | undefined;
}

/** What went wrong, in the frame of all pages, and where to go from here. */
export function ErrorPage({ view, status, words, requestId }: ErrorPageProps) {
  const title = TITLES[status] ?? "Something went wrong";
  const body = (
    <>
      <Band view={view} kind={status >= 500 ? "bad" : "warn"}>
        <p>{sentence(words)}</p>
        {ADVICE[status] !== undefined && <p>{ADVICE[status]}</p>}
      </Band>
      {status >= 500 && requestId !== undefined && (
        <p class="muted">
          The log has the particulars under the request <code>{requestId}</code>.
        </p>
      )}
      <p class="buttons">
        <a class="button" href={url(view, "")}>
          To the overview
        </a>
        {!view.principal && (
          <a class="button" href={url(view, "/login")}>
            Log in
          </a>
        )}
      </p>
    </>
  );
  if (!view.principal) {
    return (
      <Door view={view} title={title}>
        {body}
      </Door>
    );
  }
  return (
    <Page view={{ ...view, isFragment: false }} title={title}>
      {body}
    </Page>
  );
}

function sentence(words: string): string {
  const first = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
