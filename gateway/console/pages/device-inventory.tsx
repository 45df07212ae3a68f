import type { DeviceAttribute } from "../../../devices/model/agent-device.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
import type { DeviceView } from "../../reports/report-reader.ts";
import { Empty } from "../components/empty.tsx";
import { When } from "../components/when.tsx";
import type { View } from "../view.ts";

/** What a device says is installed. */
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

/** What it tells of itself by name. */
export function Attributes(props: {
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

/** An MSI tells only the day, in the device's own calendar. */
function InstallDate(props: { view: View; item: InventoryItem; site: DeviceView["site"] }) {
  const { view, item, site } = props;
  if (item.installDate === null) return <>{item.installDateRaw ?? "not told"}</>;
  const isDay = /^\d{4}-?\d{2}-?\d{2}$/.test(item.installDateRaw?.trim() ?? "");
  if (isDay) return <>{item.installDate.slice(0, 10)}</>;
  return <When view={view} at={Date.parse(item.installDate)} site={site} />;
}
