import { fieldIs } from "../../../devices/filter/filter.ts";
import type { DeviceAttribute } from "../../../devices/model/agent-device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceId, parseDeviceId } from "../../../devices/model/ids.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
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
import { type WorkReport, workReport } from "../../reports/work-report.ts";
import { PostForm } from "../components/action.tsx";
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
import { MetricTable, StepTable } from "../components/work-report.tsx";
import { deviceFacts } from "../device-form.ts";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { OPERATION_WORDS, REASON_WORDS } from "../words.ts";
import { DeviceActions, isPc, secretName } from "./device-actions.tsx";
import { DeviceFacts, wayBack } from "./device-facts.tsx";
import { Attributes, Inventory } from "./device-inventory.tsx";
import { DeviceBadges, DeviceFieldsets } from "./devices.tsx";
import { CodePage } from "./shown-once.tsx";

/** Installations whose steps are shown. */
const WORK_SHOWN = 3;
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
    const work = device.protocol === "agent" ? await lately(device, rows) : [];
    const ways = wayBack(device, site && deps.settings.read());
    const known = { device, rows, hasMore, inventory, events, tonight, account, certificates };
    return { ...known, attributes, sessions, work, ways };
  }

  /** What an agent did last, the latest first: what failed, and what is under way. */
  async function lately(
    device: DeviceView,
    rows: readonly InstallationView[],
  ): Promise<DeviceWork[]> {
    const { revisions } = deps.policy.read();
    const looked = rows
      .filter(({ bucket, offeredAtMs }) => bucket === "failed" || offeredAtMs !== null)
      .sort((a, b) => b.observedAtMs - a.observedAtMs);
    const work: DeviceWork[] = [];
    for (const row of looked) {
      const install = revisions.get(row.revision)?.agent;
      if (!install) continue;
      const facts = await deps.reports.history(row);
      const report = workReport({ row, facts, install, device });
      if (report.attempts.length > 0) work.push({ row, report });
      if (work.length === WORK_SHOWN) break;
    }
    return work;
  }

  async function needDevice(visit: Visit): Promise<DeviceView> {
    const device = await deps.reports.device(needId(visit));
    if (!device) throw new AppError("not-found", "there is no such device");
    return device;
  }
}

interface DeviceWork {
  readonly row: InstallationView;
  readonly report: WorkReport;
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
  readonly work: readonly DeviceWork[];
  /** When it comes by itself, as a sentence; undefined where nobody here knows. */
  readonly ways: string | undefined;
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
  work,
  ways,
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
            <DeviceFacts view={view} device={device} account={account} ways={ways} />
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
        {work.map(({ row, report }) => (
          <Card
            title={`What it did of ${row.packageName} ${row.targetVersion}`}
            flush
            aside={
              <a href={url(view, `/installations/${row.id}`)}>
                attempt {report.attempt}, {row.statusLabel.toLowerCase()}
              </a>
            }
          >
            <StepTable
              view={view}
              steps={report.steps}
              site={row.site}
              caption={`Steps of ${row.packageName}`}
            />
            <Unmet view={view} row={row} report={report} />
          </Card>
        ))}
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
        {sessions !== undefined && (device.protocol === "oma-dm" || sessions.total > 0) && (
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

/** Metrics that do not hold, as far as the device told. */
function Unmet({ view, row, report }: DeviceWork & { view: View }) {
  const unmet = report.metrics.filter(({ outcome }) => outcome === "unmet");
  if (unmet.length === 0) return null;
  return <MetricTable view={view} metrics={unmet} site={row.site} />;
}

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
