import { AppError, fieldError } from "../../../devices/model/errors.ts";
import type { ContentOrigin } from "../../content/content-origin.ts";
import { checkedOrigins } from "../../http/routes/content-origins.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { TextArea } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

/** Behind an origin it says that the host may be in a private network. */
const PRIVATE = "private";

interface ContentOriginsFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly origins: readonly ContentOrigin[];
  readonly isLocked: boolean;
}

/** Vendors' servers that this gateway may fetch packages from. */
export function ContentOriginsForm({ view, form, origins, isLocked }: ContentOriginsFormProps) {
  return (
    <PostForm view={view} path="/settings/content-origins" class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={isLocked}>
        <legend>Packages from vendors</legend>
        <TextArea
          form={form}
          name="origins"
          label="Servers that packages may be fetched from"
          hint={
            `One per line, such as https://contoso.com. Behind a host of your own network write the word ` +
            `${PRIVATE}. Each file is fetched once; devices get it from the gateway.`
          }
          value={origins.map(lineOf).join("\n")}
          rows={3}
        />
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function contentOriginsFrom(form: SentForm): readonly ContentOrigin[] {
  const lines = form
    .value("origins")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  try {
    return checkedOrigins(lines.map(originOf));
  } catch (error) {
    if (error instanceof AppError) throw fieldError("/origins", error.message);
    throw error;
  }
}

function lineOf({ origin, privateAddresses }: ContentOrigin): string {
  return privateAddresses ? `${origin} ${PRIVATE}` : origin;
}

function originOf(line: string): ContentOrigin {
  const [origin = "", word = "", ...more] = line.split(/\s+/);
  const isPrivate = word.toLowerCase() === PRIVATE && more.length === 0;
  return isPrivate ? { origin, privateAddresses: true } : { origin: line, privateAddresses: false };
}
