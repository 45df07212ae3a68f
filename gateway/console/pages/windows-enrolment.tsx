import { recordAction } from "../../http/audited.ts";
import { ENROLMENT_PATH } from "../../http/routes/windows-enrolment.ts";
import type { CertificateUseCases } from "../../http/use-cases.ts";
import { Action } from "../components/action.tsx";
import { Card } from "../components/card.tsx";
import { CertificateTable } from "../components/certificate-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Fact } from "../components/fact-list.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { Kit, Visit } from "../kit.tsx";
import { plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";
import { WindowsEnrolmentForm, windowsEnrolmentFrom } from "./windows-enrolment-settings.tsx";

const HERE = "/enrolment/windows";
const CERTIFICATES_SHOWN = 50;

/** At a site: how a Windows PC enrols, the authority that issues its certificate, and all issued. */
export function windowsEnrolmentPages(kit: Kit): void {
  const { deps } = kit;
  const { site } = deps;
  if (!site) return;
  const { certificates, enrolmentAddress } = site;

  kit.page(HERE, (visit) => read(visit, FRESH_FORM));

  kit.form(
    "settings:write",
    `${HERE}/settings`,
    async (visit) => {
      const change = windowsEnrolmentFrom(visit.form);
      await deps.settings.write({ windowsEnrolment: change });
      await recordAction(deps.audit, visit.c, "settings.windows-enrolment", "settings", {
        ...change,
      });
      return kit.done(visit.c, HERE, "Saved; PCs that have enrolled keep what they were told.");
    },
    (visit) => read(visit, visit.form),
  );

  kit.form("settings:write", `${HERE}/authority/make`, async (visit) => {
    const isNew = certificates.authorities().length === 0;
    const { thumbprint } = await certificates.authority();
    if (isNew) await recordAction(deps.audit, visit.c, "certificate-authority.make", thumbprint);
    return kit.done(
      visit.c,
      HERE,
      "The authority was made. Give its certificate to the TLS proxy.",
    );
  });

  kit.form("settings:write", `${HERE}/authority/renew`, async (visit) => {
    const { thumbprint } = await certificates.renewAuthority();
    await recordAction(deps.audit, visit.c, "certificate-authority.renew", thumbprint);
    return kit.done(visit.c, HERE, "A new authority was made. Give the new file to the TLS proxy.");
  });

  kit.form("devices:write", "/certificates/:serial/revoke", async (visit) => {
    const { serial, device } = await certificates.revoke(visit.c.req.param("serial") ?? "");
    await recordAction(deps.audit, visit.c, "certificate.revoke", serial, { device });
    return kit.done(visit.c, `/devices/${device}`, "The certificate was taken back.");
  });

  async function read({ view }: Visit, form: FormState) {
    const issued = await certificates.list();
    return (
      <Page
        view={view}
        title="Windows PCs"
        crumbs={[{ label: "Enrolment", path: "/enrolment" }]}
        lead="Windows 10 and 11 enrol by themselves: with an address, and a code as the password."
      >
        {!view.isFragment && <Steps view={view} address={enrolmentAddress()} />}
        <Live view={view}>
          <Authority view={view} certificates={certificates} />
          <Card
            title="Issued certificates"
            flush
            aside={<span class="muted">{plural(issued.length, "certificate")}</span>}
          >
            {issued.length === 0 ? (
              <Empty title="No PC has enrolled yet" words="Each gets a certificate of its own." />
            ) : (
              <CertificateTable
                view={view}
                issued={issued.slice(0, CERTIFICATES_SHOWN)}
                withDevice
              />
            )}
          </Card>
        </Live>
        {!view.isFragment && (
          <WindowsEnrolmentForm
            view={view}
            path={`${HERE}/settings`}
            form={form}
            settings={deps.settings.read().windowsEnrolment}
          />
        )}
      </Page>
    );
  }
}

function Steps({ view, address }: { view: View; address: string | undefined }) {
  return (
    <Card title="On the PC">
      <ol>
        <li>
          Make <a href={url(view, "/enrolment")}>an enrolment code</a> here; each is good for one
          PC.
        </li>
        <li>
          On the PC open <b>Settings, Accounts, Access work or school</b> and choose{" "}
          <b>Enroll only in device management</b>.
        </li>
        <li>
          Enter an e-mail address of whoever uses the PC. If Windows asks for the server:{" "}
          {address === undefined ? (
            "the HTTPS address of this site, which is not set yet: see the host name below"
          ) : (
            <code>{`${address}${ENROLMENT_PATH}/Discovery.svc`}</code>
          )}
        </li>
        <li>Enter the code as the password. The PC then asks for its work by itself.</li>
      </ol>
      <p class="small muted">
        Windows looks for the server at EnterpriseEnrollment and the domain of the e-mail address.
        It takes HTTPS only, by a certificate that it trusts: a TLS proxy stands in front of the
        site.
      </p>
    </Card>
  );
}

function Authority({ view, certificates }: { view: View; certificates: CertificateUseCases }) {
  const [current, ...former] = certificates.authorities();
  const reason = whyNot(view, "settings:write");
  if (!current) {
    return (
      <Card title="Certificate authority">
        <Empty
          title="It is not made yet"
          words="The first enrolment makes it. A TLS proxy that checks certificates needs it earlier."
        >
          <Action
            view={view}
            path={`${HERE}/authority/make`}
            label="Make the authority"
            whyNot={reason}
          />
        </Empty>
      </Card>
    );
  }
  return (
    <Card title="Certificate authority">
      <dl class="facts">
        <Fact label="Name">{current.name}</Fact>
        <Fact label="SHA-1">
          <code>{current.thumbprint}</code>
        </Fact>
        <Fact label="SHA-256">
          <code>{current.fingerprint}</code>
        </Fact>
        <Fact label="Good until">
          <When view={view} at={current.notAfterMs} />
        </Fact>
        {former.map((one) => (
          <Fact label="Former one">
            <code>{one.thumbprint}</code>, until <When view={view} at={one.notAfterMs} />
          </Fact>
        ))}
        <Fact label="Files">
          <a href={`${ENROLMENT_PATH}/authority.cer`}>for Windows</a>,{" "}
          <a href={`${ENROLMENT_PATH}/authority.pem`}>for a TLS proxy</a>,{" "}
          <a href={`${ENROLMENT_PATH}/revoked.pem`}>what was taken back</a>
        </Fact>
      </dl>
      <Action
        view={view}
        path={`${HERE}/authority/renew`}
        label="Make a new one in its place"
        confirm="Make a new authority? Certificates of the present one stay good until they end; the TLS proxy needs the new file."
        whyNot={reason}
      />
    </Card>
  );
}
