import { AppError } from "../../devices/model/errors.ts";

/**
 * The body of a device's request.
 *
 * @throws AppError "too-large" for one with more bytes, of which at most as many are read
 */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? "0");
  if (declared > bytesMax) throw tooLarge(bytesMax);
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());

  // A chunked body has no declared length: it is read only up to the limit.
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): AppError {
  return new AppError("too-large", `a message holds at most ${bytesMax} bytes`);
}
