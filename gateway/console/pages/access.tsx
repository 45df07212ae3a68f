import { fieldError } from "../../../devices/model/errors.ts";
import type { Administrator, ApiToken } from "../../access/access-store.ts";
import { parseRole, ROLES, SCOPE_NAMES, SCOPES } from "../../access/role.ts";
import { recordAction } from "../../http/audited.ts";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { Kit, Visit } from "../kit.tsx";
import { url, type View } from "../view.ts";

const DAY_MS = 24 * 3_600_000;
/** How long a token may be made to work here; the form's other choice is until it is revoked. */
const TOKEN_DAYS = [30, 365] as const;
const TOKEN_DAYS_DEFAULT = 365;
const UNTIL_REVOKED = "0";
const SETTINGS = [{ label: "Settings", path: "/settings" }] as const;
const ROLE_OPTIONS = ROLES.map((value) => ({ value, label: value }));

/** Who may log in here, and which programs may use the API. */
export function accessPages(kit: Kit): void {
  administratorPages(kit);
  tokenPages(kit);
}

function administratorPages(kit: Kit): void {
  const { deps } = kit;
  const { accounts } = deps;
  const list = "/settings/administrators";

  kit.pageFor("access:write", list, (visit) => administratorsPage(visit, FRESH_FORM));

  kit.form(
    "access:write",
    list,
    async (visit) => {
      const name = visit.form.value("name");
      const role = parseRole(visit.form.value("role")) ?? "viewer";
      const password = await accounts.add(name, role);
      await recordAction(deps.audit, visit.c, "administrator.create", name, { role });
      return <PasswordPage view={visit.view} name={name} password={password} />;
    },
    (visit) => administratorsPage(visit, visit.form),
  );

  kit.form("access:write", `${list}/:name/reset`, async (visit) => {
    const name = visit.c.req.param("name") ?? "";
    const password = await accounts.resetPassword(name);
    await recordAction(deps.audit, visit.c, "administrator.reset-password", name);
    return <PasswordPage view={visit.view} name={name} password={password} />;
  });

  kit.form("access:write", `${list}/:name/role`, async (visit) => {
    const name = visit.c.req.param("name") ?? "";
    const role = parseRole(visit.form.value("role"));
    if (!role) throw fieldError("/role", "choose a role");
    await accounts.change(name, { role });
    await recordAction(deps.audit, visit.c, "administrator.change", name, { role });
    return kit.done(visit.c, list, `${name} has the role ${role} now.`);
  });

  kit.form("access:write", `${list}/:name/switch`, async (visit) => {
    const name = visit.c.req.param("name") ?? "";
    const known = (await accounts.list()).find((one) => one.name === name);
    const disabled = known?.disabledAtMs === null;
    await accounts.change(name, { disabled });
    await recordAction(deps.audit, visit.c, "administrator.change", name, { disabled });
    return kit.done(visit.c, list, `${name} ${disabled ? "can no longer" : "can"} log in.`);
  });

  kit.form("access:write", `${list}/:name/remove`, async (visit) => {
    const name = visit.c.req.param("name") ?? "";
    await accounts.remove(name);
    await recordAction(deps.audit, visit.c, "administrator.remove", name);
    return kit.done(visit.c, list, `${name} was removed.`);
  });
}

async function administratorsPage({ view, deps }: Visit, form: FormState) {
  const administrators = await deps.accounts.list();
  return (
    <Page
      view={view}
      title="Administrators"
      lead="They belong to this gateway alone. A viewer looks, an operator acts, an admin also decides who may."
      crumbs={SETTINGS}
    >
      {!view.isFragment && (
        <Card title="New administrator">
          <PostForm view={view} path="/settings/administrators" class="sheet">
            <FormProblem view={view} form={form} />
            <div class="field-row">
              <TextField form={form} name="name" label="Name" required />
              <SelectField
                form={form}
                name="role"
                label="Role"
                options={ROLE_OPTIONS}
                value="operator"
              />
            </div>
            <div class="buttons">
              <button type="submit" class="primary">
                Add
              </button>
            </div>
          </PostForm>
        </Card>
      )}
      <Live view={view}>
        <section class="card" aria-label="Administrators">
          <AdministratorTable view={view} administrators={administrators} />
        </section>
      </Live>
    </Page>
  );
}

