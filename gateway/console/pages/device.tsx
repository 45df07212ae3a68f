import { fieldIs } from "../../../devices/filter/filter.ts";
import { providersOf } from "../../../devices/install/providers.ts";
import type { DeviceAttribute } from "../../../devices/model/agent-device.ts";
import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId } from "../../../devices/model/ids.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
import { ENTERPRISE_PLATFORMS_DEFAULT } from "../../../devices/model/policy.ts";
import type { DeviceCertificate } from "../../../devices/ports/certificates.ts";
import type { DevicePatch } from "../../../devices/service/change-device.ts";
import type { DmAccount } from "../../../devices/service/dm-account.ts";
import type { Tonight } from "../../../devices/service/tonight.ts";
import { recordAction } from "../../http/audited.ts";
import { issueEnrolmentCode } from "../../http/enrolment-codes.ts";
import { needValid } from "../../http/field-problems.ts";
import { DevicePatchSchema } from "../../http/schemas/device.ts";
import type { DeviceSessions } from "../../http/use-cases.ts";
import {
  type DeviceEvent,
  type DeviceView,
  type InstallationView,
  PAGE_ROWS_DEFAULT,
} from "../../reports/report-reader.ts";
import { Action, PostForm } from "../components/action.tsx";
import { Badge } from "../components/badge.tsx";
import { Card } from "../components/card.tsx";
import { CertificateTable } from "../components/certificate-table.tsx";
import { DeviceSetup } from "../components/device-setup.tsx";
import { Empty } from "../components/empty.tsx";
import { TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { InstallationTable } from "../components/installation-table.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Secret } from "../components/secret.tsx";
import { SessionTable } from "../components/session-table.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import { deviceFacts } from "../device-form.ts";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { ENROLMENT_WORDS, OPERATION_WORDS, PROOF_WORDS, REASON_WORDS } from "../words.ts";
import { DeviceBadges, DeviceFieldsets } from "./devices.tsx";
import { CodePage } from "./shown-once.tsx";

/** The latest sessions of a device; there is a page for all of them. */
const SESSIONS_SHOWN = 5;

/** One device: its apps, what the coming night brings, its inventory, and what can be done. */
export function deviceDetailPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/devices/:id", async (visit) => (
    <DevicePage view={visit.view} {...(await read(visit))} />
  ));

  const { site } = deps;
  if (!site) return;
  const { useCases } = site;
  const reachFor = ({ c }: FormVisit) => ({
    address: site.addressFor(c),
    tenant: deps.settings.read().ddi.tenant,
  });

  kit.pageFor("devices:write", "/devices/:id/edit", async (visit) => (
    <EditPage view={visit.view} device={await needDevice(visit)} form={FRESH_FORM} />
  ));

  kit.form(
    "devices:write",
    "/devices/:id/edit",
    async (visit) => {
      const id = needId(visit);
      const patch = needValid(DevicePatchSchema, deviceFacts(visit.form)) as DevicePatch;
      await useCases.patchDevice(id, patch);
      await recordAction(deps.audit, visit.c, "device.change", id, patch);
      return kit.done(visit.c, `/devices/${id}`, "The device was changed.");
    },
    async (visit) => (
      <EditPage view={visit.view} device={await needDevice(visit)} form={visit.form} />
    ),
  );

  kit.form("devices:write", "/devices/:id/remove", async (visit) => {
    const id = needId(visit);
    await useCases.removeDevice(id);
    await recordAction(deps.audit, visit.c, "device.remove", id);
    return kit.done(visit.c, `/devices/${id}`, "The device was removed; its history stays.");
  });

  kit.form("devices:write", "/devices/:id/unenrol", async (visit) => {
    const id = needId(visit);
    const device = await useCases.requestUnenrolment(id, visit.principal.name);
    await recordAction(deps.audit, visit.c, "device.unenrol", id);
    const notice = isPc(device)
      ? "It is told to remove its account at its next contact."
      : "Its enterprise enrolment will be deleted at its next contact.";
    return kit.done(visit.c, `/devices/${id}`, notice);
  });

  kit.form("devices:write", "/devices/:id/enrol", async (visit) => {
    const id = needId(visit);
    await useCases.requestEnrolment(id, visit.principal.name);
    await recordAction(deps.audit, visit.c, "device.enrol", id);
    return kit.done(visit.c, `/devices/${id}`, "It will be enrolled at its next contact.");
  });

  kit.form("devices:write", "/devices/:id/rotate-secret", async (visit) => {
    const device = await needDevice(visit);
    const secret = await useCases.rotateSecret(device.id);
    await recordAction(deps.audit, visit.c, "device.rotate-secret", device.id);
    if (secret === null) {
      return kit.done(
        visit.c,
        `/devices/${device.id}`,
        "It is given a new token at its next poll.",
      );
    }
    const label = secretName(device);
    return (
      <Page view={visit.view} title={`New ${label} of ${device.name}`} crumbs={crumbsTo(device)}>
        <Card title={device.protocol === "oma-dm" ? "For OMA DM" : "For the device"}>
          <Secret view={visit.view} label={label} text={secret} />
          <p>The former one works until the new one was used for the first time.</p>
          {device.protocol === "ddi" && (
            <DeviceSetup
              view={visit.view}
              {...reachFor(visit)}
              protocol={device.protocol}
              name={device.stableId}
              token={secret}
            />
          )}
          <a class="button" href={url(visit.view, `/devices/${device.id}`)}>
            Done
          </a>
        </Card>
      </Page>
    );
  });

  kit.form("devices:write", "/devices/:id/enrolment-code", async (visit) => {
    const device = await needDevice(visit);
    const { text } = await issueEnrolmentCode({ ...deps, codes: site.codes }, visit.c, {
      note: `${device.name}, enrols anew`,
      stableId: device.stableId,
      device: {},
    });
    const { protocol, stableId } = device;
    return (
      <CodePage
        view={visit.view}
        code={text}
        {...reachFor(visit)}
        name={stableId}
        {...((protocol === "agent" || protocol === "oma-dm") && { protocol })}
      />
    );
  });

  async function read(visit: Visit): Promise<DeviceData> {
    const device = await needDevice(visit);
    const filter = [fieldIs("device", device.id)];
    const isOurs = site !== undefined && device.removedAtMs === null;
    const [page, inventory, events, tonight, account, certificates, attributes, sessions] =
      await Promise.all([
        deps.reports.list({ filter, limit: PAGE_ROWS_DEFAULT }),
        deps.reports.inventory(device.id),
        deps.reports.deviceEvents(device.id),
        isOurs ? site.useCases.tonight(device.id) : undefined,
        isOurs ? site.useCases.dmAccount(device.id) : undefined,
        site?.certificates.ofDevice(device.id) ?? [],
        isOurs ? site.useCases.attributes(device.id) : [],
        site && whyNot(visit.view, "sessions:read") === undefined
          ? site.sessions.list({ device: device.id, limit: SESSIONS_SHOWN })
          : undefined,
      ]);
    const hasMore = page.next !== undefined;
    const { rows } = page;
    const known = { device, rows, hasMore, inventory, events, tonight, account, certificates };
    return { ...known, attributes, sessions };
  }

  async function needDevice(visit: Visit): Promise<DeviceView> {
    const device = await deps.reports.device(needId(visit));
    if (!device) throw new AppError("not-found", "there is no such device");
    return device;
  }
}

