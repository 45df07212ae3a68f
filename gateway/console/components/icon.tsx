import { assetPath } from "../assets.ts";
import type { View } from "../view.ts";

/** A picture from the icon sheet. It only accompanies words, so that it is hidden from readers. */
export function Icon({ view, name }: { view: View; name: string }) {
  return (
    <svg class="icon" aria-hidden="true" focusable="false">
      <use href={`${view.base}${assetPath("icons.svg")}#${name}`} />
    </svg>
  );
}