function AdministratorTable(props: { view: View; administrators: readonly Administrator[] }) {
  const { view, administrators } = props;
  return (
    <CardTable caption="Administrators" columns={["Name", "Role", "State", "Actions"]}>
      {administrators.map((one) => {
        const path = `/settings/administrators/${encodeURIComponent(one.name)}`;
        const own = one.name === view.principal?.name ? "This is you" : undefined;
        return (
          <tr id={`administrator-${one.name.replace(/[^\w-]/g, "_")}`}>
            <td class="title">
              {one.name}
              <span class="sub">
                since <When view={view} at={one.createdAtMs} />
              </span>
            </td>
            <td data-label="Role">
              {own !== undefined ? (
                one.role
              ) : (
                <PostForm view={view} path={`${path}/role`} class="filter-bar">
                  <select name="role" aria-label={`Role of ${one.name}`}>
                    {ROLES.map((role) => (
                      <option value={role} selected={role === one.role}>
                        {role}
                      </option>
                    ))}
                  </select>
                  <button type="submit">Set</button>
                </PostForm>
              )}
            </td>
            <td data-label="State">
              {one.disabledAtMs !== null ? (
                <Badge view={view} kind="plain" label="Switched off" />
              ) : one.mustChange ? (
                <Badge view={view} kind="warn" label="Has a one-time password" />
              ) : (
                <Badge view={view} kind="good" label="Active" />
              )}
            </td>
            <td data-label="Actions">
              <div class="buttons">
                <Action
                  view={view}
                  path={`${path}/reset`}
                  label="New password"
                  confirm={`Give ${one.name} a new one-time password? Their sessions end.`}
                />
                {own === undefined && (
                  <>
                    <Action
                      view={view}
                      path={`${path}/switch`}
                      label={one.disabledAtMs === null ? "Switch off" : "Switch on"}
                    />
                    <Action
                      view={view}
                      path={`${path}/remove`}
                      label="Remove"
                      kind="danger"
                      confirm={`Remove ${one.name}?`}
                    />
                  </>
                )}
              </div>
            </td>
          </tr>
        );
      })}
    </CardTable>
  );
}

function PasswordPage({ view, name, password }: { view: View; name: string; password: string }) {
  return (
    <Page
      view={view}
      title={`One-time password of ${name}`}
      crumbs={[...SETTINGS, { label: "Administrators", path: "/settings/administrators" }]}
    >
      <Card title="For the first login">
        <Secret view={view} label="One-time password" text={password} />
        <p>{name} chooses a password of their own at the first login.</p>
        <a class="button" href={url(view, "/settings/administrators")}>
          Done
        </a>
      </Card>
    </Page>
  );
}

function tokenPages(kit: Kit): void {
  const { deps } = kit;
  const list = "/settings/tokens";

  kit.pageFor("access:write", list, (visit) => tokensPage(visit, FRESH_FORM));

  kit.form(
    "access:write",
    list,
    async (visit) => {
      const { form, principal, view } = visit;
      const chosen = form.value("days");
      const days = TOKEN_DAYS.find((one) => String(one) === chosen) ?? TOKEN_DAYS_DEFAULT;
      const wanted = {
        name: form.value("name"),
        role: parseRole(form.value("role")) ?? "viewer",
        scopes: SCOPE_NAMES.filter((scope) => form.values("scopes").includes(scope)),
        expiresAtMs: chosen === UNTIL_REVOKED ? null : deps.now() + days * DAY_MS,
      };
      const { text, token } = await deps.tokens.issue(wanted, principal, principal.name);
      await recordAction(deps.audit, visit.c, "token.create", token.id, {
        name: token.name,
        role: token.role,
        scopes: token.scopes.join(" "),
      });
      return (
        <Page
          view={view}
          title={`Token ${token.name}`}
          crumbs={[...SETTINGS, { label: "API tokens", path: list }]}
        >
          <Card title="For the program">
            <Secret view={view} label="Token" text={text} />
            <p>
              The program sends it as <code>Authorization: Bearer …</code>
            </p>
            <a class="button" href={url(view, list)}>
              Done
            </a>
          </Card>
        </Page>
      );
    },
    (visit) => tokensPage(visit, visit.form),
  );

  kit.form("access:write", `${list}/:id/revoke`, async (visit) => {
    const id = visit.c.req.param("id") ?? "";
    await deps.tokens.revoke(id);
    await recordAction(deps.audit, visit.c, "token.revoke", id);
    return kit.done(visit.c, list, "The token no longer works.");
  });
}

