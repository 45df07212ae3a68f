import type { FormState } from "../form-state.ts";
import type { View } from "../view.ts";
import { Band } from "./band.tsx";

/** What is wrong with a form as a whole; a wrong field says so itself. */
export function FormProblem({ view, form }: { view: View; form: FormState }) {
  if (form.problem === undefined) return null;
  return (
    <Band view={view} kind="bad">
      {form.problem.charAt(0).toUpperCase() + form.problem.slice(1)}.
    </Band>
  );
}
