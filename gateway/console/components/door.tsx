import type { PropsWithChildren } from "hono/jsx";
import type { View } from "../view.ts";
import { Icon } from "./icon.tsx";
import { Document } from "./layout.tsx";

/** The frame of the pages before the login: no navigation, nothing to learn from. */
export function Door(props: PropsWithChildren<{ view: View; title: string }>) {
  const { view, title, children } = props;
  return (
    <Document view={view} title={title} scripts={["forms.js"]}>
      <div class="door">
        <main>
          <div class="brand">
            <span class={view.role === "hub" ? "mark hub-mark" : "mark"}>
              <Icon view={view} name={view.role === "hub" ? "site" : "outpost"} />
            </span>
            <span>
              <b>{view.name}</b>
              <span class="muted">{view.role === "hub" ? "Outpost hub" : "Outpost site"}</span>
            </span>
          </div>
          <div class="card">
            <h1>{title}</h1>
            {children}
          </div>
        </main>
      </div>
    </Document>
  );
}
