import { ProtocolError } from "../errors.ts";

/** The headers of one part, in bytes. */
export const PART_HEADER_BYTES_MAX = 8 * 1024;
/** Parts of one form. */
export const PARTS_MAX = 16;
/** [RFC 2046, 5.1.1] */
const BOUNDARY_LENGTH_MAX = 70;

export type MultipartEvent =
  | {
      readonly kind: "part";
      readonly field: string;
      /** Undefined for a plain field. */
      readonly fileName: string | undefined;
    }
  /** Bytes of the part that was announced last; they belong to the chunk that was pushed. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "part-end" };

/** The boundary in a `Content-Type`, or undefined when it is not `multipart/form-data`. */
export function multipartBoundary(contentType: string | null | undefined): string | undefined {
  const match =
    /^\s*multipart\/form-data\s*;(?:.*;)?\s*boundary\s*=\s*(?:"([^"]+)"|([^\s";,]+))\s*(?:;.*)?$/i.exec(
      contentType ?? "",
    );
  const boundary = match?.[1] ?? match?.[2];
  return boundary !== undefined && boundary.length <= BOUNDARY_LENGTH_MAX ? boundary : undefined;
}

/**
 * Reads `multipart/form-data` while it arrives, so that a file of any size passes through without
 * being held. [RFC 7578; RFC 2046, 5.1]
 *
 * `push` gives what a chunk completes; `end` throws unless the closing boundary was there, which is
 * how a form that was cut off is told from a whole one. Malformed input: ProtocolError.
 */
export class MultipartReader {
  readonly #delimiter: Buffer;
  #state: "preamble" | "after-boundary" | "headers" | "body" | "done" = "preamble";
  #rest: Buffer;
  #parts = 0;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
    // The first boundary may stand at the very start, without a line end before it.
    this.#rest = Buffer.from("\r\n");
  }

  push(chunk: Uint8Array): readonly MultipartEvent[] {
    const arrived = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#rest = this.#rest.length === 0 ? arrived : Buffer.concat([this.#rest, arrived]);
    const events: MultipartEvent[] = [];
    while (this.#step(events)) {
      // Each step that returns true has consumed at least one byte or ended a state.
    }
    return events;
  }

  end(): void {
    if (this.#state !== "done") {
      throw new ProtocolError("multipart-truncated", "the form ends before its closing boundary");
    }
  }

  #step(events: MultipartEvent[]): boolean {
    switch (this.#state) {
      case "preamble":
        return this.#skipPreamble();
      case "after-boundary":
        return this.#readBoundaryEnd();
      case "headers":
        return this.#readHeaders(events);
      case "body":
        return this.#readBody(events);
      case "done": // What follows the closing boundary is to be ignored. [RFC 2046, 5.1.1]
        this.#rest = Buffer.alloc(0);
        return false;
    }
  }

  #skipPreamble(): boolean {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at === -1) {
      this.#keepTail();
      return false;
    }
    this.#consume(at + this.#delimiter.length);
    this.#state = "after-boundary";
    return true;
  }

  #readBoundaryEnd(): boolean {
    // Blanks may pad the line of a boundary. [RFC 2046, 5.1.1]
    let at = 0;
    while (this.#rest[at] === 0x20 || this.#rest[at] === 0x09) at++;
    if (at > PART_HEADER_BYTES_MAX) throw malformed("a boundary line is too long");
    if (this.#rest.length < at + 2) return false;
    const two = this.#rest.toString("latin1", at, at + 2);
    if (two !== "--" && two !== "\r\n") throw malformed("a boundary is not followed by a line end");
    // One line end is left in place, so that empty headers look like others.
    this.#consume(two === "--" ? at + 2 : at);
    this.#state = two === "--" ? "done" : "headers";
    return true;
  }

  #readHeaders(events: MultipartEvent[]): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end === -1 ? this.#rest.length > PART_HEADER_BYTES_MAX : end > PART_HEADER_BYTES_MAX) {
      throw malformed(`the headers of a part exceed ${PART_HEADER_BYTES_MAX} bytes`);
    }
    if (end === -1) return false;
    this.#parts += 1;
    if (this.#parts > PARTS_MAX) throw malformed(`the form has more than ${PARTS_MAX} parts`);
    events.push({ kind: "part", ...readDisposition(this.#rest.toString("utf8", 0, end)) });
    this.#consume(end + 4);
    this.#state = "body";
    return true;
  }

  #readBody(events: MultipartEvent[]): boolean {
    const at = this.#rest.indexOf(this.#delimiter);
    if (at === -1) {
      const sure = this.#rest.length - this.#delimiter.length + 1;
      if (sure > 0) {
        events.push({ kind: "data", bytes: this.#rest.subarray(0, sure) });
        this.#consume(sure);
      }
      return false;
    }
    if (at > 0) events.push({ kind: "data", bytes: this.#rest.subarray(0, at) });
    events.push({ kind: "part-end" });
    this.#consume(at + this.#delimiter.length);
    this.#state = "after-boundary";
    return true;
  }

  #keepTail(): void {
    this.#consume(Math.max(0, this.#rest.length - this.#delimiter.length + 1));
  }

  #consume(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
  }
}

const DISPOSITION = /^content-disposition\s*:\s*form-data\s*(;.*)$/im;
const PARAMETER = /;\s*([a-z*]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/gi;

/** The field's name and, for a file, the file's name. [RFC 7578, 4.2] */
function readDisposition(headers: string): { field: string; fileName: string | undefined } {
  const parameters = new Map<string, string>();
  for (const match of (DISPOSITION.exec(headers)?.[1] ?? "").matchAll(PARAMETER)) {
    parameters.set((match[1] ?? "").toLowerCase(), unescapeName(match[2] ?? match[3] ?? ""));
  }
  const field = parameters.get("name");
  if (field === undefined) throw malformed("a part does not name its field");
  const extended = extendedValue(parameters.get("filename*"));
  return { field, fileName: extended ?? parameters.get("filename") };
}

/** Browsers write a quote as %22, curl as \"; other backslashes are meant as they are. */
function unescapeName(text: string): string {
  return text
    .replaceAll('\\"', '"')
    .replace(/%(22|0D|0A)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** RFC 7578 forbids `filename*`, and well-known clients send it all the same. */
function extendedValue(text: string | undefined): string | undefined {
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(text ?? "")?.[1];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // The plain `filename` beside it is used instead.
  }
}

function malformed(message: string): ProtocolError {
  return new ProtocolError("multipart-malformed", message);
}
