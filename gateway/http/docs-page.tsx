import { html } from "hono/html";
import type { Child } from "hono/jsx";
import {
  type Answer,
  isHere,
  type OpenApiDocument,
  type Operation,
  type RequestBody,
  type SchemaOrReference,
} from "./openapi-document.ts";

/**
 * The OpenAPI document as one page: no scripts, nothing from elsewhere, so that it can be read where
 * the line is down, and searched with the browser's own search.
 */
export function docsPage(document: OpenApiDocument) {
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const schemas = Object.entries(document.components?.schemas ?? {});
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{document.info.title}</title>
        <style>{STYLE}</style>
      </head>
      <body>
        <nav aria-label="Operations">
          {tags.map((tag) => (
            <>
              <h2>{tag}</h2>
              <ul>
                {operations
                  .filter((operation) => operation.tag === tag)
                  .map(({ id, method, path }) => (
                    <li>
                      <a href={`#${id}`}>
                        <b>{method}</b> {path}
                      </a>
                    </li>
                  ))}
              </ul>
            </>
          ))}
        </nav>
        <main>
          <h1>
            {document.info.title} {document.info.version}
          </h1>
          {document.info.description?.split("\n\n").map((paragraph) => (
            <p>{paragraph}</p>
          ))}
          <p>
            For programs: <a href="openapi.json">openapi.json</a>
          </p>
          {operations.map((operation) => (
            <OperationSection {...operation} />
          ))}
          <h2>Schemas</h2>
          {schemas.map(([name, schema]) => (
            <section id={`schema-${name}`}>
              <h3>{name}</h3>
              <SchemaTable schema={schema} />
            </section>
          ))}
        </main>
      </body>
    </html>
  );
  return html`<!doctype html>${page}`;
}

interface ShownOperation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly tag: string;
  readonly operation: Operation;
}

const METHODS = ["get", "post", "put", "patch", "delete"] as const;

function operationsOf(document: OpenApiDocument): readonly ShownOperation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const id = `${method}${path.replaceAll(/[^A-Za-z0-9]+/g, "-")}`;
      const tag = operation.tags?.[0] ?? "other";
      return [{ id, method: method.toUpperCase(), path, tag, operation }];
    }),
  );
}

function OperationSection({ id, method, path, operation }: ShownOperation) {
  const parameters = (operation.parameters ?? []).filter(isHere);
  const body = operation.requestBody;
  return (
    <section id={id}>
      <h3>
        <b>{method}</b> <code>{path}</code>
      </h3>
      <p>{prose(operation.summary)}</p>
      {operation.description && <p>{prose(operation.description)}</p>}
      <p class="scope">{scopeOf(operation)}</p>
      {parameters.length > 0 && (
        <table>
          <caption>Parameters</caption>
          {parameters.map((parameter) => (
            <tr>
              <th scope="row">
                {parameter.name}
                {parameter.required && <em> required</em>}
              </th>
              <td>{parameter.in}</td>
              <td>{parameter.schema && <Type schema={parameter.schema} />}</td>
              <td>{prose(descriptionOf(parameter.schema) ?? parameter.description)}</td>
            </tr>
          ))}
        </table>
      )}
      {body && isHere(body) && <Contents caption="Request body" content={body.content} />}
      {Object.entries(operation.responses ?? {}).map(([status, response]) => (
        <Response status={status} response={response} />
      ))}
    </section>
  );
}

function scopeOf(operation: Operation): string {
  const scope: unknown = operation["x-scope"];
  if (typeof scope === "string") return `Needs the scope ${scope}`;
  if (operation.security?.length === 0) return "Open to everybody";
  const isForDevices = operation.security?.some((one) => "agent" in one);
  return isForDevices ? "Needs the device's own token" : "For whoever is logged in";
}

function Response({ status, response }: { status: string; response: Answer }) {
  const caption = `${status === "default" ? "Otherwise" : status}: ${response.description}`;
  return response.content ? (
    <Contents caption={caption} content={response.content} />
  ) : (
    <p>{caption}</p>
  );
}

interface ContentsProps {
  readonly caption: string;
  readonly content: RequestBody["content"];
}

function Contents({ caption, content }: ContentsProps) {
  return (
    <details>
      <summary>{caption}</summary>
      {Object.entries(content).map(([type, { schema }]) => (
        <>
          <p>
            <code>{type}</code>
          </p>
          {schema && <SchemaTable schema={schema} />}
        </>
      ))}
    </details>
  );
}

function SchemaTable({ schema }: { schema: SchemaOrReference }) {
  const properties = isHere(schema) ? schema.properties : undefined;
  if (!properties || !isHere(schema)) {
    return (
      <p>
        <Type schema={schema} /> {descriptionOf(schema)}
      </p>
    );
  }
  return (
    <table>
      {Object.entries(properties).map(([name, property]) => (
        <tr>
          <th scope="row">
            {name}
            {schema.required?.includes(name) && <em> required</em>}
          </th>
          <td>
            <Type schema={property} />
          </td>
          <td>{prose(descriptionOf(property))}</td>
        </tr>
      ))}
    </table>
  );
}

function Type({ schema }: { schema: SchemaOrReference }): Child {
  if (!isHere(schema)) {
    const name = schema.$ref.split("/").at(-1) ?? "";
    return <a href={`#schema-${name}`}>{name}</a>;
  }
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives) {
    return (
      <>
        {alternatives.map((one, index) => (
          <>
            {index > 0 && " or "}
            <Type schema={one} />
          </>
        ))}
      </>
    );
  }
  if (schema.items) {
    return (
      <>
        list of <Type schema={schema.items} />
      </>
    );
  }
  if (schema.enum) return <>{schema.enum.map((value) => JSON.stringify(value)).join(" | ")}</>;
  if (schema.properties) return <SchemaTable schema={schema} />;
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type;
  return <>{[type ?? "anything", schema.format].filter(Boolean).join(", ")}</>;
}

function descriptionOf(schema: SchemaOrReference | undefined): string | undefined {
  if (!schema || !isHere(schema)) return undefined;
  const example = schema.example ?? schema.examples?.[0];
  const parts = [
    schema.description,
    schema.default === undefined ? undefined : `Default: ${JSON.stringify(schema.default)}.`,
    example === undefined ? undefined : `Such as ${JSON.stringify(example)}.`,
  ];
  return parts
    .filter((part) => typeof part === "string")
    .map((part) => part.replace(/[^.:?!]$/, "$&."))
    .join(" ");
}

/** What stands between backticks is shown as code. */
function prose(text: string | undefined): Child {
  if (text === undefined) return undefined;
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part));
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; grid-template-columns: minmax(14rem, 22rem) 1fr; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 0 1rem; font-size: .85rem; border-right: 1px solid #8886; }
nav ul { list-style: none; margin: 0; padding: 0; } nav h2 { font-size: 1rem; margin: 1rem 0 .25rem; }
main { padding: 1rem 2rem 4rem; max-width: 70rem; overflow-wrap: break-word; min-width: 0; }
section { border-top: 1px solid #8886; padding: .5rem 0; scroll-margin-top: 1rem; }
h3 b, nav b { font-weight: 700; font-size: .8em; } .scope { font-size: .9rem; opacity: .8; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; font-weight: 600; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8883; }
th, code { font-family: ui-monospace, monospace; font-weight: 400; } table th, table td:not(:last-child) { white-space: nowrap; } em { font-size: .8em; opacity: .8; }
summary { cursor: pointer; padding: .25rem 0; } a { color: inherit; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
`;
