import type { DeviceCertificate } from "../../../devices/ports/certificates.ts";
import { url, type View, whyNot } from "../view.ts";
import { Action } from "./action.tsx";
import { Badge } from "./badge.tsx";
import { CardTable } from "./card-table.tsx";
import { When } from "./when.tsx";

interface CertificateTableProps {
  readonly view: View;
  readonly issued: readonly DeviceCertificate[];
  readonly withDevice?: true;
}

/** Certificates of devices, each with what it is good for still. */
export function CertificateTable({ view, issued, withDevice }: CertificateTableProps) {
  return (
    <CardTable
      caption="Certificates"
      columns={["Certificate", "State", "Issued", "Good until", "Actions"]}
    >
      {issued.map((one) => (
        <tr>
          <td class="title">
            {withDevice ? (
              <a href={url(view, `/devices/${one.device}`)}>{one.subject}</a>
            ) : (
              one.subject
            )}
            <span class="sub">serial {one.serial}</span>
          </td>
          <td data-label="State">
            <CertificateState view={view} one={one} />
          </td>
          <td data-label="Issued">
            <span>
              <When view={view} at={one.issuedAtMs} />
              {one.userName !== "" && <span class="sub">to {one.userName}</span>}
            </span>
          </td>
          <td data-label="Good until">
            <When view={view} at={one.notAfterMs} />
          </td>
          <td data-label="Actions">
            {isGood(one, view.nowMs) && (
              <Action
                view={view}
                path={`/certificates/${one.serial}/revoke`}
                label="Take back"
                confirm="Take this certificate back? The device cannot renew it; it needs its password or a new enrolment."
                whyNot={whyNot(view, "devices:write")}
              />
            )}
          </td>
        </tr>
      ))}
    </CardTable>
  );
}

function CertificateState({ view, one }: { view: View; one: DeviceCertificate }) {
  if (one.revokedAtMs !== null) return <Badge view={view} kind="bad" label="Taken back" />;
  if (one.notAfterMs <= view.nowMs) return <Badge view={view} kind="plain" label="Over" />;
  return <Badge view={view} kind="good" label="Good" />;
}

function isGood({ revokedAtMs, notAfterMs }: DeviceCertificate, nowMs: number): boolean {
  return revokedAtMs === null && notAfterMs > nowMs;
}
