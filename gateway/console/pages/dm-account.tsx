import { DEVICE_SCHEMES } from "../../../devices/model/credential.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { DmAccount, DmAccountPatch } from "../../../devices/service/dm-account.ts";
import { recordAction } from "../../http/audited.ts";
import { needValid } from "../../http/field-problems.ts";
import { DmAccountPatchSchema } from "../../http/schemas/device.ts";
import type { DeviceView } from "../../reports/report-reader.ts";
import { Action, PostForm, SaveLine } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Fact } from "../components/fact-list.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM, type SentForm } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";
import { PROOF_WORDS, SERVER_PROBLEM_WORDS } from "../words.ts";
import { needId } from "./device.tsx";

/** How a device and the site know each other in OMA DM, and what can be changed about it. */
export function dmAccountPages(kit: Kit): void {
  const { deps } = kit;
  if (!deps.site) return;
  const { useCases } = deps.site;

  kit.page("/devices/:id/oma-dm", async (visit) => (
    <AccountPage view={visit.view} {...(await read(visit))} form={FRESH_FORM} />
  ));

  kit.form(
    "devices:write",
    "/devices/:id/oma-dm",
    async (visit) => {
      const id = needId(visit);
      const patch = patchFrom(visit.form);
      await useCases.changeDmAccount(id, patch);
      await recordAction(deps.audit, visit.c, "device.oma-dm", id, { ...patch });
      return kit.done(visit.c, `/devices/${id}/oma-dm`, "The account was changed.");
    },
    async (visit) => <AccountPage view={visit.view} {...(await read(visit))} form={visit.form} />,
  );

  kit.form("devices:write", "/devices/:id/oma-dm/server-password", async (visit) => {
    const { device } = await read(visit);
    const { serverId, password } = await useCases.renewServerPassword(device.id);
    await recordAction(deps.audit, visit.c, "device.server-password", device.id);
    return (
      <Page
        view={visit.view}
        title={`This server's password towards ${device.name}`}
        crumbs={crumbsTo(device)}
      >
        <Card title="For the device">
          <p>
            Name of the server: <code>{serverId}</code>
          </p>
          <Secret view={visit.view} label="Password" text={password} />
          <p>The device takes no commands until it knows it.</p>
          <a class="button" href={url(visit.view, `/devices/${device.id}/oma-dm`)}>
            Done
          </a>
        </Card>
      </Page>
    );
  });

  kit.form("devices:write", "/devices/:id/notify", async (visit) => {
    const id = needId(visit);
    const { sessionId, addresses } = await useCases.notifyDevice(id);
    await recordAction(deps.audit, visit.c, "device.notify", id, { sessionId, addresses });
    return kit.done(visit.c, `/devices/${id}`, "It was called; it comes when that reaches it.");
  });

  async function read(visit: Visit | FormVisit): Promise<{
    readonly device: DeviceView;
    readonly account: DmAccount;
  }> {
    const id = needId(visit);
    const [device, account] = await Promise.all([deps.reports.device(id), useCases.dmAccount(id)]);
    if (!device || !account) throw new AppError("not-found", "there is no such OMA DM account");
    return { device, account };
  }
}

interface AccountPageProps {
  readonly view: View;
  readonly device: DeviceView;
  readonly account: DmAccount;
  readonly form: FormState;
}

