import { type DeviceAlias, PLATFORMS, parsePlatform } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { EnrolmentCode } from "../../../devices/ports/enrolment-codes.ts";
import type { Knock } from "../../../devices/ports/site-store.ts";
import { recordAction } from "../../http/audited.ts";
import {
  isCodeOpen,
  issueEnrolmentCode,
  takeBackEnrolmentCode,
} from "../../http/enrolment-codes.ts";
import { needValid } from "../../http/field-problems.ts";
import { NewEnrolmentCodeSchema } from "../../http/schemas/access.ts";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import type { SiteConsoleDeps } from "../console-deps.ts";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";
import { PROTOCOL_WORDS } from "../words.ts";
import { CodePage, KnownNow } from "./shown-once.tsx";

/** How long a code may be made to work here. */
const CODE_DAYS = [1, 7, 30] as const;
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

  const codeDeps = { ...deps, codes: site.codes };
  const reachFor = ({ c }: FormVisit) => ({
    address: site.addressFor(c),
    tenant: deps.settings.read().ddi.tenant,
  });

  kit.page("/enrolment", (visit) => enrolmentPage(visit, site, FRESH_FORM));

  kit.form(
    "devices:write",
    "/enrolment/codes",
    async (visit) => {
      const { form, view } = visit;
      const platform = parsePlatform(form.value("platform"));
      const name = form.optional("name");
      const { note, stableId, device } = needValid(NewEnrolmentCodeSchema, {
        note: form.value("note"),
        stableId: form.optional("stableId"),
        device: { ...(platform && { platform }), ...(name && { name }) },
      });
      const days = CODE_DAYS.find((one) => String(one) === form.value("days"));
      const { text } = await issueEnrolmentCode(codeDeps, visit.c, {
        note,
        stableId: stableId ?? null,
        device,
        expiresAtMs: days && deps.now() + days * DAY_MS,
      });
      return <CodePage view={view} code={text} name={stableId ?? ""} {...reachFor(visit)} />;
    },
    (visit) => enrolmentPage(visit, site, visit.form),
  );

  kit.form("devices:write", "/enrolment/codes/:id/remove", async (visit) => {
    await takeBackEnrolmentCode(codeDeps, visit.c, visit.c.req.param("id") ?? "");
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
    await recordAction(deps.audit, visit.c, "knock.approve", knock.externalId, {
      device: made.device.id,
    });
    return <KnownNow view={view} made={made} from="/enrolment" {...reachFor(visit)} />;
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

async function enrolmentPage({ view }: Visit, site: SiteConsoleDeps, form: FormState) {
  const [knocks, codes] = await Promise.all([site.knocks.list(), site.codes.list()]);
  return (
    <Page
      view={view}
      title="Enrolment"
      lead="Devices become known by a code that they show once, or by your approval."
      actions={
        <>
          <a class="button" href={url(view, "/enrolment/windows")}>
            Windows PCs
          </a>
          <Way view={view} scope="devices:write" path="/devices/new">
            Add a device
          </Way>
        </>
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
    <CardTable caption="Unknown devices" columns={["Device", "It says", "Last knock", "Decide"]}>
      {knocks.map((knock) => (
        <tr id={`knock-${knock.protocol}-${knock.externalId.replace(/[^\w-]/g, "_")}`}>
          <td class="title">
            {knock.externalId}
            <span class="sub">
              {knock.protocol === "external" ? "unknown" : PROTOCOL_WORDS[knock.protocol]} from{" "}
              {knock.address}
            </span>
          </td>
          <td data-label="It says">
            <Said view={view} details={knock.details} />
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
    </CardTable>
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
    <CardTable
      caption="Enrolment codes"
      columns={["What for", "State", "Made", "Expires", "Actions"]}
    >
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
            {isCodeOpen(code, view.nowMs) && (
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
    </CardTable>
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
  return isCodeOpen(code, view.nowMs) ? (
    <Badge view={view} kind="warn" label="Waits to be used" />
  ) : (
    <Badge view={view} kind="plain" label="Expired" />
  );
}

/** What a device said of itself, as far as it is a flat list; what it shows is nobody's to read. */
function Said({ view, details }: { view: View; details: string }) {
  const said = saidIn(details);
  const { note, ...facts } = said;
  const words = Object.entries(facts)
    .filter(([name]) => !SHOWN.has(name))
    .map(([name, value]) => `${SAID_WORDS[name] ?? name} ${value}`);
  return (
    <span>
      {note !== undefined && <Badge view={view} kind="warn" label={capital(note)} />}
      <span class="small told">{words.join(", ") || "nothing"}</span>
    </span>
  );
}

const SHOWN: ReadonlySet<string> = new Set(["token", "tokenDigest"]);
const SAID_WORDS: Readonly<Record<string, string>> = {
  man: "make",
  mod: "model",
  swV: "system version",
  fwV: "firmware",
  hwV: "hardware",
  dmV: "OMA DM",
  lang: "language",
  devId: "id",
  manufacturer: "make",
  osPlatform: "system",
  osVersion: "system version",
  osMajor: "major version",
  cpu: "processor",
};

function saidIn(details: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(details);
  if (typeof parsed !== "object" || parsed === null) return {};
  const flat = Object.entries(parsed).filter(
    ([, value]) => value !== null && value !== "" && typeof value !== "object",
  );
  return Object.fromEntries(flat.map(([name, value]) => [name, String(value)]));
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

async function needKnock({ form }: FormVisit, site: SiteConsoleDeps): Promise<Knock> {
  const protocol = PROTOCOLS.find((one) => one === form.value("protocol"));
  const knock = protocol && (await site.knocks.find(protocol, form.value("externalId")));
  if (!knock) throw new AppError("not-found", "this device is not in the list any more");
  return knock;
}