interface DeviceData {
  readonly device: DeviceView;
  readonly rows: readonly InstallationView[];
  readonly hasMore: boolean;
  readonly inventory: readonly InventoryItem[];
  readonly events: readonly DeviceEvent[];
  readonly tonight: Tonight | undefined;
  readonly account: DmAccount | undefined;
  readonly certificates: readonly DeviceCertificate[];
  readonly attributes: readonly DeviceAttribute[];
  /** The latest; undefined where they are not to be seen. */
  readonly sessions: Awaited<ReturnType<DeviceSessions["list"]>> | undefined;
}

function DevicePage({
  view,
  device,
  rows,
  hasMore,
  inventory,
  events,
  tonight,
  account,
  certificates,
  attributes,
  sessions,
}: DeviceData & { view: View }) {
  const terms = [fieldIs("device", device.id)];
  return (
    <Page
      view={view}
      title={device.name}
      crumbs={[{ label: "Devices", path: "/devices" }]}
      lead={<DeviceBadges view={view} device={device} />}
      actions={<DeviceActions view={view} device={device} account={account} />}
    >
      <Live view={view}>
        <div class="grid">
          <Card title="What it is" width={tonight ? "w5" : ""}>
            <DeviceFacts view={view} device={device} account={account} />
          </Card>
          {tonight && (
            <Card title="What will happen in the next window" width="w7">
              <TonightCard view={view} tonight={tonight} device={device} />
            </Card>
          )}
        </div>
        <Card
          title="Apps"
          flush
          aside={
            <a href={rowsUrl(view, terms)} data-count={device.counts.total}>
              {plural(device.counts.total, "installation")}
            </a>
          }
        >
          {rows.length === 0 ? (
            <Empty
              title="Nothing is meant for this device"
              words="No open distribution reaches it."
            >
              <Way
                view={view}
                scope="policy:write"
                path="/distributions/new"
                query={{ device: device.id }}
              >
                Distribute an app to it
              </Way>
            </Empty>
          ) : (
            <InstallationTable view={view} rows={rows} caption="Apps of the device" withoutDevice />
          )}
          {hasMore && (
            <p class="pager">
              <a href={rowsUrl(view, terms)}>All {plural(device.counts.total, "row")}</a>
            </p>
          )}
        </Card>
        <Card
          title="Inventory"
          flush
          aside={
            <span class="muted">
              told <When view={view} at={device.inventoryAtMs} site={device.site} />
            </span>
          }
        >
          <Inventory view={view} items={inventory} device={device} />
        </Card>
        {attributes.length > 0 && (
          <Card title="What it tells of itself" flush>
            <Attributes view={view} attributes={attributes} device={device} />
          </Card>
        )}
        {sessions !== undefined && (
          <Card
            title="Sessions"
            flush
            aside={
              <a href={url(view, `/devices/${device.id}/sessions`)}>
                {plural(sessions.total, "session")}
              </a>
            }
          >
            {sessions.rows.length === 0 ? (
              <Empty
                title="No session is kept"
                words="What it says to this site over OMA DM is shown here."
              />
            ) : (
              <SessionTable view={view} rows={sessions.rows} names={undefined} />
            )}
          </Card>
        )}
        {certificates.length > 0 && (
          <Card title="Certificates" flush>
            <CertificateTable view={view} issued={certificates} />
          </Card>
        )}
        {events.length > 0 && (
          <Card title="What happened to it">
            <Events view={view} events={events} device={device} />
          </Card>
        )}
      </Live>
    </Page>
  );
}

