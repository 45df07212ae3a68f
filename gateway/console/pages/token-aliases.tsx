import type { TokenAliases } from "../../../devices/install/tokens.ts";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import { checkedAliases } from "../../http/routes/substitution-tokens.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { TextArea } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { TokenList } from "../components/step-fields.tsx";
import type { FormState, SentForm } from "../form-state.ts";
import type { View } from "../view.ts";

interface TokenAliasesFormProps {
  readonly view: View;
  readonly form: FormState;
  readonly aliases: TokenAliases;
  readonly isLocked: boolean;
}

/** Further names of substitution tokens, for who makes packages here. */
export function TokenAliasesForm({ view, form, aliases, isLocked }: TokenAliasesFormProps) {
  return (
    <PostForm view={view} path="/settings/token-aliases" class="sheet">
      <FormProblem view={view} form={form} />
      <fieldset disabled={isLocked}>
        <legend>Names of tokens</legend>
        <TextArea
          form={form}
          name="aliases"
          label="Further names of tokens in paths and commands"
          hint="One per line, such as STORENAME = DEVICENAME. They are replaced by the tokens' own names when a version is made here."
          value={Object.entries(aliases)
            .map(([alias, name]) => `${alias} = ${name}`)
            .join("\n")}
          rows={3}
        />
        <TokenList aliases={{}} />
        <SaveLine />
      </fieldset>
    </PostForm>
  );
}

/** @throws AppError "unprocessable" */
export function tokenAliasesFrom(form: SentForm): TokenAliases {
  const lines = form
    .value("aliases")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const pairs = lines.map((line): [string, string] => {
    const [alias = "", name = "", ...more] = line.split("=").map((part) => part.trim());
    if (name !== "" && more.length === 0) return [alias, name];
    throw fieldError("/aliases", `${line}: write NAME = TOKEN`);
  });
  try {
    return checkedAliases(pairs);
  } catch (error) {
    if (error instanceof AppError) throw fieldError("/aliases", error.message);
    throw error;
  }
}
