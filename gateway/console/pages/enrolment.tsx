import { type DeviceAlias, PLATFORMS, parsePlatform } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { EnrolmentCode } from "../../../devices/ports/enrolment-codes.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import { enrolmentCodeHash } from "../../../devices/service/enrol-by-code.ts";
import type { NewDevice } from "../../../devices/service/register-device.ts";
import { randomText } from "../../access/secret-text.ts";
import { recordAction } from "../../http/audited.ts";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { When } from "../components/when.tsx";
import type { ConsoleDeps, SiteConsoleDeps } from "../console-deps.ts";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";

/** Short enough to type on a handheld: five bits each. */
const CODE_CHARACTERS = 12;
/** Waiting codes at once. */
export const CODES_MAX = 1_000;
const DAY_MS = 24 * 3_600_000;
const CODES_SHOWN = 50;
const PROTOCOLS: readonly DeviceAlias["protocol"][] = [
  "oma-dm",
  "agent",
  "ddi",
  "mender",
  "ce",
  "external",
];

/** How devices become known: codes that they type, and the list of those that only knocked. */
export function enrolmentPages(kit: Kit): void {
  const { deps } = kit;
  const { site } = deps;
  if (!site) return;

  kit.page("/enrolment", (visit) => enrolmentPage(visit, site, FRESH_FORM));

  kit.form(
    "devices:write",
    "/enrolment/codes",
    async (visit) => {
      const { form, view } = visit;
      const platform = parsePlatform(form.value("platform"));
      const name = form.optional("name");
      const text = await makeCode(visit, deps, site, {
        note: form.value("note"),
        stableId: form.optional("stableId") ?? null,
        days: Math.min(90, Math.max(1, Number(form.value("days")) || 7)),
        template: { ...(platform && { platform }), ...(name && { name }) },
      });
      return <CodePage view={view} code={text} />;
    },
    (visit) => enrolmentPage(visit, site, visit.form),
  );

  kit.form("devices:write", "/enrolment/codes/:id/remove", async (visit) => {
    const id = visit.c.req.param("id") ?? "";
    await site.codes.remove(id);
    await recordAction(deps.audit, visit.c, "enrolment-code.remove", id);
    return kit.done(visit.c, "/enrolment", "The code no longer works.");
  });

  kit.form("devices:write", "/enrolment/knocks/approve", async (visit) => {
    const { form, principal, view } = visit;
    const knock = await needKnock(visit, site);
    const platform = parsePlatform(form.value("platform"));
    const name = form.optional("name");
    const wanted = { ...(platform && { platform }), ...(name && { name }) };
    const made = await site.useCases.approveKnock(knock, wanted, principal.name);
    await site.knocks.forget(knock.protocol, knock.externalId);
    await recordAction(deps.audit, visit.c, "knock.approve", made.device.id, {
      externalId: knock.externalId,
    });
    return (
      <Page
        view={view}
        title={`${made.device.name} is known now`}
        crumbs={[{ label: "Enrolment", path: "/enrolment" }]}
      >
        <Card title="Its credentials for OMA DM">
          <p>
            User name: <code>{made.userName}</code>
          </p>
          <Secret view={view} label="Password" text={made.password} />
          <a class="button" href={url(view, `/devices/${made.device.id}`)}>
            To the device
          </a>
        </Card>
      </Page>
    );
  });

  kit.form("devices:write", "/enrolment/knocks/forget", async (visit) => {
    const knock = await needKnock(visit, site);
    await site.knocks.forget(knock.protocol, knock.externalId);
    await recordAction(deps.audit, visit.c, "knock.forget", knock.externalId);
    return kit.done(
      visit.c,
      "/enrolment",
      "Forgotten; it comes back to the list if it knocks again.",
    );
  });
}

interface WantedCode {
  readonly note: string;
  /** Null: for any device that is not served yet. */
  readonly stableId: string | null;
  readonly days: number;
  readonly template: Partial<NewDevice>;
}