function DeviceActions({ view, device, account }: DeviceActionsProps) {
  if (view.role === "hub") return null;
  const reason =
    whyNot(view, "devices:write") ??
    (device.removedAtMs === null ? undefined : "The device was removed; add it again first");
  if (reason !== undefined) return <span class="reason">{reason}</span>;
  const isUnenrolled =
    device.enrolment === "unenrolled" || device.enrolment === "unenrol-requested";
  return (
    <>
      <a class="button" href={url(view, `/devices/${device.id}/edit`)}>
        Edit
      </a>
      {account?.reach.problem === null && (
        <Action view={view} path={`/devices/${device.id}/notify`} label="Call it now" />
      )}
      <Action
        view={view}
        path={`/devices/${device.id}/rotate-secret`}
        label={`New ${secretName(device)}`}
        confirm={
          device.protocol === "ce"
            ? `Give ${device.name} a new token at its next poll, also if it has lost its own?`
            : `Make a new ${secretName(device)} for ${device.name}?`
        }
      />
      <Action
        view={view}
        path={`/devices/${device.id}/enrolment-code`}
        label="Enrol anew"
        confirm={`Make a one-time code for ${device.name}? With it the device starts again when it was re-imaged; its present password works until then.`}
      />
      {isUnenrolled ? (
        <Action view={view} path={`/devices/${device.id}/enrol`} label="Enrol again" />
      ) : (
        <Action
          view={view}
          path={`/devices/${device.id}/unenrol`}
          label="Unenrol"
          confirm={
            isPc(device)
              ? `Take ${device.name} out of management? It removes its account and the packaged apps that came by it, MSI packages stay, and its certificates are revoked. To come back it enrols with a new code.`
              : `Delete the enterprise enrolment of ${device.name}? Its enterprise apps go with it.`
          }
        />
      )}
      <Action
        view={view}
        path={`/devices/${device.id}/remove`}
        label="Remove"
        kind="danger"
        confirm={`Remove ${device.name}? It is refused from now on.`}
      />
    </>
  );
}

