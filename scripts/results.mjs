/** Reads what `bun test` wrote as JUnit XML. */

/**
 * The counts of one run, the names of skipped tests (each ends with its reason, see
 * test/harness/skip.ts) and of failed ones. A run that died, or failed outside of any test, counts as
 * one failure, so that no crash looks like a success. `label` names the run in that case.
 */
export function countResults(junit, exitCode, label) {
  const cases = [...junit.matchAll(/<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, attributes = "", , body = ""]) => ({ name: nameOf(attributes), body }),
  );
  const skipped = cases.filter(({ body }) => body.includes("<skipped"));
  const broken = cases.filter(({ body }) => /<(failure|error)\b/.test(body));
  const names = broken.map(({ name }) => name);
  if (exitCode !== 0 && broken.length === 0) {
    names.push(`${label} ended with exit code ${exitCode} outside of any test`);
  }
  return {
    passed: cases.length - skipped.length - broken.length,
    failed: names.length,
    skipped: skipped.length,
    reasons: skipped.map(({ name }) => name),
    broken: names,
  };
}

function nameOf(attributes) {
  const file = attribute(attributes, "file");
  const group = attribute(attributes, "classname");
  return [file, group, attribute(attributes, "name")].filter((part) => part !== "").join(" > ");
}

function attribute(attributes, name) {
  const value = new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return value
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&#10;", " ")
    .replaceAll("&amp;", "&");
}
