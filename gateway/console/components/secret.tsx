import type { View } from "../view.ts";
import { Band } from "./band.tsx";

export interface SecretProps {
  readonly view: View;
  readonly label: string;
  readonly text: string;
}

/** Something that is shown once and never again. */
export function Secret({ view, label, text }: SecretProps) {
  const id = `secret-${label.replace(/[^a-z0-9]+/gi, "-").toLowerCase()}`;
  return (
    <div class="live">
      <h2>{label}</h2>
      <div class="secret">
        <output id={id} aria-label={label}>
          {text}
        </output>
        <button type="button" data-copy={id} hidden>
          Copy
        </button>
      </div>
      <Band view={view} kind="warn">
        It is shown this one time. Only its fingerprint is kept here, so write it down now.
      </Band>
    </div>
  );
}
