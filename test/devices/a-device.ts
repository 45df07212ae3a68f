import type { Device } from "../../devices/model/device.ts";
import { deviceIdFrom, type SiteId } from "../../devices/model/ids.ts";

/** A Windows handheld that has told nothing of itself, with what a test wants to be different. */
export function aDevice(change: Partial<Device> = {}): Device {
  return {
    id: deviceIdFrom("org", "handheld-1"),
    site: "prague" as SiteId,
    name: "Handheld 1",
    platform: "Windows",
    protocol: "oma-dm",
    stableId: "handheld-1",
    manufacturer: null,
    model: null,
    osVersion: null,
    osMajor: null,
    osPlatform: null,
    cpu: null,
    ownership: "corporate",
    shared: false,
    userEnrolled: false,
    userAssigned: true,
    compliance: "compliant",
    enrolment: "unknown",
    enrolmentDigest: null,
    incarnation: 1024,
    sequence: 0,
    registeredAtMs: 0,
    lastContactMs: null,
    inventoryAtMs: null,
    removedAtMs: null,
    ...change,
  };
}
