import type { RegisteredDevice } from "../../../devices/service/register-device.ts";
import { Card } from "../components/card.tsx";
import { DeviceSetup, type Reach } from "../components/device-setup.tsx";
import { Page } from "../components/layout.tsx";
import { NewCredentials } from "../components/new-credentials.tsx";
import { Secret } from "../components/secret.tsx";
import { Snippet } from "../components/snippet.tsx";
import { url, type View } from "../view.ts";

/** A device that was just made known: its secret, once, and what to do with it. */
export function KnownNow({
  view,
  made,
  from = "/devices",
  ...reach
}: Reach & {
  readonly view: View;
  readonly made: RegisteredDevice;
  readonly from?: "/devices" | "/enrolment";
}) {
  const { device, token } = made;
  const crumb = from === "/devices" ? "Devices" : "Enrolment";
  return (
    <Page view={view} title={`${device.name} is known now`} crumbs={[{ label: crumb, path: from }]}>
      <Card title="What it shows">
        <NewCredentials view={view} made={made} />
      </Card>
      <Card title="On the device">
        <DeviceSetup
          view={view}
          {...reach}
          protocol={device.protocol}
          name={device.stableId}
          token={token}
        />
        <div class="buttons">
          <a class="button primary" href={url(view, `/devices/${device.id}`)}>
            To the device
          </a>
          <a class="button" href={url(view, "/devices/new", { protocol: device.protocol })}>
            Add another
          </a>
        </div>
      </Card>
    </Page>
  );
}

interface CodePageProps extends Reach {
  readonly view: View;
  readonly code: string;
  /** Of the only device that may use it; empty: any. */
  readonly name: string;
  /** In which it is to be served; unless given, that is up to the device. */
  readonly protocol?: "agent" | "oma-dm";
}

/** A new code, once, and what to do with it. */
export function CodePage({ view, code, protocol, ...rest }: CodePageProps) {
  const setup = { view, code, ...rest };
  return (
    <Page view={view} title="Enrolment code" crumbs={[{ label: "Enrolment", path: "/enrolment" }]}>
      <Card title="For one device">
        <Secret view={view} label="Code" text={code} />
      </Card>
      {protocol !== "oma-dm" && (
        <Card title={protocol === "agent" ? "On the device" : "With the Outpost agent"}>
          <DeviceSetup {...setup} protocol="agent" />
        </Card>
      )}
      {protocol !== "agent" && (
        <>
          <Card title="Over OMA DM">
            <Snippet
              label="The management server, in the device's settings"
              name="oma-dm"
              text={`${rest.address}/syncml`}
            />
            <p>
              Give it any user name, and the code as the password. Case and hyphens do not matter.
            </p>
          </Card>
          <Card title="A PC with Windows 10 or 11">
            <p>
              It takes the code in its settings:{" "}
              <a href={url(view, "/enrolment/windows")}>how a Windows PC enrols</a>.
            </p>
          </Card>
        </>
      )}
      <a class="button" href={url(view, "/enrolment")}>
        Done
      </a>
    </Page>
  );
}
