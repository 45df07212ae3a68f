import type { Bucket } from "../../../devices/model/installation.ts";
import type { View } from "../view.ts";
import { BUCKET_LOOKS } from "../words.ts";
import { Icon } from "./icon.tsx";

/** A status with its bucket's colour and sign. */
export function StatusBadge(props: { view: View; bucket: Bucket; label: string }) {
  return (
    <span class={`badge ${props.bucket}`}>
      <Icon view={props.view} name={BUCKET_LOOKS[props.bucket].icon} />
      {props.label}
    </span>
  );
}

const SIGNS = { good: "check", warn: "alert", bad: "cross", plain: "info" } as const;

/** Any other short word about a state. */
export function Badge(props: { view: View; kind: keyof typeof SIGNS; label: string }) {
  return (
    <span class={`badge ${props.kind}`}>
      <Icon view={props.view} name={SIGNS[props.kind]} />
      {props.label}
    </span>
  );
}
