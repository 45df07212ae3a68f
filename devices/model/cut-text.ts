/**
 * The beginning of a text from outside: at most `max` characters (UTF-16 units), and never half of one,
 * which no database takes.
 */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  const isFirstHalf = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, isFirstHalf ? max - 1 : max);
}
