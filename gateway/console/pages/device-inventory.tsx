import type { DeviceAttribute } from "../../../devices/model/agent-device.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
import type { DeviceView } from "../../reports/report-reader.ts";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { When } from "../components/when.tsx";
import type { View } from "../view.ts";

/** So many apps stand on a device's page at once; a Linux machine tells of hundreds. */
export const APPS_AT_ONCE = 20;

/** What a device says is installed: the beginning, and the rest where it is asked for. */
export function Inventory(props: {
  view: View;
  items: readonly InventoryItem[];
  device: DeviceView;
}) {
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
  const rest = items.slice(APPS_AT_ONCE);
  return (
    <>
      <Apps view={view} items={items.slice(0, APPS_AT_ONCE)} device={device} />
      {rest.length > 0 && (
        <details class="help">
          <summary>{rest.length === 1 ? "One more app" : `${rest.length} more apps`}</summary>
          <Apps view={view} items={rest} device={device} />
        </details>
      )}
    </>
  );
}

function Apps(props: { view: View; items: readonly InventoryItem[]; device: DeviceView }) {
  const { view, items, device } = props;
  return (
    <CardTable
      caption="Apps that the device says are installed"
      columns={["App", "Version", "Publisher", "Installed", "Product"]}
    >
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
    </CardTable>
  );
}

/** What it tells of itself by name. */
export function Attributes(props: {
  view: View;
  attributes: readonly DeviceAttribute[];
  device: DeviceView;
}) {
  const { view, attributes, device } = props;
  return (
    <CardTable
      caption="What the device tells of itself by name"
      columns={["Name", "Value", "Told"]}
    >
      {attributes.map(({ name, value, atMs }) => (
        <tr>
          <td class="title">{name}</td>
          <td data-label="Value">{value}</td>
          <td data-label="Told">
            <When view={view} at={atMs} site={device.site} />
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

/** An MSI tells only the day, in the device's own calendar. */
function InstallDate(props: { view: View; item: InventoryItem; site: DeviceView["site"] }) {
  const { view, item, site } = props;
  if (item.installDate === null) return <>{item.installDateRaw ?? "not told"}</>;
  const isDay = /^\d{4}-?\d{2}-?\d{2}$/.test(item.installDateRaw?.trim() ?? "");
  if (isDay) return <>{item.installDate.slice(0, 10)}</>;
  return <When view={view} at={Date.parse(item.installDate)} site={site} />;
}
