import type { DeviceProtocol } from "../../../devices/model/device.ts";
import { url, type View } from "../view.ts";
import { Snippet } from "./snippet.tsx";

/** How a device reaches this site, and what it shows. */
export interface Reach {
  /** The site's address as devices reach it, such as `http://site.example:8080`. */
  readonly address: string;
  /** The first part of the paths of hawkBit's clients. */
  readonly tenant: string;
}

export interface DeviceSetupProps extends Reach {
  readonly view: View;
  readonly protocol: DeviceProtocol;
  /** By which it is known in its protocol. */
  readonly name: string;
  /** What it shows, as long as it can be shown. */
  readonly token?: string | null;
  /** One-time, for an agent. */
  readonly code?: string;
}

/** Stands where a secret was that is shown once. */
const TOKEN = "TOKEN";

/** What somebody does on a device so that it speaks to this site. */
export function DeviceSetup(props: DeviceSetupProps) {
  const Setup = SETUPS[props.protocol];
  return (
    <div class="setup">
      <Setup {...props} />
    </div>
  );
}

const SETUPS = {
  "oma-dm": OmaDmSetup,
  agent: AgentSetup,
  ddi: DdiSetup,
  mender: MenderSetup,
  ce: CeSetup,
} as const satisfies Record<DeviceProtocol, unknown>;

function OmaDmSetup({ address }: DeviceSetupProps) {
  return (
    <>
      <Snippet
        label="The management server, in the device's settings"
        name="oma-dm"
        text={`${address}/syncml`}
      />
      <p>Give it the user name and the password from above. It says so at its first session.</p>
    </>
  );
}

function AgentSetup({ view, address, name, code }: DeviceSetupProps) {
  const enrol = code === undefined ? "" : ` --enrol ${code}`;
  const id = name === "" ? "" : ` --id ${shellWord(name)}`;
  return (
    <>
      <Snippet
        label="Once on the device, as administrator"
        name="agent"
        text={`outpost agent --server ${address}${enrol}${id}`}
      />
      <p>
        From then on <code>outpost agent</code> is enough: the agent remembers its site. On a
        machine without Outpost use the compiled <code>outpost-agent</code> with the same options.
      </p>
      {code === undefined && (
        <p>
          Without a code it appears under <a href={url(view, "/enrolment")}>Enrolment</a> and waits
          there for your approval.
        </p>
      )}
    </>
  );
}

function DdiSetup({ address, tenant, name, token }: DeviceSetupProps) {
  const shown = token ?? TOKEN;
  const { host, protocol } = new URL(address);
  const options = `-t ${tenant} -u ${address} -i ${name} -k ${shown}`;
  return (
    <>
      <Snippet
        label="swupdate"
        name="swupdate"
        text={`swupdate -f /etc/swupdate.cfg -u '${options}'`}
      />
      <p class="small muted">
        Add your own options, such as <code>-k</code> with the certificate that images are signed
        with. swupdate says that an image is installed once it was started with <code>-c 2</code>{" "}
        after the restart.
      </p>
      <Snippet
        label={
          <>
            rauc-hawkbit-updater, in <code>/etc/rauc-hawkbit-updater/config.conf</code>
          </>
        }
        name="rauc"
        text={[
          "[client]",
          `hawkbit_server           = ${host}`,
          `ssl                      = ${protocol === "https:"}`,
          `tenant_id                = ${tenant}`,
          `target_name              = ${name}`,
          `auth_token               = ${shown}`,
          "bundle_download_location = /tmp/bundle.raucb",
          "resume_downloads         = true",
        ].join("\n")}
      />
      <p class="small muted">
        Any other client of hawkBit: <code>{`${address}/${tenant}/controller/v1/${name}`}</code>{" "}
        with <code>{`Authorization: TargetToken ${shown}`}</code>.
      </p>
    </>
  );
}

function MenderSetup({ view, address }: DeviceSetupProps) {
  return (
    <>
      <Snippet
        label={<code>/etc/mender/mender.conf</code>}
        name="mender"
        text={JSON.stringify(
          {
            ServerURL: address,
            UpdatePollIntervalSeconds: 300,
            InventoryPollIntervalSeconds: 3_600,
          },
          undefined,
          2,
        )}
      />
      <p>
        Then start the client again. One that is not known appears under{" "}
        <a href={url(view, "/enrolment")}>Enrolment</a> at its first contact. Its work starts at the
        first poll inside the window, so let it poll every few minutes.
      </p>
    </>
  );
}

function CeSetup({ address }: DeviceSetupProps) {
  return (
    <>
      <Snippet
        label="The poll server of its Device Management Client"
        name="ce"
        text={`${address}/devicemgmt/server.aspx`}
      />
      <p>Nothing else is typed: it is given its token in the answer to its first poll.</p>
    </>
  );
}

/** As a shell takes it for one word. */
function shellWord(text: string): string {
  return /^[\w.:/@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
