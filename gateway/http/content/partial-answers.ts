/** Answers for less than a whole file, the same for all that give files. [RFC 9110, 14 and 15] */

/** The caller has it. @param headers of the whole; what says something of its body is taken out */
export function notModified(headers: Headers): Response {
  for (const name of ["content-length", "content-type", "content-disposition"]) {
    headers.delete(name);
  }
  return new Response(null, { status: 304, headers });
}

/** None of these bytes are there. */
export function unsatisfiable(bytes: number): Response {
  const headers = { "accept-ranges": "bytes", "content-range": `bytes */${bytes}` };
  return new Response(null, { status: 416, headers });
}

/**
 * One part.
 *
 * @param bytes of the whole
 * @param range both ends included
 * @param headers of the whole; length and range are set here
 */
export function onePart(
  whole: Blob,
  bytes: number,
  { first, last }: { readonly first: number; readonly last: number },
  headers: Headers,
): Response {
  headers.set("content-length", String(last - first + 1));
  headers.set("content-range", `bytes ${first}-${last}/${bytes}`);
  // Status and Content-Range are both needed: with a slice alone Bun answers 200 or makes its own 206.
  return new Response(whole.slice(first, last + 1), { status: 206, headers });
}
