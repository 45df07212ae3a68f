import { DEVICE_PROTOCOLS, type DeviceProtocol, PLATFORMS } from "../../../devices/model/device.ts";
import { fieldError } from "../../../devices/model/errors.ts";
import { asItSends } from "../../http/as-it-sends.ts";
import { recordAction } from "../../http/audited.ts";
import { issueEnrolmentCode } from "../../http/enrolment-codes.ts";
import { needValid } from "../../http/field-problems.ts";
import { DeviceTemplateSchema, NewDeviceSchema } from "../../http/schemas/device.ts";
import { PostForm } from "../components/action.tsx";
import { SelectField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Page } from "../components/layout.tsx";
import { deviceFacts } from "../device-form.ts";
import { type FormState, FRESH_FORM, type SentForm } from "../form-state.ts";
import type { Kit } from "../kit.tsx";
import { url, type View } from "../view.ts";
import { DeviceFieldsets } from "./devices.tsx";
import { CodePage, KnownNow } from "./shown-once.tsx";

const CHOICES: Readonly<Record<DeviceProtocol, { readonly label: string; readonly id: string }>> = {
  "oma-dm": {
    label: "OMA DM: Windows phones and handhelds",
    id: "What it sends as DevInfo/DevId, or its serial number.",
  },
  agent: {
    label: "Outpost agent: Linux and Windows machines",
    id: "May be empty: then the first device that shows the code becomes this one.",
  },
  ddi: {
    label: "hawkBit DDI: swupdate, rauc and others",
    id: "Its controller id, as the client will send it.",
  },
  mender: {
    label: "Mender client",
    id: 'Its identity as JSON, such as {"mac":"02:00:5e:00:53:01"}.',
  },
  ce: {
    label: "Windows CE: Device Management Client",
    id: "The UUID that its client sends, with or without braces.",
  },
};

/** The form that makes a device known, and what is to be typed on the device then. */
export function newDevicePages(kit: Kit): void {
  const { deps } = kit;
  const { site } = deps;
  if (!site) return;

  kit.pageFor("devices:write", "/devices/new", ({ c, view }) => (
    <NewDevicePage view={view} form={FRESH_FORM} protocol={protocolOf(c.req.query("protocol"))} />
  ));

  kit.form(
    "devices:write",
    "/devices/new",
    async (visit) => {
      const { c, form, principal, view } = visit;
      const protocol = protocolOf(form.value("protocol"));
      const reach = { address: site.addressFor(c), tenant: deps.settings.read().ddi.tenant };
      if (protocol === "agent") {
        const { stableId, ...device } = agentFrom(form);
        const note = device.name ?? stableId ?? "an agent";
        const wanted = { note, stableId, device };
        const { text } = await issueEnrolmentCode({ ...deps, codes: site.codes }, c, wanted);
        return (
          <CodePage view={view} code={text} {...reach} name={stableId ?? ""} protocol="agent" />
        );
      }
      const wanted = wantedFrom(form, protocol);
      const made = await site.useCases.registerDevice(wanted, principal.name);
      const { id, stableId } = made.device;
      await recordAction(deps.audit, c, "device.register", id, { stableId, protocol });
      return <KnownNow view={view} made={made} {...reach} />;
    },
    ({ view, form }) => (
      <NewDevicePage view={view} form={form} protocol={protocolOf(form.value("protocol"))} />
    ),
  );
}

function protocolOf(text: string | undefined): DeviceProtocol {
  return DEVICE_PROTOCOLS.find((one) => one === text) ?? "oma-dm";
}

/** @throws AppError "unprocessable" */
function agentFrom(form: SentForm) {
  const platform = form.value("platform") === "Android" ? "Android" : "Windows";
  const stableId = form.optional("stableId") ?? null;
  if (stableId !== null) needValid(NewDeviceSchema, { stableId, platform });
  // What is not said here the agent says itself when it enrols.
  const said = Object.entries(deviceFacts(form)).filter(([, value]) => value !== null);
  const facts = needValid(DeviceTemplateSchema, { ...Object.fromEntries(said), platform });
  return { ...facts, stableId };
}

