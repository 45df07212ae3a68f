/**
 * Do two LocURIs name the same node? Percent-encoding, letter case, a leading `./` and a trailing
 * slash are not told apart: a Status names our own target, however the device spells it.
 */
export function sameLocUri(a: string, b: string): boolean {
  return a === b || comparable(a) === comparable(b);
}

/** Is `uri` the node `ancestor` or below it? A query such as `?list=StructData` is passed over. */
export function isWithin(uri: string, ancestor: string): boolean {
  const inner = comparable(uri);
  const outer = comparable(ancestor);
  return inner === outer || inner.startsWith(`${outer}/`);
}

/** The URI without `?list=…` and the like. */
export function withoutQuery(uri: string): string {
  const query = uri.indexOf("?");
  return query < 0 ? uri : uri.slice(0, query);
}

function comparable(uri: string): string {
  let path = withoutQuery(decoded(uri)).toLowerCase();
  if (path.startsWith("./")) path = path.slice(2);
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function decoded(uri: string): string {
  if (!uri.includes("%")) return uri;
  try {
    return decodeURIComponent(uri);
  } catch {
    return uri; // A stray percent sign: the text is compared as it stands.
  }
}
