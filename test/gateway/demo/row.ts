import type { Installation } from "../../../gateway/client/rows.ts";

/** A handheld that has its app. */
export const ROW: Installation = {
  id: "vienna.d.1",
  site: "vienna",
  deviceName: "till-1",
  package: "handhelds",
  packageName: "Stock",
  status: "installed",
  statusLabel: "Installed",
  state: "App is installed",
  bucket: "received",
  operation: "install",
  targetVersion: "2.0",
  version: "2.0",
  attempt: 1,
  observed: "2026-03-07T22:30:00.000Z",
  source: "eam",
  nativeValue: "5",
  lastErrorHex: null,
  lastErrorText: null,
  reason: null,
};
