import type { PropsWithChildren } from "hono/jsx";
import type { View } from "../view.ts";
import { Icon } from "./icon.tsx";

const SIGNS = { info: "info", good: "check", warn: "alert", bad: "alert" } as const;

/** A message across the page. */
export function Band(props: PropsWithChildren<{ view: View; kind: keyof typeof SIGNS }>) {
  return (
    <div class={`band ${props.kind}`} role={props.kind === "bad" ? "alert" : "status"}>
      <Icon view={props.view} name={SIGNS[props.kind]} />
      <div>{props.children}</div>
    </div>
  );
}
