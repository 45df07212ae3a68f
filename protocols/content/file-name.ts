/** File names as HTTP carries them: the header of a download, and the type by the ending. */

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  apk: "application/vnd.android.package-archive",
  appx: "application/appx",
  appxbundle: "application/appxbundle",
  bin: "application/octet-stream",
  cab: "application/vnd.ms-cab-compressed",
  deb: "application/vnd.debian.binary-package",
  exe: "application/vnd.microsoft.portable-executable",
  gz: "application/gzip",
  ipa: "application/octet-stream",
  json: "application/json",
  msi: "application/x-msi",
  msix: "application/msix",
  msixbundle: "application/msixbundle",
  swu: "application/octet-stream",
  txt: "text/plain; charset=utf-8",
  xap: "application/x-silverlight-app",
  zip: "application/zip",
};

const FALLBACK_NAME = "download";
/** In characters; longer names are cut, the ending stays. */
const NAME_LENGTH_MAX = 200;

/**
 * The media type by a name's ending. Deliberately without types that a browser would run in the
 * gateway's own origin, such as HTML or SVG.
 */
export function mediaTypeOf(name: string): string {
  const ending = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(MEDIA_TYPES, ending)
    ? (MEDIA_TYPES[ending] ?? "application/octet-stream")
    : "application/octet-stream";
}

/** A name without folders, control characters and halves of characters; never empty. */
export function plainFileName(text: string): string {
  const last = text.toWellFormed().split(/[\\/]/).at(-1) ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed.
  const name = last.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "").trim();
  if (name === "" || name === "." || name === "..") return FALLBACK_NAME;
  const characters = [...name];
  if (characters.length <= NAME_LENGTH_MAX) return name;
  const ending = [...(/\.[^.]{1,20}$/.exec(name)?.[0] ?? "")];
  return [...characters.slice(0, NAME_LENGTH_MAX - ending.length), ...ending].join("");
}

/**
 * `Content-Disposition` for a download of this name. Names beyond ASCII travel as RFC 8187 says, with
 * an ASCII likeness beside them for old clients. [RFC 6266, appendix D]
 */
export function contentDisposition(fileName: string): string {
  const name = plainFileName(fileName);
  const ascii = name.replace(/[^\x20-\x7e]/gu, "_").replace(/["\\%]/g, "_");
  const simple = `attachment; filename="${ascii}"`;
  return ascii === name ? simple : `${simple}; filename*=UTF-8''${extended(name)}`;
}

/** Percent-encoded but for the characters that RFC 8187 leaves alone. [RFC 8187, 3.2.1] */
function extended(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
