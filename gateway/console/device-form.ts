import { COMPLIANCE, OWNERSHIP } from "../../devices/model/device.ts";
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

/** The facts about a device that a form says, not yet checked; an empty field is "not known". */
export function deviceFacts(form: SentForm): Record<string, unknown> {
  const name = form.value("name");
  const major = form.value("osMajor");
  const others = ["manufacturer", "model", "osVersion", "osPlatform", "cpu"] as const;
  return {
    ...(name !== "" && { name }),
    ...Object.fromEntries(others.map((field) => [field, form.optional(field) ?? null])),
    osMajor: major === "" ? null : Number(major),
    ownership: OWNERSHIP.find((one) => one === form.value("ownership")) ?? "unknown",
    shared: form.value("shared") === "true",
    userEnrolled: form.value("userEnrolled") === "true",
    userAssigned: form.value("userAssigned") !== "false",
    compliance: COMPLIANCE.find((one) => one === form.value("compliance")) ?? "unknown",
  };
}