/** Makes a one-time code and gives it as it is shown: this once. */
export async function makeCode(
  visit: FormVisit,
  { audit, now }: Pick<ConsoleDeps, "audit" | "now">,
  { codes }: SiteConsoleDeps,
  { note, stableId, days, template }: WantedCode,
): Promise<string> {
  const waiting = (await codes.list()).filter((code) => isOpen(code, now()));
  if (waiting.length >= CODES_MAX) {
    throw new AppError("conflict", `${CODES_MAX} codes wait to be used: take some back first`);
  }
  const text = randomText(CODE_CHARACTERS);
  const id = Bun.randomUUIDv7();
  await codes.add({
    id,
    codeHash: enrolmentCodeHash(text),
    note,
    template: JSON.stringify(template),
    stableId,
    createdBy: visit.principal.name,
    createdAtMs: now(),
    expiresAtMs: now() + days * DAY_MS,
    usedAtMs: null,
    usedBy: null,
  });
  await recordAction(audit, visit.c, "enrolment-code.create", id, { note, stableId });
  return text.match(/.{1,4}/g)?.join("-") ?? text;
}

async function enrolmentPage({ view }: Visit, site: SiteConsoleDeps, form: FormState) {
  const [knocks, codes] = await Promise.all([site.knocks.list(), site.codes.list()]);
  return (
    <Page
      view={view}
      title="Enrolment"
      lead="Devices become known by a code that they show once, or by your approval."
      actions={
        <a class="button" href={url(view, "/enrolment/windows")}>
          Windows PCs
        </a>
      }
    >
      {!view.isFragment && (
        <Card title="New enrolment code">
          <NewCode view={view} form={form} />
        </Card>
      )}
      <Live view={view}>
        <Card
          title="Unknown devices that knocked"
          flush
          aside={<span class="muted">{plural(knocks.length, "device")}</span>}
        >
          {knocks.length === 0 ? (
            <Empty
              title="Nobody knocked"
              words="A device that speaks to this site without being known appears here."
            />
          ) : (
            <Knocks view={view} knocks={knocks} />
          )}
        </Card>
        <Card title="Codes" flush aside={<span class="muted">{plural(codes.length, "code")}</span>}>
          {codes.length === 0 ? (
            <Empty title="No code was made yet" words="One code makes one device known." />
          ) : (
            <Codes view={view} codes={codes.slice(0, CODES_SHOWN)} />
          )}
        </Card>
      </Live>
    </Page>
  );
}

function NewCode({ view, form }: { view: View; form: FormState }) {
  const reason = whyNot(view, "devices:write");
  if (reason !== undefined) return <p class="muted">{reason}.</p>;
  return (
    <PostForm view={view} path="/enrolment/codes" class="sheet">
      <FormProblem view={view} form={form} />
      <div class="field-row">
        <TextField form={form} name="note" label="What for" placeholder="Till 4, new handheld" />
        <TextField
          form={form}
          name="name"
          label="Name of the device"
          hint="Its own id unless given."
        />
        <TextField
          form={form}
          name="stableId"
          label="Only for the device"
          hint="Its own id; empty: any device that is not known yet."
        />
        <SelectField
          form={form}
          name="platform"
          label="Platform"
          options={PLATFORMS.map((value) => ({ value, label: value }))}
          value="Windows"
        />
        <SelectField
          form={form}
          name="days"
          label="Works for"
          options={[
            { value: "1", label: "1 day" },
            { value: "7", label: "7 days" },
            { value: "30", label: "30 days" },
          ]}
          value="7"
        />
      </div>
      <div class="buttons">
        <button type="submit" class="primary">
          Make a code
        </button>
      </div>
    </PostForm>
  );
}

