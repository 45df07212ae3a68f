import type { Device } from "../../../devices/model/device.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { DmAccount } from "../../../devices/service/dm-account.ts";
import type { LocalSettings } from "../../http/use-cases.ts";
import type { DeviceView } from "../../reports/report-reader.ts";
import { Badge } from "../components/badge.tsx";
import { type FactEntry, FactList } from "../components/fact-list.tsx";
import { When } from "../components/when.tsx";
import { plural } from "../time-words.ts";
import { url, type View } from "../view.ts";
import { CONTACT_WORDS, ENROLMENT_WORDS, PROOF_WORDS, PROTOCOL_WORDS } from "../words.ts";

interface DeviceFactsProps {
  readonly view: View;
  readonly device: DeviceView;
  readonly account: DmAccount | undefined;
  readonly ways: string | undefined;
}

/** What is known of a device. */
export function DeviceFacts({ view, device, account, ways }: DeviceFactsProps) {
  const isOmaDm = device.protocol === "oma-dm";
  const contact = CONTACT_WORDS[view.role];
  const entries: readonly FactEntry[] = [
    // Linux and Windows CE have the rows of general statuses, which are Windows'.
    [isOmaDm ? "Platform" : "Statuses of", device.platform],
    ["System", [device.osPlatform, device.osVersion].filter(Boolean).join(" ") || "not known"],
    ["Make", [device.manufacturer, device.model].filter(Boolean).join(" ") || "not known"],
    ["Processor", device.cpu ?? "not known"],
    ["Served by", PROTOCOL_WORDS[device.protocol]],
    [
      contact.label,
      <When view={view} at={device.lastContactMs} site={device.site} none={contact.none} />,
    ],
    ["Comes again", ways ?? null],
    ["Known since", <When view={view} at={device.registeredAtMs} site={device.site} />],
    ["Its own id", <code>{device.stableId}</code>],
    ["Also known as", device.aliases.join(", ") || "nothing else"],
    ["Owner", `${device.ownership}${device.shared ? ", shared" : ""}`],
    ["Compliance", device.compliance],
    ["Enrolment", isOmaDm ? ENROLMENT_WORDS[device.enrolment] : null],
    [
      "OMA DM",
      !isOmaDm ? null : account ? (
        <AccountSummary view={view} id={device.id} {...account} />
      ) : (
        "no account here"
      ),
    ],
    ["Site", device.site],
  ];
  return <FactList entries={entries} />;
}

/** When a device comes by itself, as far as its site has told it. */
export function wayBack(
  { protocol }: Device,
  settings: Pick<LocalSettings, "ddi" | "windowsCe"> | undefined,
): string | undefined {
  switch (protocol) {
    case "agent":
      return "It stays on the line: work starts at once while it is there";
    case "ddi":
      return settings && `It is told to poll every ${settings.ddi.pollingTime}`;
    case "ce":
      return settings && `It is told to poll every ${spanWords(settings.windowsCe.pollSeconds)}`;
    case "mender":
      return "As often as its own configuration says";
    case "oma-dm":
      return "By its own schedule, or when it is called";
  }
}

function spanWords(seconds: number): string {
  return seconds % 60 === 0 ? plural(seconds / 60, "minute") : plural(seconds, "second");
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
