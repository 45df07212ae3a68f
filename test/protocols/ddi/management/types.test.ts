import { expect, test } from "bun:test";
import { managementError, wordOfRule } from "../../../../protocols/ddi/management/errors.ts";
import { isComplete, whyUnfit } from "../../../../protocols/ddi/management/types.ts";

test("a set has the modules that its type says", () => {
  expect(whyUnfit("os", ["os"])).toBeUndefined();
  expect(whyUnfit("os", ["application"])).toContain("no modules of the type application");
  expect(whyUnfit("os_app", ["os", "os"])).toContain("at most 1 module");
  expect(whyUnfit("app", ["application", "application"])).toBeUndefined();
  expect(isComplete("os_app", ["application"])).toBe(false);
  expect(isComplete("os_app", ["os"])).toBe(true);
  expect(isComplete("app", [])).toBe(false);
});

test("a rule that is broken has hawkBit's word, and is invalid where hawkBit has none", () => {
  expect(wordOfRule("management-json")).toBe("unreadable");
  expect(wordOfRule("management-config-key")).toBe("config-key");
  expect(wordOfRule("management-targets")).toBe("invalid");
  expect(wordOfRule("management-toString")).toBe("invalid");
  expect(managementError("locked", "no")).toEqual({
    exceptionClass: "org.eclipse.hawkbit.repository.exception.LockedException",
    errorCode: "hawkbit.server.error.locked",
    message: "no",
  });
});
