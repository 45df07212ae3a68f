import { DEVICE_FIELDS, type Filter, fieldIs } from "../../../devices/filter/filter.ts";
import { parseAskedFilter } from "../../../devices/filter/filter-words.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceView, PAGE_ROWS_DEFAULT } from "../../reports/report-reader.ts";
import { BucketNumbers } from "../charts/stacked-bars.tsx";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FilterBar } from "../components/filter-bar.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Pager } from "../components/pager.tsx";
import { Way } from "../components/way.tsx";
import { When } from "../components/when.tsx";
import { ESTATE_OPTIONS } from "../device-form.ts";
import type { FormState } from "../form-state.ts";
import type { Kit } from "../kit.tsx";
import { url, type View, whyNot } from "../view.ts";
import { CONTACT_WORDS, ENROLMENT_WORDS, PROTOCOL_WORDS } from "../words.ts";

const SORTS = [
  { value: "name", label: "By name" },
  { value: "-lastContact", label: "Latest contact first" },
  { value: "lastContact", label: "Longest without contact first" },
  { value: "platform", label: "By platform" },
  { value: "protocol", label: "By protocol" },
] as const;
const EXAMPLE = "protocol:agent osPlatform:linux removed:false";

/** The devices of the site, or of all sites. */
export function devicePages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/devices", async ({ c, view }) => {
    const text = c.req.query("filter") ?? "";
    const query = { filter: text, sort: c.req.query("sort") };
    const cursor = c.req.query("cursor");
    let filter: Filter;
    try {
      filter = parseAskedFilter(text, DEVICE_FIELDS);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      c.status(400);
      return (
        <ListFrame view={view} text={text} sort="">
          <Band view={view} kind="bad">
            {error.message}
          </Band>
        </ListFrame>
      );
    }
    const sort = SORTS.find(({ value }) => value === query.sort)?.value ?? "name";
    const [page, total] = await Promise.all([
      deps.reports.devices({ filter, limit: PAGE_ROWS_DEFAULT, sort, ...(cursor && { cursor }) }),
      deps.reports.countDevices(filter),
    ]);
    return (
      <ListFrame view={view} text={text} sort={sort}>
        <Live view={view}>
          <section class="card" aria-label="Devices">
            {total === 0 ? (
              <NoDevices view={view} isFiltered={text !== ""} />
            ) : (
              <>
                <DeviceTable view={view} devices={page.rows} />
                <Pager
                  view={view}
                  path="/devices"
                  query={query}
                  shown={page.rows.length}
                  total={total}
                  next={page.next}
                  isFirst={!cursor}
                />
              </>
            )}
          </section>
        </Live>
      </ListFrame>
    );
  });
}

function ListFrame(props: { view: View; text: string; sort: string; children?: unknown }) {
  const { view, text, sort, children } = props;
  const reason = whyNot(view, "devices:write");
  return (
    <Page
      view={view}
      title="Devices"
      lead={
        view.role === "hub" ? "The devices of all sites, as their sites report them." : undefined
      }
      actions={
        view.role === "site" && reason === undefined ? (
          <>
            <a class="button" href={url(view, "/enrolment")}>
              Enrolment codes
            </a>
            <a class="button primary" href={url(view, "/devices/new")}>
              Add a device
            </a>
          </>
        ) : undefined
      }
    >
      <FilterBar
        view={view}
        path="/devices"
        text={text}
        fields={DEVICE_FIELDS}
        example={EXAMPLE}
        sorts={SORTS}
        sort={sort}
      />
      {children as string}
    </Page>
  );
}

