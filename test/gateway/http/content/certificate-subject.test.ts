import { describe, expect, test } from "bun:test";
import { subjectFits } from "../../../../gateway/http/content/certificate-subject.ts";

describe("subjectFits()", () => {
  test.each([
    ["CN=Device-42", "CN%3DDevice-42", true],
    ["CN=Device-42", "Subject=CN%3DDevice-42", true],
    ["CN=Device-42", "CN=Device-42", true],
    ["CN=Device-42,O=Contoso", "CN%3DDevice-42", true],
    ["O=Contoso, CN=Device-42", "CN%3DDevice-42%2CO%3DContoso", true],
    ["O=Contoso+CN=Device-42", "CN%3DDevice-42", true],
    ['O="Contoso, Ltd",CN=Device-42', "CN%3DDevice-42", true],
    ["CN=device-42", "CN%3DDevice-42", false],
    ["cn=Device-42", "CN%3DDevice-42", false],
    ["CN=Device-421", "CN%3DDevice-42", false],
    ["CN=Device-4", "CN%3DDevice-42", false],
    ["CN=Device-42", "CN%3DDevice-42%2CO%3DContoso", false],
    ['O="x,CN=Device-42"', "CN%3DDevice-42", false],
    ["O=x\\,CN=Device-42", "CN%3DDevice-42", false],
    ["O=x\\+CN=Device-42", "CN%3DDevice-42", false],
    ["/O=x/CN=Device-42", "CN%3DDevice-42", false],
    ["", "CN%3DDevice-42", false],
    ["CN=Device-42", "", false],
    ["CN=Device-42", "Subject=", false],
    ["CN=Device-42", "%E0%A4%A", false],
  ])("%p with criteria %p: %p", (subject, criteria, fits) => {
    expect(subjectFits(subject, criteria)).toBe(fits);
  });
});
