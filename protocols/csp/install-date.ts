/**
 * Reads an InstallDate. Documentation says `YYYY-MM-DD-HH:MM:SS`, its example is
 * `2012-10-30T21:09:52Z`; both are read, and the compact form and an offset too. Without a zone it
 * is UTC. [Q41]
 *
 * @returns ISO 8601 to the second with `Z`, or undefined when the text is no such date.
 */
export function parseInstallDate(text: string): string | undefined {
  const match = DATE.exec(text.trim());
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, zone] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second ?? "00"}`;
  const ms = Date.parse(`${local}${offset(zone)}`);
  if (Number.isNaN(ms) || !isCalendarDate(Number(year), Number(month), Number(day))) {
    return undefined;
  }
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** The same for MSI packages, which tell only the day: that is its first second. */
export function parseInstallDay(text: string): string | undefined {
  const day = text.trim();
  return parseInstallDate(DAY.test(day) ? `${day}T00:00:00` : day);
}

const DAY = /^\d{4}-?\d{2}-?\d{2}$/;
const DATE =
  /^(\d{4})-?(\d{2})-?(\d{2})[-T ]?(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)? ?(Z|z|[+-]\d{2}:?\d{2})?$/;

function offset(zone: string | undefined): string {
  if (zone === undefined || zone === "Z" || zone === "z") return "Z";
  return zone.includes(":") ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
}

/** JavaScript takes 30 February for 1 March. */
function isCalendarDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
