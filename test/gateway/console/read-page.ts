/** A page as a test reads it. */
export interface ReadPage {
  readonly status: number;
  readonly html: string;
  readonly text: string;
  readonly links: readonly Link[];
  /** Rows that the list behind a number says it has; undefined for other pages. */
  readonly total: number | undefined;
  readonly elements: readonly Element[];
}

export interface Link {
  readonly href: string;
  /** What the number says that this link leads from. */
  readonly count: number | undefined;
}

export interface Element {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

export async function readPage(response: Response): Promise<ReadPage> {
  const html = await response.clone().text();
  const elements: Element[] = [];
  const rewriter = new HTMLRewriter().on("*", {
    element(element) {
      elements.push({ name: element.tagName, attributes: new Map([...element.attributes]) });
    },
  });
  await rewriter.transform(new Response(html)).text();
  const links = elements
    .filter(({ name, attributes }) => name === "a" && attributes.has("href"))
    .map(({ attributes }) => ({
      href: decoded(attributes.get("href") ?? ""),
      count: attributes.has("data-count") ? Number(attributes.get("data-count")) : undefined,
    }));
  const total = elements.find(({ attributes }) => attributes.has("data-total"));
  return {
    status: response.status,
    html,
    text: decoded(html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ")),
    links,
    total: total && Number(total.attributes.get("data-total")),
    elements,
  };
}

function decoded(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
