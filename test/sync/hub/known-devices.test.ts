import { expect, test } from "bun:test";
import { type DeviceId, deviceIdFrom } from "../../../devices/model/ids.ts";
import { adoptionPage } from "../../../sync/hub/known-devices.ts";
import { ADOPT_BYTES_TARGET, ADOPT_DEVICES_MAX } from "../../../sync/limits.ts";
import { rowAt, SITE } from "../status/rows.ts";

const idOf = (device: number) => deviceIdFrom("org", `device-${device}`);

/** All pages of an adoption, read as the hub reads them. */
function pagesOf(devices: number, rowsEach: number) {
  const ids = Array.from({ length: devices }, (_, index) => idOf(index)).sort();
  const atHub = new Map(
    Array.from({ length: devices }, (_, device) => [
      idOf(device),
      { devices: [], rows: Array.from({ length: rowsEach }, (_, app) => rowAt(device, app, 1)) },
    ]),
  );
  const pages: (readonly DeviceId[])[] = [];
  let bytesMax = 0;
  for (let after: DeviceId | "" = "", last = false; !last; ) {
    const some: readonly DeviceId[] = ids.filter((id) => id > after).slice(0, ADOPT_DEVICES_MAX);
    const page = adoptionPage(SITE, some, atHub);
    pages.push(page.devices.map(({ id }) => id));
    bytesMax = Math.max(bytesMax, JSON.stringify(page.devices).length);
    after = page.next ?? "";
    last = page.next === null;
  }
  return { ids, pages, bytesMax };
}

test("[6.6, 9.1] a page of an adoption is closed by its bytes: rows are kept for good", () => {
  const { ids, pages, bytesMax } = pagesOf(40, 200);
  expect(pages.flat()).toEqual([...ids]);
  expect(pages.length).toBeGreaterThan(1);
  const aDevice = JSON.stringify(Array.from({ length: 200 }, (_, app) => rowAt(1, app, 1))).length;
  expect(bytesMax).toBeLessThan(ADOPT_BYTES_TARGET + 2 * aDevice);
});

test("[6.6, 9.1] a page holds a device at least, and as many as are asked for at most", () => {
  expect(pagesOf(2, 3000).pages.map(({ length }) => length)).toEqual([1, 1]);
  const { pages } = pagesOf(ADOPT_DEVICES_MAX + 1, 1);
  expect(pages.map(({ length }) => length)).toEqual([ADOPT_DEVICES_MAX, 1]);
});
