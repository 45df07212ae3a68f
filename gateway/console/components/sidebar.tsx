import type { Scope } from "../../access/role.ts";
import { url, type View, whyNot } from "../view.ts";
import { PostForm } from "./action.tsx";
import { Icon } from "./icon.tsx";

interface Entry {
  readonly path: string;
  readonly label: string;
  readonly icon: string;
  /** Undefined: both consoles have it. */
  readonly only?: "site" | "hub";
  /** Undefined: everybody may look. */
  readonly scope?: Scope;
}

const SECTIONS: readonly { readonly title: string; readonly entries: readonly Entry[] }[] = [
  {
    title: "Watch",
    entries: [
      { path: "", label: "Overview", icon: "overview" },
      { path: "/sites", label: "Sites", icon: "site", only: "hub" },
      { path: "/installations", label: "Installations", icon: "rows" },
      { path: "/devices", label: "Devices", icon: "device" },
      {
        path: "/sessions",
        label: "Sessions",
        icon: "talk",
        only: "site",
        scope: "sessions:read",
      },
    ],
  },
  {
    title: "Decide",
    entries: [
      { path: "/apps", label: "Apps", icon: "app" },
      { path: "/distributions", label: "Distributions", icon: "send" },
      { path: "/windows", label: "Windows", icon: "window" },
      { path: "/groups", label: "Groups", icon: "group" },
      { path: "/overrides", label: "Overrides", icon: "fork", only: "hub" },
    ],
  },
  {
    title: "Gateway",
    entries: [
      { path: "/files", label: "Content", icon: "file" },
      { path: "/link", label: "Link", icon: "link" },
      { path: "/quarantine", label: "Quarantine", icon: "alert", only: "hub" },
      { path: "/enrolment", label: "Enrolment", icon: "key", only: "site" },
      { path: "/audit", label: "Audit log", icon: "audit", scope: "audit:read" },
      { path: "/settings", label: "Settings", icon: "settings" },
    ],
  },
];

/** The way through the console: at the side, or behind a menu on a narrow screen. */
export function Sidebar({ view }: { view: View }) {
  return (
    <header class="side">
      <a class="brand" href={url(view, "")}>
        <span class={view.role === "hub" ? "mark hub-mark" : "mark"}>
          <Icon view={view} name={view.role === "hub" ? "site" : "outpost"} />
        </span>
        <span>
          <b>{view.name}</b>
          <span class="muted">{view.role === "hub" ? "Outpost hub" : "Outpost site"}</span>
        </span>
      </a>
      <Entries view={view} />
      <Foot view={view} />
      <details class="menu">
        <summary>
          <Icon view={view} name="menu" />
          Menu
        </summary>
        <Entries view={view} />
        <Foot view={view} />
      </details>
    </header>
  );
}

function Entries({ view }: { view: View }) {
  return (
    <nav class="nav" aria-label="Console">
      {SECTIONS.map(({ title, entries }) => (
        <section>
          <h2>{title}</h2>
          <ul>
            {entries
              .filter(({ only }) => only === undefined || only === view.role)
              .filter(({ scope }) => scope === undefined || whyNot(view, scope) === undefined)
              .map(({ path, label, icon }) => (
                <li>
                  <a href={url(view, path)} aria-current={isHere(view, path) ? "page" : undefined}>
                    <Icon view={view} name={icon} />
                    {label}
                  </a>
                </li>
              ))}
          </ul>
        </section>
      ))}
    </nav>
  );
}

function Foot({ view }: { view: View }) {
  if (!view.principal) return null;
  return (
    <div class="side-foot">
      <div>
        <b>{view.principal.name}</b> <span class="muted">({view.principal.role})</span>
      </div>
      <a href={url(view, "/password")}>Password</a>
      {" · "}
      <PostForm view={view} path="/logout">
        <button type="submit" class="link">
          Log out
        </button>
      </PostForm>
    </div>
  );
}

function isHere(view: View, path: string): boolean {
  const here = view.address.slice(view.base.length).split("?")[0] ?? "";
  if (path === "") return here === "" || here === "/";
  return here === path || here.startsWith(`${path}/`);
}