async function tokensPage({ view, deps }: Visit, form: FormState) {
  const tokens = await deps.tokens.list();
  return (
    <Page
      view={view}
      title="API tokens"
      lead="For programs. A token can do what its role may, and of that only its scopes."
      crumbs={SETTINGS}
    >
      {!view.isFragment && (
        <Card title="New token">
          <NewToken view={view} form={form} />
        </Card>
      )}
      <Live view={view}>
        <section class="card" aria-label="Tokens">
          {tokens.length === 0 ? (
            <Empty title="There is no token yet" words="The API and the command line need one." />
          ) : (
            <TokenTable view={view} tokens={tokens} />
          )}
        </section>
      </Live>
    </Page>
  );
}

function NewToken({ view, form }: { view: View; form: FormState }) {
  return (
    <PostForm view={view} path="/settings/tokens" class="sheet">
      <FormProblem view={view} form={form} />
      <div class="field-row">
        <TextField form={form} name="name" label="Name" placeholder="Nightly export" required />
        <SelectField form={form} name="role" label="Role" options={ROLE_OPTIONS} value="viewer" />
        <SelectField
          form={form}
          name="days"
          label="Works for"
          options={[
            { value: "30", label: "30 days" },
            { value: "365", label: "a year" },
            { value: UNTIL_REVOKED, label: "until it is revoked" },
          ]}
          value="365"
        />
      </div>
      <div class="field">
        <span class="label">Only these scopes</span>
        <span class="hint">None ticked means all that the role may.</span>
        <div class="chips">
          {SCOPE_NAMES.map((scope) => (
            <label class="chip" title={`needs the role ${SCOPES[scope]}`}>
              <input
                type="checkbox"
                name="scopes"
                value={scope}
                checked={form.values("scopes").includes(scope)}
              />
              {scope}
            </label>
          ))}
        </div>
        {form.errorOf("scopes") !== undefined && (
          <span class="wrong">{form.errorOf("scopes")}</span>
        )}
      </div>
      <div class="buttons">
        <button type="submit" class="primary">
          Make a token
        </button>
      </div>
    </PostForm>
  );
}

function TokenTable({ view, tokens }: { view: View; tokens: readonly ApiToken[] }) {
  return (
    <CardTable caption="API tokens" columns={["Token", "May", "State", "Last used", "Actions"]}>
      {tokens.map((token) => (
        <tr id={`token-${token.id}`}>
          <td class="title">
            {token.name}
            <span class="sub">
              by {token.createdBy}, <When view={view} at={token.createdAtMs} />
            </span>
          </td>
          <td data-label="May">
            <span>
              {token.role}
              <span class="sub">{token.scopes.join(", ") || "all that the role may"}</span>
            </span>
          </td>
          <td data-label="State">
            <TokenState view={view} token={token} />
          </td>
          <td data-label="Last used">
            <When view={view} at={token.lastUsedAtMs} />
          </td>
          <td data-label="Actions">
            {token.revokedAtMs === null && (
              <Action
                view={view}
                path={`/settings/tokens/${token.id}/revoke`}
                label="Revoke"
                kind="danger"
                confirm={`Revoke ${token.name}? Programs that use it are refused from now on.`}
              />
            )}
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function TokenState({ view, token }: { view: View; token: ApiToken }) {
  if (token.revokedAtMs !== null) return <Badge view={view} kind="plain" label="Revoked" />;
  if (token.expiresAtMs === null) return <Badge view={view} kind="good" label="Works" />;
  if (token.expiresAtMs <= view.nowMs) return <Badge view={view} kind="plain" label="Expired" />;
  return (
    <span>
      <Badge view={view} kind="good" label="Works" />
      <span class="sub">
        until <When view={view} at={token.expiresAtMs} />
      </span>
    </span>
  );
}
