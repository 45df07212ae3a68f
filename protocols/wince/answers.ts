import { branch, type Element, leaf } from "../syncml/element.ts";
import { CE_NAMESPACE } from "./requests.ts";
import { dateText, spanText } from "./time-text.ts";

/** What a device is told of its own behaviour. Spans are in seconds. */
export interface ClientSettings {
  /** Polls here from now on; null: where it does now. */
  readonly pollServer: string | null;
  readonly pollSeconds: number;
  readonly failureRetryCount: number;
  readonly failureRetrySeconds: number;
  /** Null: it sends no inventory of the machine. */
  readonly machineInventorySeconds: number | null;
}

/** What a device does with a package. */
export interface PackageInstructions {
  readonly id: string;
  readonly name: string;
  readonly shortDescription: string;
  readonly longDescription: string;
  readonly bytes: number;
  readonly startMs: number;
  /** The folder on the device into which the package is fetched. */
  readonly localDestination: string;
  /** Empty: the package is only fetched. */
  readonly commandLine: string;
}

/** Over any connection: slow, fast or cradle. The first byte of the mask. */
const ANY_CONNECTION = "03 00 00 00";
const SETTINGS_VERSION = "1.0";
const DAY_SECONDS = 24 * 3_600;

/** The answer to a poll: settings, and the packages that the device is to have. */
export function pollResponse(settings: ClientSettings, packages: readonly string[]): Element {
  const { pollServer, machineInventorySeconds } = settings;
  return node("PollResponse", [
    node("Settings", [
      section("ClientSettings", [
        ...(pollServer === null ? [] : [text("PollServer", pollServer)]),
        text("PollInterval", spanText(settings.pollSeconds)),
        text("FailureRetryCount", String(settings.failureRetryCount)),
        text("FailureRetryInterval", spanText(settings.failureRetrySeconds)),
      ]),
      section("SoftwareInventorySettings", OFF),
      section("FileCollectionSettings", OFF),
      section("MachineInventorySettings", [
        text("Enabled", machineInventorySeconds === null ? "false" : "true"),
        text("Interval", spanText(machineInventorySeconds ?? DAY_SECONDS)),
      ]),
    ]),
    node(
      "ApplicablePackages",
      packages.map((id) => ({ ...node("Package", []), attributes: [{ name: "ID", value: id }] })),
    ),
  ]);
}

export function instructionsResponse(packages: readonly PackageInstructions[]): Element {
  return node(
    "Instructions",
    packages.map((one) =>
      node("Package", [
        text("ID", one.id),
        text("Required", "Yes"),
        text("Name", one.name),
        text("ShortDescription", one.shortDescription),
        text("LongDescription", one.longDescription),
        text("PackageSize", String(one.bytes)),
        text("Flags", ANY_CONNECTION),
        text("StartTime", dateText(one.startMs)),
        // Once: a package that is to be done again comes under another id.
        node("Recurrence", [
          text("Interval", spanText(0)),
          text("Behavior", "Download and Execute"),
        ]),
        text("LocalDestination", one.localDestination),
        text("CommandLine", one.commandLine),
        text("SourceFiles", "Yes"),
      ]),
    ),
  );
}

/** @param urls the first is the best */
export function locationResponse(id: string, urls: readonly string[]): Element {
  return node("PackageLocation", [
    text("PackageID", id),
    node(
      "Locations",
      urls.map((url, index) => ({
        ...node("Location", [node("HTTP", [text("URL", url)])]),
        attributes: [{ name: "metric", value: String(index + 1) }],
      })),
    ),
  ]);
}

const OFF: readonly Element[] = [text("Enabled", "false"), text("Interval", spanText(DAY_SECONDS))];

function section(name: string, children: readonly Element[]): Element {
  return { ...node(name, children), attributes: [{ name: "version", value: SETTINGS_VERSION }] };
}

function node(name: string, children: readonly Element[]): Element {
  return branch(name, children, CE_NAMESPACE);
}

function text(name: string, value: string): Element {
  return leaf(name, value, CE_NAMESPACE);
}
