import type { PropsWithChildren } from "hono/jsx";

interface CardTableProps {
  /** Read out, and not seen: the heading above says the same. */
  readonly caption: string;
  /** What stands above each column; a false one is left out. */
  readonly columns: readonly (string | false)[];
}

/**
 * A table whose rows become cards on a narrow screen: there a cell is named by its `data-label`, and the
 * one of the class `title` is the card's heading.
 */
export function CardTable({ caption, columns, children }: PropsWithChildren<CardTableProps>) {
  const shown = columns.filter((column) => column !== false);
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {shown.map((column) => (
              <th scope="col">{column}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
