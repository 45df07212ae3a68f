import { fieldError } from "../../../devices/model/errors.ts";
import type { EnterpriseSettings } from "../../../devices/model/policy.ts";
import { isTimeZone } from "../../../devices/windows/recurrence.ts";
import { recordAction } from "../../http/audited.ts";
import { rotateGatewayToken } from "../../http/routes/ddi-settings.ts";
import {
  checkedEnterprise,
  RETENTION_DAYS_MAX,
  RETENTION_DAYS_MIN,
} from "../../http/routes/settings.ts";
import type { LocalSettings } from "../../http/use-cases.ts";
import { PostForm, SaveLine } from "../components/action.tsx";
import { Card } from "../components/card.tsx";
import { SelectField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { type FormState, FRESH_FORM, type SentForm } from "../form-state.ts";
import type { Kit } from "../kit.tsx";
import { url, type View, whyNot } from "../view.ts";
import { AgentSettingsForm, agentSettingsFrom } from "./agent-settings.tsx";
import { ContentOriginsForm, contentOriginsFrom } from "./content-origins.tsx";
import { DdiSettingsForm, ddiFrom } from "./ddi-settings.tsx";
import { MenderSettingsForm, menderSettingsFrom } from "./mender-settings.tsx";
import { OmaDmSettingsForm, omaDmFrom } from "./oma-dm-settings.tsx";
import { recordingFrom, SessionRecordingForm } from "./session-recording-settings.tsx";
import { TokenAliasesForm, tokenAliasesFrom } from "./token-aliases.tsx";
import { WindowsCeSettingsForm, windowsCeFrom } from "./windows-ce-settings.tsx";

/** The one setting record of the policy. */
const ENTERPRISE = "enterprise";
const CRL_CHECKS = ["0", "1"] as const;
/** Typed in the place of a secret, it removes it. */
const REMOVE = "-";
const NAME_CHARACTERS_MAX = 200;

/** Settings of this gateway and of enterprise enrolment. */
export function settingsPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/settings", ({ view }) => <SettingsPage view={view} {...current()} {...FRESH} />);

  kit.form(
    "settings:write",
    "/settings/local",
    async (visit) => {
      const change = localFrom(visit.form);
      await deps.settings.write(change);
      await recordAction(deps.audit, visit.c, "settings.change", "settings", { ...change });
      return kit.done(visit.c, "/settings", "The settings were saved.");
    },
    ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} local={form} />,
  );

  kit.form(
    "settings:write",
    "/settings/enterprise",
    async (visit) => {
      const change = differing(enterpriseFrom(visit.form), deps.policy.read().enterprise);
      if (Object.keys(change).length === 0) {
        return kit.done(visit.c, "/settings", "Nothing was different, so nothing was saved.");
      }
      await deps.author.write(
        [{ kind: "setting", id: ENTERPRISE, body: change }],
        visit.principal.name,
      );
      await recordAction(deps.audit, visit.c, "settings.enterprise", ENTERPRISE, change);
      return kit.done(visit.c, "/settings", "The enterprise settings were saved.");
    },
    ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} enterprise={form} />,
  );

  kit.form(
    "settings:write",
    "/settings/content-origins",
    async (visit) => {
      const contentOrigins = contentOriginsFrom(visit.form);
      await deps.settings.write({ contentOrigins });
      await recordAction(deps.audit, visit.c, "settings.content-origins", "settings", {
        origins: contentOrigins,
      });
      return kit.done(visit.c, "/settings", "The vendors' servers were saved.");
    },
    ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} origins={form} />,
  );

  kit.form(
    "settings:write",
    "/settings/token-aliases",
    async (visit) => {
      const tokenAliases = tokenAliasesFrom(visit.form);
      await deps.settings.write({ tokenAliases });
      await recordAction(deps.audit, visit.c, "settings.token-aliases", "settings", {
        aliases: tokenAliases,
      });
      return kit.done(visit.c, "/settings", "The names of tokens were saved.");
    },
    ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} aliases={form} />,
  );

  if (deps.role === "site") {
    kit.form(
      "settings:write",
      "/settings/oma-dm",
      async (visit) => {
        const change = omaDmFrom(visit.form);
        await deps.settings.write({ omaDm: change });
        await recordAction(deps.audit, visit.c, "settings.oma-dm", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings of OMA DM were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} omaDm={form} />,
    );
    kit.form(
      "settings:write",
      "/settings/agents",
      async (visit) => {
        const change = agentSettingsFrom(visit.form);
        await deps.settings.write({ agents: change });
        await recordAction(deps.audit, visit.c, "settings.agents", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings for agents were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} agents={form} />,
    );
    kit.form(
      "settings:write",
      "/settings/ddi",
      async (visit) => {
        const change = ddiFrom(visit.form);
        await deps.settings.write({ ddi: { ...deps.settings.read().ddi, ...change } });
        await recordAction(deps.audit, visit.c, "settings.ddi", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings for hawkBit clients were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} ddi={form} />,
    );
    kit.form("settings:write", "/settings/ddi/gateway-token", async (visit) => {
      const token = await rotateGatewayToken(deps, visit.c);
      return (
        <Page view={visit.view} title="Gateway token for hawkBit clients">
          <Secret view={visit.view} label="Token" text={token} />
        </Page>
      );
    });
    kit.form(
      "settings:write",
      "/settings/mender",
      async (visit) => {
        const change = menderSettingsFrom(visit.form);
        await deps.settings.write({ mender: change });
        await recordAction(deps.audit, visit.c, "settings.mender", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings for Mender clients were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} mender={form} />,
    );
    kit.form(
      "settings:write",
      "/settings/windows-ce",
      async (visit) => {
        const change = windowsCeFrom(visit.form);
        await deps.settings.write({ windowsCe: change });
        await recordAction(deps.audit, visit.c, "settings.windows-ce", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings for Windows CE were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} windowsCe={form} />,
    );
    kit.form(
      "settings:write",
      "/settings/sessions",
      async (visit) => {
        const change = recordingFrom(visit.form);
        await deps.settings.write({ sessions: change });
        await recordAction(deps.audit, visit.c, "settings.sessions", "settings", { ...change });
        return kit.done(visit.c, "/settings", "The settings of recorded sessions were saved.");
      },
      ({ view, form }) => <SettingsPage view={view} {...current()} {...FRESH} sessions={form} />,
    );
  }

  function current(): Pick<SettingsPageProps, "settings" | "policy"> {
    return { settings: deps.settings.read(), policy: deps.policy.read().enterprise };
  }
}

interface SettingsPageProps {
  readonly view: View;
  readonly settings: LocalSettings;
  readonly policy: EnterpriseSettings;
  readonly local: FormState;
  readonly enterprise: FormState;
  readonly omaDm: FormState;
  readonly agents: FormState;
  readonly ddi: FormState;
  readonly mender: FormState;
  readonly origins: FormState;
  readonly aliases: FormState;
  readonly sessions: FormState;
  readonly windowsCe: FormState;
}

const FRESH = {
  local: FRESH_FORM,
  enterprise: FRESH_FORM,
  omaDm: FRESH_FORM,
  agents: FRESH_FORM,
  ddi: FRESH_FORM,
  mender: FRESH_FORM,
  origins: FRESH_FORM,
  aliases: FRESH_FORM,
  sessions: FRESH_FORM,
  windowsCe: FRESH_FORM,
};

function SettingsPage(props: SettingsPageProps) {
  const {
    view,
    settings,
    policy,
    local,
    enterprise,
    omaDm,
    agents,
    ddi,
    mender,
    origins,
    aliases,
    sessions,
    windowsCe,
  } = props;
  const reason = whyNot(view, "settings:write");
  return (
    <Page
      view={view}
      title="Settings"
      actions={
        whyNot(view, "access:write") === undefined && (
          <>
            <a class="button" href={url(view, "/settings/backups")}>
              Backups
            </a>
            {view.role === "site" && (
              <a class="button" href={url(view, "/settings/keys")}>
                Keys
              </a>
            )}
            <a class="button" href={url(view, "/settings/administrators")}>
              Administrators
            </a>
            <a class="button" href={url(view, "/settings/tokens")}>
              API tokens
            </a>
          </>
        )
      }
    >
      {reason !== undefined && <p class="muted">{reason}. You can look, not change.</p>}
      <PostForm view={view} path="/settings/local" class="sheet">
        <FormProblem view={view} form={local} />
        <fieldset disabled={reason !== undefined}>
          <legend>This gateway</legend>
          <div class="field-row">
            <TextField
              form={local}
              name="siteName"
              label="Name"
              value={settings.siteName}
              required
            />
            <TextField
              form={local}
              name="timeZone"
              label="Time zone"
              hint="Windows without a zone of their own follow it."
              value={settings.timeZone}
              required
              list={Intl.supportedValuesOf("timeZone")}
            />
          </div>
          <TextField
            form={local}
            name="factRetentionDays"
            label="Days that history is kept"
            hint="Facts go only after the hub has them, where there is a hub."
            type="number"
            min={RETENTION_DAYS_MIN}
            max={RETENTION_DAYS_MAX}
            value={String(settings.factRetentionDays)}
            required
          />
          <SaveLine />
        </fieldset>
      </PostForm>
      {view.role === "site" && (
        <>
          <OmaDmSettingsForm
            view={view}
            form={omaDm}
            settings={settings.omaDm}
            isLocked={reason !== undefined}
          />
          <AgentSettingsForm
            view={view}
            form={agents}
            settings={settings.agents}
            isLocked={reason !== undefined}
          />
          <DdiSettingsForm
            view={view}
            form={ddi}
            settings={settings.ddi}
            isLocked={reason !== undefined}
          />
          <MenderSettingsForm
            view={view}
            form={mender}
            settings={settings.mender}
            isLocked={reason !== undefined}
          />
          <WindowsCeSettingsForm
            view={view}
            form={windowsCe}
            settings={settings.windowsCe}
            isLocked={reason !== undefined}
          />
          <SessionRecordingForm
            view={view}
            form={sessions}
            recording={settings.sessions}
            isLocked={reason !== undefined}
          />
        </>
      )}
      <ContentOriginsForm
        view={view}
        form={origins}
        origins={settings.contentOrigins}
        isLocked={reason !== undefined}
      />
      <TokenAliasesForm
        view={view}
        form={aliases}
        aliases={settings.tokenAliases}
        isLocked={reason !== undefined}
      />
      <PostForm view={view} path="/settings/enterprise" class="sheet">
        <FormProblem view={view} form={enterprise} />
        <fieldset disabled={reason !== undefined}>
          <legend>Enterprise enrolment of Windows devices</legend>
          <p class="small muted">
            {view.role === "hub"
              ? "For the whole organisation; a site can say otherwise for itself."
              : "What holds here. A field that is changed here no longer follows the organisation's."}
          </p>
          <TextField
            form={enterprise}
            name="enterpriseId"
            label="Enterprise id"
            hint="The name of the node that devices keep their apps under."
            placeholder="4000000001"
            value={policy.enterpriseId ?? ""}
          />
          <TextArea
            form={enterprise}
            name="enrollmentToken"
            label="Enrolment token"
            hint={secretHint(policy.enrollmentToken !== null)}
            rows={3}
          />
          <TextField
            form={enterprise}
            name="certificateSearchCriteria"
            label="Certificate search criteria"
            hint="The subject of the devices' certificates, URL-encoded."
            placeholder="Subject=CN%3DDevice-42"
            value={reason === undefined ? (policy.certificateSearchCriteria ?? "") : ""}
          />
          <div class="field-row">
            <SelectField
              form={enterprise}
              name="crlCheck"
              label="Check revocation lists"
              value={policy.crlCheck ?? ""}
              options={[
                { value: "", label: "not set" },
                { value: "0", label: "no" },
                { value: "1", label: "yes" },
              ]}
            />
          </div>
          <TextArea
            form={enterprise}
            name="platforms"
            label="Systems that are served"
            hint="One per line, as devices name their system."
            value={policy.platforms.join("\n")}
            rows={3}
          />
          <SaveLine />
        </fieldset>
      </PostForm>
      <Card title="Reports of this gateway">
        <p>
          Metrics for Prometheus are at <code>/metrics</code>, the API and its documentation at{" "}
          <a href={url(view, "/docs")}>{url(view, "/docs")}</a>.
        </p>
      </Card>
    </Page>
  );
}

function secretHint(isSet: boolean): string {
  return isSet
    ? "It is set and not shown. Empty keeps it; a single hyphen removes it."
    : "It is not set. It is kept encrypted and never shown again.";
}

/**
 * Only what somebody changed: a site that writes a field has its own word on it from then on, and no
 * longer follows the organisation's.
 */
function differing(
  wanted: Readonly<Record<string, unknown>>,
  current: EnterpriseSettings,
): Readonly<Record<string, unknown>> {
  const known: Readonly<Record<string, unknown>> = { ...current };
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => !Bun.deepEquals(known[name], value)),
  );
}

function localFrom(
  form: SentForm,
): Pick<LocalSettings, "siteName" | "timeZone" | "factRetentionDays"> {
  const siteName = form.value("siteName");
  if (siteName === "" || siteName.length > NAME_CHARACTERS_MAX) {
    throw fieldError("/siteName", `a name of at most ${NAME_CHARACTERS_MAX} characters`);
  }
  const timeZone = form.value("timeZone");
  if (!isTimeZone(timeZone)) {
    throw fieldError("/timeZone", "the name of a time zone, such as Europe/Prague");
  }
  const factRetentionDays = Number(form.value("factRetentionDays"));
  const isInRange =
    Number.isInteger(factRetentionDays) &&
    factRetentionDays >= RETENTION_DAYS_MIN &&
    factRetentionDays <= RETENTION_DAYS_MAX;
  if (!isInRange) {
    throw fieldError(
      "/factRetentionDays",
      `whole days from ${RETENTION_DAYS_MIN} to ${RETENTION_DAYS_MAX}`,
    );
  }
  return { siteName, timeZone, factRetentionDays };
}

function enterpriseFrom(form: SentForm): Readonly<Record<string, unknown>> {
  const crlCheck = CRL_CHECKS.find((one) => one === form.value("crlCheck")) ?? null;
  const platforms = form
    .value("platforms")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (platforms.length === 0) throw fieldError("/platforms", "name at least one system");
  const token = form.value("enrollmentToken");
  return checkedEnterprise({
    enterpriseId: form.optional("enterpriseId") ?? null,
    certificateSearchCriteria: form.optional("certificateSearchCriteria") ?? null,
    crlCheck,
    platforms,
    ...(token !== "" && { enrollmentToken: token === REMOVE ? null : token }),
  });
}