/** @throws AppError "unprocessable" */
function wantedFrom(form: SentForm, protocol: Exclude<DeviceProtocol, "agent">) {
  const facts = deviceFacts(form);
  const typed = form.value("stableId");
  if (typed === "") throw fieldError("/stableId", "give the device's own id");
  switch (protocol) {
    case "oma-dm":
      return needValid(NewDeviceSchema, {
        ...facts,
        stableId: typed,
        platform: form.value("platform"),
      });
    case "ddi": {
      const token = form.optional("token");
      return needValid(NewDeviceSchema, { ...linux(facts), protocol, stableId: typed, token });
    }
    case "mender": {
      const key = form.value("publicKey");
      if (!key.startsWith("-----")) {
        throw fieldError("/publicKey", "paste all of it, from -----BEGIN PUBLIC KEY----- on");
      }
      const pointers = { name: "/stableId", token: "/publicKey" };
      const said = { ...linux(facts), protocol, stableId: typed, token: key };
      return asItSends(needValid(NewDeviceSchema, said), pointers);
    }
    case "ce": {
      const said = { ...facts, protocol, stableId: typed, platform: "Windows" };
      return asItSends(needValid(NewDeviceSchema, said));
    }
  }
}

/** Devices of these clients run Linux; the report has them among the rows of general statuses. */
function linux(facts: Record<string, unknown>) {
  return { ...facts, platform: "Windows", osPlatform: facts.osPlatform ?? "Linux" };
}

interface NewDevicePageProps {
  readonly view: View;
  readonly form: FormState;
  readonly protocol: DeviceProtocol;
}

function NewDevicePage({ view, form, protocol }: NewDevicePageProps) {
  return (
    <Page
      view={view}
      title="Add a device"
      lead="What it proves itself with is shown once, with what is to be typed on the device."
      crumbs={[{ label: "Devices", path: "/devices" }]}
    >
      <PostForm view={view} path="/devices/new" class="sheet">
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>How it speaks</legend>
          <SelectField
            form={form}
            name="protocol"
            label="Protocol"
            options={DEVICE_PROTOCOLS.map((value) => ({ value, label: CHOICES[value].label }))}
            value={protocol}
            shows
          />
          <p class="hint" data-when="protocol" data-is="agent">
            You get a one-time code and the command for the device. It is known once it has shown
            the code.
          </p>
          <p class="hint" data-when="protocol" data-is="mender">
            You rarely need this form: point the client at this site, and approve it under{" "}
            <a href={url(view, "/enrolment")}>Enrolment</a> when it has come. To let it in
            beforehand, say who it is and what its key is.
          </p>
          <p class="hint" data-when="protocol" data-is="ce">
            It is given its token in the answer to its first poll.
          </p>
        </fieldset>
        <fieldset>
          <legend>What it is</legend>
          <TextField
            form={form}
            name="stableId"
            label="The device's own id"
            hint={DEVICE_PROTOCOLS.map((value) => (
              <span class="choice-hint" data-when="protocol" data-is={value}>
                {CHOICES[value].id}
              </span>
            ))}
          />
          <div data-when="protocol" data-is="mender">
            <TextArea
              form={form}
              name="publicKey"
              label="Its public key"
              hint={
                <>
                  In PEM. On the device{" "}
                  <code>openssl pkey -pubout -in /var/lib/mender/mender-agent.pem</code> prints it.
                </>
              }
              rows={5}
            />
          </div>
          <div data-when="protocol" data-is="ddi">
            <TextField
              form={form}
              name="token"
              label="The token that it has already"
              hint="Empty: one is made. At least 16 characters."
            />
          </div>
          <div class="field-row">
            <TextField
              form={form}
              name="name"
              label="Name"
              hint="For people; the id unless given."
            />
            <div data-when="protocol" data-is="oma-dm agent">
              <SelectField
                form={form}
                name="platform"
                label="Platform"
                options={PLATFORMS.map((value) => ({ value, label: value }))}
                value="Windows"
                hint={
                  <span data-when="protocol" data-is="agent">
                    Linux is counted with Windows; the agent says what it runs on.
                  </span>
                }
              />
            </div>
          </div>
        </fieldset>
        <DeviceFieldsets form={form} />
        <div class="buttons">
          <button type="submit" class="primary">
            Add the device
          </button>
          <a class="button" href={url(view, "/devices")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}
