import type { Child } from "hono/jsx";
import type { FormState } from "../form-state.ts";

interface FieldProps {
  readonly form: FormState;
  /** Name of the field, which is the JSON pointer of its errors without the slash. */
  readonly name: string;
  readonly label: string;
  readonly hint?: Child;
}

export interface TextFieldProps extends FieldProps {
  readonly type?: "text" | "password" | "number" | "datetime-local" | "search";
  readonly required?: true;
  readonly placeholder?: string;
  readonly value?: string;
  readonly autocomplete?: string;
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
  readonly list?: readonly string[];
}

/** One line of text. */
export function TextField(props: TextFieldProps) {
  const {
    form,
    name,
    type = "text",
    required,
    placeholder,
    autocomplete,
    pattern,
    min,
    max,
  } = props;
  const listId = props.list ? `${name}-list` : undefined;
  return (
    <Labelled {...props}>
      <input
        {...describedBy(props)}
        type={type}
        value={type === "password" ? undefined : form.value(name, props.value)}
        required={required}
        placeholder={placeholder}
        autocomplete={autocomplete ?? "off"}
        pattern={pattern}
        min={min}
        max={max}
        list={listId}
        spellcheck={false}
      />
      {props.list && (
        <datalist id={listId}>
          {props.list.map((value) => (
            <option value={value} />
          ))}
        </datalist>
      )}
    </Labelled>
  );
}

export function TextArea(props: FieldProps & { readonly value?: string; readonly rows?: number }) {
  return (
    <Labelled {...props}>
      <textarea {...describedBy(props)} rows={props.rows ?? 4} spellcheck={false}>
        {props.form.value(props.name, props.value)}
      </textarea>
    </Labelled>
  );
}

export interface SelectFieldProps extends FieldProps {
  readonly options: readonly { readonly value: string; readonly label: string }[];
  readonly value?: string;
  readonly required?: true;
  /** Parts with `data-when` of this name are shown by its value. */
  readonly shows?: true;
}

export function SelectField(props: SelectFieldProps) {
  const chosen = props.form.value(props.name, props.value);
  return (
    <Labelled {...props}>
      <select {...describedBy(props)} required={props.required} data-shows={props.shows}>
        {props.options.map(({ value, label }) => (
          <option value={value} selected={value === chosen}>
            {label}
          </option>
        ))}
      </select>
    </Labelled>
  );
}

/** A box to tick; its value is `yes`. */
export function CheckField(props: FieldProps & { readonly checked?: boolean }) {
  const { form, name, label, hint } = props;
  const isChecked = form.isSent ? form.value(name) === "yes" : (props.checked ?? false);
  return (
    <div class="field">
      <label class="choice">
        <input id={`field-${name}`} type="checkbox" name={name} value="yes" checked={isChecked} />
        <span>
          {label}
          {hint !== undefined && <span class="hint"> {hint}</span>}
        </span>
      </label>
    </div>
  );
}

function Labelled(props: FieldProps & { children?: Child }) {
  const { form, name, label, hint, children } = props;
  const wrong = form.errorOf(name);
  return (
    <div class="field">
      <label for={`field-${name}`}>{label}</label>
      {children}
      {hint !== undefined && (
        <span class="hint" id={`hint-${name}`}>
          {hint}
        </span>
      )}
      {wrong !== undefined && (
        <span class="wrong" id={`wrong-${name}`}>
          {wrong}
        </span>
      )}
    </div>
  );
}

function describedBy({ form, name, hint }: FieldProps) {
  const isWrong = form.errorOf(name) !== undefined;
  const ids = [hint !== undefined && `hint-${name}`, isWrong && `wrong-${name}`].filter(Boolean);
  return {
    id: `field-${name}`,
    name,
    "aria-invalid": isWrong ? "true" : undefined,
    "aria-describedby": ids.length > 0 ? ids.join(" ") : undefined,
  } as const;
}