interface DeviceActionsProps {
  readonly view: View;
  readonly device: DeviceView;
  readonly account: DmAccount | undefined;
}

function DeviceFacts(props: { view: View; device: DeviceView; account: DmAccount | undefined }) {
  const { view, device, account } = props;
  const entries: readonly (readonly [string, unknown])[] = [
    ["Platform", device.platform],
    ["System", [device.osPlatform, device.osVersion].filter(Boolean).join(" ") || "not known"],
    ["Make", [device.manufacturer, device.model].filter(Boolean).join(" ") || "not known"],
    ["Processor", device.cpu ?? "not known"],
    ["Last contact", <When view={view} at={device.lastContactMs} site={device.site} />],
    ["Known since", <When view={view} at={device.registeredAtMs} site={device.site} />],
    ["Its own id", <code>{device.stableId}</code>],
    ["Also known as", device.aliases.join(", ") || "nothing else"],
    ["Owner", `${device.ownership}${device.shared ? ", shared" : ""}`],
    ["Compliance", device.compliance],
    ["Enrolment", ENROLMENT_WORDS[device.enrolment]],
    [
      "OMA DM",
      account ? <AccountSummary view={view} id={device.id} {...account} /> : "no account here",
    ],
    ["Site", device.site],
  ];
  return (
    <dl class="facts">
      {entries.map(([label, value]) => (
        <div>
          <dt>{label}</dt>
          <dd>{value as string}</dd>
        </div>
      ))}
    </dl>
  );
}

function AccountSummary({ view, id, requiredProof, serverProblem }: AccountSummaryProps) {
  return (
    <>
      <a href={url(view, `/devices/${id}/oma-dm`)}>{PROOF_WORDS[requiredProof]}</a>
      {serverProblem && <Badge view={view} kind="bad" label="It refuses this server" />}
    </>
  );
}

type AccountSummaryProps = { view: View; id: DeviceId } & DmAccount;

const WHEN_BADGES = {
  now: { kind: "good", label: "At the next contact" },
  instant: { kind: "good", label: "At its moment" },
  blocked: { kind: "warn", label: "Not yet" },
} as const;