function Knocks({ view, knocks }: { view: View; knocks: readonly Knock[] }) {
  const reason = whyNot(view, "devices:write");
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Unknown devices</caption>
        <thead>
          <tr>
            <th scope="col">Device</th>
            <th scope="col">It says</th>
            <th scope="col">Last knock</th>
            <th scope="col">Decide</th>
          </tr>
        </thead>
        <tbody>
          {knocks.map((knock) => (
            <tr id={`knock-${knock.protocol}-${knock.externalId.replace(/[^\w-]/g, "_")}`}>
              <td class="title">
                {knock.externalId}
                <span class="sub">
                  {knock.protocol} from {knock.address}
                </span>
              </td>
              <td data-label="It says">
                <span class="small">{detailWords(knock.details)}</span>
              </td>
              <td data-label="Last knock">
                <span>
                  <When view={view} at={knock.lastAtMs} />
                  <span class="sub">
                    {plural(knock.count, "time")} since <When view={view} at={knock.firstAtMs} />
                  </span>
                </span>
              </td>
              <td data-label="Decide">
                {reason !== undefined ? (
                  <span class="muted">{reason}</span>
                ) : (
                  <div class="buttons">
                    <PostForm view={view} path="/enrolment/knocks/approve">
                      <KnockFields knock={knock} />
                      <button type="submit" class="primary">
                        Approve
                      </button>
                    </PostForm>
                    <PostForm view={view} path="/enrolment/knocks/forget">
                      <KnockFields knock={knock} />
                      <button type="submit">Forget</button>
                    </PostForm>
                  </div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function KnockFields({ knock }: { knock: Knock }) {
  return (
    <>
      <input type="hidden" name="protocol" value={knock.protocol} />
      <input type="hidden" name="externalId" value={knock.externalId} />
    </>
  );
}

function Codes({ view, codes }: { view: View; codes: readonly EnrolmentCode[] }) {
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Enrolment codes</caption>
        <thead>
          <tr>
            <th scope="col">What for</th>
            <th scope="col">State</th>
            <th scope="col">Made</th>
            <th scope="col">Expires</th>
            <th scope="col">Actions</th>
          </tr>
        </thead>
        <tbody>
          {codes.map((code) => (
            <tr id={`code-${code.id}`}>
              <td class="title">
                {code.note || "no note"}
                {code.stableId !== null && <span class="sub">only for {code.stableId}</span>}
              </td>
              <td data-label="State">
                <CodeState view={view} code={code} />
              </td>
              <td data-label="Made">
                <span>
                  <When view={view} at={code.createdAtMs} />
                  <span class="sub">by {code.createdBy}</span>
                </span>
              </td>
              <td data-label="Expires">
                <When view={view} at={code.expiresAtMs} />
              </td>
              <td data-label="Actions">
                {isOpen(code, view.nowMs) && (
                  <Action
                    view={view}
                    path={`/enrolment/codes/${code.id}/remove`}
                    label="Take back"
                    whyNot={whyNot(view, "devices:write")}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CodeState({ view, code }: { view: View; code: EnrolmentCode }) {
  if (code.usedAtMs !== null) {
    return (
      <span>
        <Badge view={view} kind="good" label="Used" />
        {code.usedBy !== null && (
          <span class="sub">
            <a href={url(view, `/devices/${code.usedBy}`)}>the device</a>{" "}
            <When view={view} at={code.usedAtMs} />
          </span>
        )}
      </span>
    );
  }
  return isOpen(code, view.nowMs) ? (
    <Badge view={view} kind="warn" label="Waits to be used" />
  ) : (
    <Badge view={view} kind="plain" label="Expired" />
  );
}

export function CodePage({ view, code }: { view: View; code: string }) {
  return (
    <Page view={view} title="Enrolment code" crumbs={[{ label: "Enrolment", path: "/enrolment" }]}>
      <Card title="For one device">
        <Secret view={view} label="Code" text={code} />
        <p>
          On the device, set the management server to this site's address with any user name, and
          the code as the password. Case and hyphens do not matter.
        </p>
        <p>
          A PC with Windows 10 or 11 takes it in its settings:{" "}
          <a href={url(view, "/enrolment/windows")}>how a Windows PC enrols</a>.
        </p>
        <a class="button" href={url(view, "/enrolment")}>
          Done
        </a>
      </Card>
    </Page>
  );
}

function isOpen(code: EnrolmentCode, nowMs: number): boolean {
  return code.usedAtMs === null && code.expiresAtMs > nowMs;
}

/** What a device said of itself, as far as it is a flat list. */
function detailWords(details: string): string {
  try {
    const parsed: unknown = JSON.parse(details);
    if (typeof parsed !== "object" || parsed === null) return details;
    const parts = Object.entries(parsed)
      .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
      .map(([name, value]) => `${name}: ${value}`);
    return parts.join(", ") || "nothing";
  } catch {
    return details;
  }
}

async function needKnock({ form }: FormVisit, site: SiteConsoleDeps): Promise<Knock> {
  const protocol = PROTOCOLS.find((one) => one === form.value("protocol"));
  const knock = protocol && (await site.knocks.find(protocol, form.value("externalId")));
  if (!knock) throw new AppError("not-found", "this device is not in the list any more");
  return knock;
}
