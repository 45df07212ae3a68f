import type { FilterFields } from "../../../devices/filter/filter.ts";
import { url, type View } from "../view.ts";

export interface FilterBarProps {
  readonly view: View;
  readonly path: string;
  readonly text: string;
  readonly fields: FilterFields;
  readonly example: string;
  readonly sorts: readonly { readonly value: string; readonly label: string }[];
  readonly sort: string;
}

/** The filter of a list in the one grammar, with help. It works as a plain form. */
export function FilterBar({ view, path, text, fields, example, sorts, sort }: FilterBarProps) {
  if (view.isFragment) return null;
  return (
    <div>
      <search>
        <form class="filter-bar" method="get" action={url(view, path)}>
          <div class="field grow">
            <label for="filter">Filter</label>
            <input
              id="filter"
              type="search"
              name="filter"
              value={text}
              placeholder={example}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
            />
          </div>
          <div class="field">
            <label for="sort">Order</label>
            <select id="sort" name="sort">
              {sorts.map(({ value, label }) => (
                <option value={value} selected={value === sort}>
                  {label}
                </option>
              ))}
            </select>
          </div>
          <button type="submit">Show</button>
          {text !== "" && (
            <a class="button" href={url(view, path)}>
              Clear
            </a>
          )}
        </form>
      </search>
      <details class="help">
        <summary>How filters are written</summary>
        <div class="card">
          <div class="body small">
            <p>
              <code>field:value</code>, several values with commas, <code>-</code> in front for
              "not", quotes around blanks, <code>*</code> for any text; numbers and times also with{" "}
              <code>&lt; &lt;= &gt; &gt;=</code>. All terms must hold. For example:{" "}
              <code>{example}</code>
            </p>
            <p>
              Fields: <code>{Object.keys(fields).join(" ")}</code>
            </p>
          </div>
        </div>
      </details>
    </div>
  );
}
