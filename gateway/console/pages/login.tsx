import { AppError } from "../../../devices/model/errors.ts";
import { PASSWORD_LENGTH_MIN } from "../../access/password.ts";
import { auditedLogin, recordAction } from "../../http/audited.ts";
import { clearSessionCookie, refuseForeignOrigin, setSessionCookie } from "../../http/identify.ts";
import { STATUS_OF } from "../../http/problem.ts";
import { PostForm } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { Door } from "../components/door.tsx";
import { TextField } from "../components/field.tsx";
import { type FormState, FRESH_FORM, isCorrectable } from "../form-state.ts";
import type { FormVisit, Kit } from "../kit.tsx";
import { url, type View } from "../view.ts";

/** Login, logout and the change of one's own password. */
export function loginPages(kit: Kit): void {
  const { deps } = kit;

  kit.openPage("/login", ({ view, c }) =>
    view.principal ? (
      c.redirect(localTarget(view, c.req.query("to")), 303)
    ) : (
      <LoginPage view={view} form={FRESH_FORM} to={c.req.query("to") ?? ""} />
    ),
  );

  kit.openForm("/login", async (visit) => {
    const { c, view, form } = visit;
    refuseForeignOrigin(c);
    const login = {
      name: form.value("name"),
      password: form.value("password"),
      address: c.get("address") ?? "",
    };
    try {
      const { principal, sessionId } = await auditedLogin(deps.accounts, deps.audit, login);
      setSessionCookie(c, deps.cookie, sessionId);
      const to = localTarget(view, form.value("to"));
      return c.redirect(principal.mustChange ? url(view, "/password") : to, 303);
    } catch (error) {
      if (!isCorrectable(error)) throw error;
      c.status(STATUS_OF[error.code] as 401);
      if (error.retryAfterMs !== undefined) {
        c.header("Retry-After", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
      }
      return <LoginPage view={view} form={form.with(error)} to={form.value("to")} />;
    }
  });

  kit.personalForm("/logout", async (visit) => {
    const { c, view, principal } = visit;
    await deps.accounts.logout(principal);
    clearSessionCookie(c, deps.cookie);
    await recordAction(deps.audit, visit.c, "logout", principal.name);
    return c.redirect(url(view, "/login"), 303);
  });

  kit.openPage("/password", ({ view, c }) =>
    view.principal ? (
      <PasswordPage view={view} form={FRESH_FORM} />
    ) : (
      c.redirect(url(view, "/login", { to: view.address }), 303)
    ),
  );
  kit.personalForm("/password", changePassword, ({ view, form }) => (
    <PasswordPage view={view} form={form} />
  ));

  async function changePassword(visit: FormVisit) {
    const { c, form, principal } = visit;
    const next = form.value("newPassword");
    if (next !== form.value("repeatedPassword")) {
      const message = "the two new passwords differ";
      throw new AppError("unprocessable", message, {
        fields: [{ pointer: "/repeatedPassword", message }],
      });
    }
    const current = form.value("currentPassword");
    await deps.accounts.changePassword(principal, current, next, c.get("address") ?? "");
    await recordAction(deps.audit, visit.c, "password.change", principal.name);
    return kit.done(c, "", "Your password was changed. Your other sessions have ended.");
  }
}

function LoginPage({ view, form, to }: { view: View; form: FormState; to: string }) {
  return (
    <Door view={view} title="Log in">
      {form.problem !== undefined && (
        <Band view={view} kind="bad">
          {capital(form.problem)}.
        </Band>
      )}
      <PostForm view={view} path="/login" class="sheet">
        <input type="hidden" name="to" value={to} />
        <TextField form={form} name="name" label="Name" required autocomplete="username" />
        <TextField
          form={form}
          name="password"
          label="Password"
          type="password"
          required
          autocomplete="current-password"
        />
        <button type="submit" class="primary">
          Log in
        </button>
      </PostForm>
      <p class="small muted">
        The first administrator is <code>admin</code>; the one-time password was printed when the
        gateway first started. Lost it? Run <code>outpost admin reset-password</code> on the
        gateway.
      </p>
    </Door>
  );
}

function PasswordPage({ view, form }: { view: View; form: FormState }) {
  const isFirst = view.principal?.mustChange ?? false;
  return (
    <Door view={view} title={isFirst ? "Choose your own password" : "Change your password"}>
      {isFirst && (
        <Band view={view} kind="info">
          The password you logged in with works this one time. Choose one that only you know.
        </Band>
      )}
      {form.problem !== undefined && (
        <Band view={view} kind="bad">
          {capital(form.problem)}.
        </Band>
      )}
      <PostForm view={view} path="/password" class="sheet">
        <TextField
          form={form}
          name="currentPassword"
          label={isFirst ? "One-time password" : "Current password"}
          type="password"
          required
          autocomplete="current-password"
        />
        <TextField
          form={form}
          name="newPassword"
          label="New password"
          hint={`At least ${PASSWORD_LENGTH_MIN} characters; a sentence is a good one.`}
          type="password"
          required
          autocomplete="new-password"
        />
        <TextField
          form={form}
          name="repeatedPassword"
          label="The new password again"
          type="password"
          required
          autocomplete="new-password"
        />
        <div class="buttons">
          <button type="submit" class="primary">
            Change the password
          </button>
          {!isFirst && (
            <a class="button" href={url(view, "")}>
              Cancel
            </a>
          )}
        </div>
      </PostForm>
    </Door>
  );
}

/** Only a page of our own: a link to the login cannot send people elsewhere. */
function localTarget(view: View, to: string | undefined): string {
  const isOwn = to?.startsWith(`${view.base}/`) && !/^\/[/\\]/.test(to) && !/[\r\n\\]/.test(to);
  return isOwn && to !== undefined ? to : url(view, "");
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
