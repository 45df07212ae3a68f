import { fieldError } from "../../../devices/model/errors.ts";
import { type MultipartEvent, MultipartReader } from "../../../protocols/content/multipart.ts";
import type { StoredFile } from "../../content/blob-store.ts";

/** The form's field that holds the file. */
export const FILE_FIELD = "file";

type Store = (fileName: string, bytes: AsyncIterable<Uint8Array>) => Promise<StoredFile>;

/**
 * Hands the file of a form to `store` while it arrives; other fields are passed over, or refused by
 * `otherField`. Bun's own
 * `formData()` would hold the whole file in memory.
 *
 * The file is complete only when the form is: the bytes end for `store` after the closing boundary was
 * read, so a form that is cut off after its file part leaves nothing either.
 */
export async function readUploadForm(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
  store: Store,
  otherField: (name: string) => void = () => {},
): Promise<StoredFile> {
  const events = eventsOf(body, boundary);
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) throw fieldError(`/${FILE_FIELD}`, "Choose a file: the form carries none.");
      const event = next.value;
      if (event.kind !== "part") continue;
      if (event.field !== FILE_FIELD) {
        otherField(event.field);
        continue;
      }
      // A browser sends an empty, nameless file when none was chosen.
      if (!event.fileName) throw fieldError(`/${FILE_FIELD}`, "Choose a file: its name is empty.");
      return await store(event.fileName, fileBytes(events, otherField));
    }
  } finally {
    await events.return(undefined);
  }
}

async function* eventsOf(
  body: AsyncIterable<Uint8Array>,
  boundary: string,
): AsyncGenerator<MultipartEvent, undefined> {
  const reader = new MultipartReader(boundary);
  for await (const chunk of body) yield* reader.push(chunk);
  reader.end();
  return undefined;
}

/** The bytes up to the end of this part, then the rest of the form, which must be whole. */
async function* fileBytes(
  events: AsyncGenerator<MultipartEvent, undefined>,
  otherField: (name: string) => void,
): AsyncGenerator<Uint8Array> {
  let inFile = true;
  for (;;) {
    const next = await events.next();
    if (next.done) return;
    const event = next.value;
    if (event.kind === "part-end") inFile = false;
    if (event.kind === "data" && inFile) yield event.bytes;
    if (event.kind !== "part") continue;
    if (event.field === FILE_FIELD) throw fieldError(`/${FILE_FIELD}`, "Send one file at a time.");
    otherField(event.field);
  }
}
