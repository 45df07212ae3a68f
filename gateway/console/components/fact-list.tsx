import type { Child, PropsWithChildren } from "hono/jsx";

/** What something is called, and what it is; null: there is nothing to say. */
export type FactEntry = readonly [label: string, value: Child];

/** What is known of one thing, line by line. */
export function FactList({ entries }: { readonly entries: readonly FactEntry[] }) {
  return (
    <dl class="facts">
      {entries
        .filter(([, value]) => value !== null)
        .map(([label, value]) => (
          <Fact label={label}>{value}</Fact>
        ))}
    </dl>
  );
}

/** A line of such a list. */
export function Fact({ label, children }: PropsWithChildren<{ readonly label: string }>) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