/** The plan as it would be at the device's moment. */
function TonightCard(props: { view: View; tonight: Tonight; device: DeviceView }) {
  const { view, tonight, device } = props;
  const { occurrence, instantMs, evaluatedAtMs, items } = tonight;
  return (
    <div class="live">
      <p>
        {occurrence === null ? (
          <>
            No maintenance window applies to this device, so nothing automatic happens.{" "}
            <a href={url(view, "/windows")}>Windows</a>
          </>
        ) : (
          <>
            {occurrence.startMs <= view.nowMs ? "The window is running, it" : "The window starts "}
            {occurrence.startMs > view.nowMs && (
              <>
                <When view={view} at={occurrence.startMs} site={device.site} />, it
              </>
            )}{" "}
            ends <When view={view} at={occurrence.endMs} site={device.site} />.{" "}
            {evaluatedAtMs !== null ? (
              <>
                Its work was looked at <When view={view} at={evaluatedAtMs} site={device.site} />.
              </>
            ) : instantMs === null ? (
              "Its moment inside the window is drawn two days before."
            ) : (
              <>
                Its moment is <When view={view} at={instantMs} site={device.site} />: work starts at
                its first contact after that.
              </>
            )}
          </>
        )}
      </p>
      {items.length === 0 ? (
        <p class="muted">There is nothing to do for this device.</p>
      ) : (
        <ul class="rows">
          {items.map((item) => (
            <li>
              <span>
                <a href={url(view, `/installations/${item.installation}`)}>{item.packageName}</a>{" "}
                <span class="muted">
                  {OPERATION_WORDS[item.operation]} {item.targetVersion}
                </span>
                {item.when === "blocked" && (
                  <span class="sub muted">
                    {item.detail || (item.reason && REASON_WORDS[item.reason])}
                  </span>
                )}
              </span>
              <Badge view={view} {...WHEN_BADGES[item.when]} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Inventory(props: { view: View; items: readonly InventoryItem[]; device: DeviceView }) {
  const { view, items, device } = props;
  if (items.length === 0) {
    return (
      <Empty
        title={
          device.inventoryAtMs === null ? "It has not told its inventory yet" : "No apps on it"
        }
        words="The inventory is what the device itself says is installed, apart from what was distributed."
      />
    );
  }
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Apps that the device says are installed</caption>
        <thead>
          <tr>
            <th scope="col">App</th>
            <th scope="col">Version</th>
            <th scope="col">Publisher</th>
            <th scope="col">Installed</th>
            <th scope="col">Product</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr>
              <td class="title">{item.title ?? "no title"}</td>
              <td data-label="Version">{item.version ?? "not told"}</td>
              <td data-label="Publisher">{item.publisher ?? "not told"}</td>
              <td data-label="Installed">
                <InstallDate view={view} item={item} site={device.site} />
              </td>
              <td data-label="Product">
                <code class="small">{item.productId}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Events(props: { view: View; events: readonly DeviceEvent[]; device: DeviceView }) {
  const { view, events, device } = props;
  return (
    <ul class="rows">
      {events.map(({ atMs, text, by }) => (
        <li>
          <span>{text}</span>
          <span class="muted">
            <When view={view} at={atMs} site={device.site} />, by {EVENT_ACTORS[by] ?? by}
          </span>
        </li>
      ))}
    </ul>
  );
}

const EVENT_ACTORS: Readonly<Record<string, string>> = { device: "the device", site: "the site" };

/** What it proves itself with. */
function secretName({ protocol }: Device): string {
  return protocol === "oma-dm" ? "password" : "token";
}

function Attributes(props: {
  view: View;
  attributes: readonly DeviceAttribute[];
  device: DeviceView;
}) {
  const { view, attributes, device } = props;
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">What the device tells of itself by name</caption>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">Told</th>
          </tr>
        </thead>
        <tbody>
          {attributes.map(({ name, value, atMs }) => (
            <tr>
              <td class="title">{name}</td>
              <td data-label="Value">{value}</td>
              <td data-label="Told">
                <When view={view} at={atMs} site={device.site} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A PC is managed by an account that it has; a handheld by its enterprise node. [Q47] */
function isPc(device: Device): boolean {
  const providers = providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT) ?? [];
  return providers.includes("EnterpriseModernAppManagement");
}

/** An MSI tells only the day, in the device's own calendar. */
function InstallDate(props: { view: View; item: InventoryItem; site: DeviceView["site"] }) {
  const { view, item, site } = props;
  if (item.installDate === null) return <>{item.installDateRaw ?? "not told"}</>;
  const isDay = /^\d{4}-?\d{2}-?\d{2}$/.test(item.installDateRaw?.trim() ?? "");
  if (isDay) return <>{item.installDate.slice(0, 10)}</>;
  return <When view={view} at={Date.parse(item.installDate)} site={site} />;
}

function EditPage({ view, device, form }: { view: View; device: DeviceView; form: FormState }) {
  return (
    <Page view={view} title={`Edit ${device.name}`} crumbs={crumbsTo(device)}>
      <PostForm view={view} path={`/devices/${device.id}/edit`} class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>Name</legend>
          <TextField form={form} name="name" label="Name" value={device.name} required />
        </fieldset>
        <DeviceFieldsets form={form} device={device} />
        <div class="buttons">
          <button type="submit" class="primary">
            Save
          </button>
          <a class="button" href={url(view, `/devices/${device.id}`)}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}

function crumbsTo(device: DeviceView) {
  return [
    { label: "Devices", path: "/devices" },
    { label: device.name, path: `/devices/${device.id}` },
  ];
}

export function needId({ c }: Visit | FormVisit): DeviceId {
  const id = parseDeviceId(c.req.param("id") ?? "");
  if (!id) throw new AppError("not-found", "there is no such device");
  return id;
}