function DeviceTable({ view, devices }: { view: View; devices: readonly DeviceView[] }) {
  const contact = CONTACT_WORDS[view.role];
  return (
    <CardTable
      caption="Devices"
      columns={["Device", "System", "Installations", "State", contact.label]}
    >
      {devices.map((device) => (
        <tr id={`device-${device.id}-${device.site}`}>
          <td class="title">
            <a href={url(view, `/devices/${device.id}`)}>{device.name}</a>
            <span class="sub">{makeOf(device)}</span>
          </td>
          <td data-label="System">
            <span>
              {[device.osPlatform ?? device.platform, device.osVersion].filter(Boolean).join(" ")}
              <span class="sub">{PROTOCOL_WORDS[device.protocol]}</span>
            </span>
          </td>
          <td data-label="Installations">
            <BucketNumbers
              view={view}
              counts={device.counts}
              terms={[fieldIs("device", device.id)]}
            />
          </td>
          <td data-label="State">
            <DeviceBadges view={view} device={device} />
          </td>
          <td data-label={contact.label}>
            <span>
              <When
                view={view}
                at={device.lastContactMs}
                site={device.site}
                none={contact.none}
                stacked
              />
              {view.role === "hub" && <span class="sub">at {device.site}</span>}
            </span>
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

/** What tells it from others: its make, or its own id where that is not its name. */
function makeOf({ manufacturer, model, name, stableId }: DeviceView): string {
  const make = [manufacturer, model].filter(Boolean).join(" ");
  return make || (stableId === name ? "" : stableId);
}

/** What is not as it should be with a device, in short. */
export function DeviceBadges({ view, device }: { view: View; device: DeviceView }) {
  if (device.removedAtMs !== null) return <Badge view={view} kind="plain" label="Removed" />;
  const { compliance, enrolment } = device;
  const isBroken = enrolment === "revoked" || enrolment === "invalid";
  return (
    <span class="chips">
      {compliance === "out-of-compliance" && (
        <Badge view={view} kind="bad" label="Out of compliance" />
      )}
      {isBroken && <Badge view={view} kind="bad" label={ENROLMENT_WORDS[enrolment]} />}
      {enrolment === "enabled" && <Badge view={view} kind="good" label="Enrolled" />}
      {!isBroken && enrolment !== "enabled" && enrolment !== "unknown" && (
        <Badge view={view} kind="warn" label={ENROLMENT_WORDS[enrolment]} />
      )}
      {device.lastContactMs === null && (
        <Badge view={view} kind="plain" label={CONTACT_WORDS[view.role].badge} />
      )}
    </span>
  );
}

function NoDevices({ view, isFiltered }: { view: View; isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <Empty
        title="No device fits this filter"
        words="Nothing is like that, or a name is mistyped."
      >
        <a class="button" href={url(view, "/devices")}>
          Show all devices
        </a>
      </Empty>
    );
  }
  if (view.role === "hub") {
    return (
      <Empty
        title="No device was reported yet"
        words="Devices belong to sites. They appear here when their site has joined and reported."
      >
        <a class="button" href={url(view, "/sites")}>
          To the sites
        </a>
      </Empty>
    );
  }
  return (
    <Empty
      title="No device is known yet"
      words="Make an enrolment code and type it on the device, or add a device by its own id."
    >
      <a class="button primary" href={url(view, "/enrolment")}>
        Make an enrolment code
      </a>
      <Way view={view} scope="devices:write" path="/devices/new">
        Add a device
      </Way>
    </Empty>
  );
}

/** What an administrator may say about a device; the device itself may know better later. */
export function DeviceFieldsets({ form, device }: { form: FormState; device?: DeviceView }) {
  const text = (name: keyof DeviceView & string, label: string, placeholder = "") => (
    <TextField
      form={form}
      name={name}
      label={label}
      placeholder={placeholder}
      value={String(device?.[name] ?? "")}
    />
  );
  return (
    <>
      <fieldset>
        <legend>Hardware and system</legend>
        <div class="field-row">
          {text("manufacturer", "Manufacturer", "Zebra")}
          {text("model", "Model", "TC21")}
          {text("cpu", "Processor", "ARM")}
        </div>
        <div class="field-row">
          {text("osPlatform", "System", "Windows 10 Mobile")}
          {text("osVersion", "System version", "10.0.15254.603")}
          {text("osMajor", "Major version", "10")}
        </div>
      </fieldset>
      <fieldset>
        <legend>Whose it is</legend>
        <div class="field-row">
          {ESTATE_OPTIONS.map(({ name, label, options, initial }) => (
            <SelectField
              form={form}
              name={name}
              label={label}
              options={options}
              value={device ? String(device[name]) : initial}
            />
          ))}
        </div>
      </fieldset>
    </>
  );
}
