// Keeps a page up to date while somebody looks at it: the gateway says "changed", the page asks for
// its live part again. Without this file a page still reads; it only stands still.
const DEBOUNCE_MS = 350;
/** Relative times grow old on their own. */
const REFRESH_MS = 60_000;
const RECONNECT_MS = 4_000;

const state = document.getElementById("live-state");
const feed = document.body.dataset.events;
let source;
let timer;
let retry;

function say(name, words) {
  if (state.dataset.state === name) return;
  state.dataset.state = name;
  state.textContent = words;
}

function shownChanges() {
  return document.getElementById("live")?.dataset.changes;
}

function refresh() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    document.body.dispatchEvent(new CustomEvent("outpost-changed"));
  }, DEBOUNCE_MS);
}

function open() {
  clearTimeout(retry);
  source?.close();
  source = new EventSource(feed);
  source.addEventListener("changed", (event) => {
    say("live", "Live");
    if (event.data !== shownChanges()) refresh();
  });
  source.addEventListener("error", () => {
    say("lost", "Connection lost, trying again. What you see may be old.");
    if (source.readyState !== EventSource.CLOSED) return;
    // The gateway refused the stream, for one because the session ended: the fragment will say so.
    clearTimeout(retry);
    retry = setTimeout(() => {
      refresh();
      open();
    }, RECONNECT_MS);
  });
}

function close() {
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

if (feed && state && document.getElementById("live")) {
  open();
  setInterval(() => {
    if (!document.hidden && source) document.body.dispatchEvent(new CustomEvent("outpost-changed"));
  }, REFRESH_MS);
  // Browsers keep few connections per host: a tab that nobody looks at gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) close();
    else if (!source) open();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => {
    if (event.persisted) open();
  });
} else if (state) {
  state.hidden = true;
}
