import { COMPLIANCE, OWNERSHIP } from "../../devices/model/device.ts";
import { AppError } from "../../devices/model/errors.ts";
import type { DevicePatch } from "../../devices/service/change-device.ts";
import type { SentForm } from "./form-state.ts";

const YES_NO = [
  { value: "false", label: "no" },
  { value: "true", label: "yes" },
] as const;

const same = (values: readonly string[]) => values.map((value) => ({ value, label: value }));

/** Fields of which one value out of few holds. */
export const ESTATE_OPTIONS = [
  { name: "ownership", label: "Owner", options: same(OWNERSHIP), initial: "unknown" },
  { name: "shared", label: "Shared by several people", options: YES_NO, initial: "false" },
  { name: "userEnrolled", label: "Enrolled by its user", options: YES_NO, initial: "false" },
  { name: "userAssigned", label: "Has an assigned user", options: YES_NO, initial: "true" },
  { name: "compliance", label: "Compliance", options: same(COMPLIANCE), initial: "unknown" },
] as const;

/** The facts about a device that a form says; an empty field is "not known". */
export function deviceFacts(form: SentForm): DevicePatch {
  const major = form.value("osMajor");
  if (major !== "" && !/^\d{1,5}$/.test(major)) {
    throw new AppError("unprocessable", "a field is wrong", {
      fields: [{ pointer: "/osMajor", message: "a whole number, such as 10" }],
    });
  }
  const name = form.value("name");
  return {
    ...(name !== "" && { name }),
    manufacturer: form.optional("manufacturer") ?? null,
    model: form.optional("model") ?? null,
    osVersion: form.optional("osVersion") ?? null,
    osMajor: major === "" ? null : Number(major),
    osPlatform: form.optional("osPlatform") ?? null,
    cpu: form.optional("cpu") ?? null,
    ownership: OWNERSHIP.find((one) => one === form.value("ownership")) ?? "unknown",
    shared: form.value("shared") === "true",
    userEnrolled: form.value("userEnrolled") === "true",
    userAssigned: form.value("userAssigned") !== "false",
    compliance: COMPLIANCE.find((one) => one === form.value("compliance")) ?? "unknown",
  };
}
