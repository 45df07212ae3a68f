import { providersOf } from "../../../devices/install/providers.ts";
import type { Device } from "../../../devices/model/device.ts";
import { ENTERPRISE_PLATFORMS_DEFAULT } from "../../../devices/model/policy.ts";
import type { DmAccount } from "../../../devices/service/dm-account.ts";
import type { DeviceView } from "../../reports/report-reader.ts";
import { Action } from "../components/action.tsx";
import { url, type View, whyNot } from "../view.ts";

/** What can be done with a device, as far as its protocol can. */
export function DeviceActions({ view, device, account }: DeviceActionsProps) {
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
      {hasOurSecret(device) && (
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
      )}
      {takesCodes(device) && (
        <Action
          view={view}
          path={`/devices/${device.id}/enrolment-code`}
          label="Enrol anew"
          confirm={`Make a one-time code for ${device.name}? With it the device starts again when it was re-imaged; its present ${secretName(device)} works until then.`}
        />
      )}
      {device.protocol !== "oma-dm" ? null : isUnenrolled ? (
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

/** An agent makes its token itself, Mender's client its key. */
function hasOurSecret({ protocol }: Device): boolean {
  return protocol !== "agent" && protocol !== "mender";
}

function takesCodes({ protocol }: Device): boolean {
  return protocol === "oma-dm" || protocol === "agent";
}

/** What it proves itself with. */
export function secretName({ protocol }: Device): string {
  return protocol === "oma-dm" ? "password" : "token";
}

/** A PC is managed by an account that it has; a handheld by its enterprise node. [Q47] */
export function isPc(device: Device): boolean {
  const providers = providersOf(device, ENTERPRISE_PLATFORMS_DEFAULT) ?? [];
  return providers.includes("EnterpriseModernAppManagement");
}