function AccountPage({ view, device, account, form }: AccountPageProps) {
  const reason =
    whyNot(view, "devices:write") ??
    (device.removedAtMs === null ? undefined : "The device was removed; add it again first");
  return (
    <Page
      view={view}
      title={`OMA DM account of ${device.name}`}
      crumbs={crumbsTo(device)}
      actions={
        reason === undefined ? (
          <>
            <Action
              view={view}
              path={`/devices/${device.id}/oma-dm/server-password`}
              label={account.serverId === null ? "Make a server password" : "New server password"}
              confirm={`Make a new password of this server towards ${device.name}? A device that asks for it takes no commands until it knows the new one.`}
            />
            {account.reach.problem === null && (
              <Action view={view} path={`/devices/${device.id}/notify`} label="Call it now" />
            )}
          </>
        ) : (
          <span class="reason">{reason}</span>
        )
      }
    >
      {account.serverProblem !== null && (
        <Band view={view} kind="bad">
          {SERVER_PROBLEM_WORDS[account.serverProblem]}. Until it does, it takes no commands.
        </Band>
      )}
      <Card title="As it is">
        <dl class="facts">
          <Fact label="User name">{account.userName}</Fact>
          <Fact label="Proves itself by at least">{PROOF_WORDS[account.requiredProof]}</Fact>
          <Fact label="Usually comes from">
            {account.usualAddresses.join(", ") || "it has not logged in yet"}
          </Fact>
          <Fact label="Wrong credentials in its name">
            <Failures view={view} account={account} device={device} />
          </Fact>
          <Fact label="Knows this server as">
            {account.serverId ?? "it was given no server password"}
          </Fact>
          <Fact label="Can be called">
            {account.reach.problem ?? `at ${account.reach.addresses.join(", ") || "any place"}`}
          </Fact>
          <Fact label="Last called">
            <When view={view} at={account.notifiedAtMs} site={device.site} />
            {account.notifiedSession !== null && (
              <span class="sub">for session {account.notifiedSession}, not begun yet</span>
            )}
          </Fact>
        </dl>
      </Card>
      <PostForm view={view} path={`/devices/${device.id}/oma-dm`} class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset disabled={reason !== undefined}>
          <legend>Proof and address</legend>
          <div class="field-row">
            <SelectField
              form={form}
              name="scheme"
              label="It proves itself by at least"
              hint="What is weaker is refused, also with the right password."
              value={account.scheme}
              options={DEVICE_SCHEMES.map((value) => ({
                value,
                label: value === "site" ? "As the site says" : PROOF_WORDS[value],
              }))}
            />
            <TextField
              form={form}
              name="certificateSubject"
              label="Subject of its client certificate"
              hint="In place of a password, where a trusted TLS proxy checks certificates."
              placeholder="CN=Device-42,O=Contoso"
              value={account.certificateSubject ?? ""}
            />
            <TextField
              form={form}
              name="notifyAddress"
              label="Where it is called"
              hint="When there is work for it. Else at the addresses that it logged in from."
              placeholder="10.1.2.3:2948"
              value={account.notifyAddress ?? ""}
            />
          </div>
          <SaveLine />
        </fieldset>
      </PostForm>
    </Page>
  );
}

/** Who guessed, and until when they wait. The device itself is held up where it guessed only. */
function Failures({ view, account, device }: Omit<AccountPageProps, "form">) {
  const { site } = device;
  if (account.failures.length === 0) return <>none</>;
  return (
    <>
      {account.failures.map(({ address, count, lastAtMs, blockedUntilMs }) => (
        <span class="sub">
          {plural(count, "time")} from {address || "nowhere"},{" "}
          {blockedUntilMs === null ? (
            <>
              last <When view={view} at={lastAtMs} site={site} />
            </>
          ) : (
            <>
              has to wait until <When view={view} at={blockedUntilMs} site={site} />
            </>
          )}
        </span>
      ))}
    </>
  );
}

function patchFrom(form: SentForm): DmAccountPatch {
  const patch = needValid(DmAccountPatchSchema, {
    scheme: form.value("scheme"),
    certificateSubject: form.optional("certificateSubject") ?? null,
    notifyAddress: form.optional("notifyAddress") ?? null,
  });
  return patch as DmAccountPatch; // Zod allows undefined where the three fields were given.
}

function crumbsTo(device: DeviceView) {
  return [
    { label: "Devices", path: "/devices" },
    { label: device.name, path: `/devices/${device.id}` },
  ];
}
