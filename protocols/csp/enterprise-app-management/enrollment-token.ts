/** Characters of a token, blanks left out. */
export const TOKEN_CHARACTERS_MAX = 64 * 1024;

/**
 * Is this text an application enrolment token as it is sent: base64, blanks and line ends allowed in
 * between? What the token says is the device's business; the length is not judged, because
 * documentation prints placeholders such as `InsertTokenHere`.
 */
export function isEnrollmentToken(text: string): boolean {
  const bare = text.replaceAll(/\s+/g, "");
  return bare.length <= TOKEN_CHARACTERS_MAX && /^[A-Za-z0-9+/_-]+={0,2}$/.test(bare);
}
