import { AppError } from "../../model/errors.ts";
import type { DeviceCertificate, DeviceCertificates } from "../../ports/certificates.ts";
import type { SiteContext } from "../site-context.ts";

/**
 * Takes a certificate back. When it was the device's last good one, its subject stands for nobody any
 * more: no session is opened by it. Repeating it is a no-op.
 *
 * @throws AppError "not-found" for a serial number that was not issued here
 */
export async function revokeCertificate(
  site: SiteContext,
  certificates: DeviceCertificates,
  serial: string,
): Promise<DeviceCertificate> {
  const found = await certificates.find(serial);
  if (!found) throw new AppError("not-found", `no certificate ${serial} was issued here`);
  return site.lock.run(found.device, async () => {
    const held = await certificates.find(serial);
    // The site joined while this waited, and its devices have other ids now.
    if (held?.device !== found.device) return revokeCertificate(site, certificates, serial);
    const nowMs = site.now();
    const isGood = (one: DeviceCertificate) =>
      one.serial !== serial && one.revokedAtMs === null && one.notAfterMs > nowMs;
    const isLast = !(await certificates.ofDevice(found.device)).some(isGood);
    const credential = await site.store.credential(found.device);
    const ends = isLast && credential?.certificateSubject === found.subject;
    await site.store.commit([
      {
        device: found.device,
        revoke: { atMs: nowMs, serial },
        ...(ends && { credential: { ...credential, certificateSubject: null } }),
      },
    ]);
    return (await certificates.find(serial)) ?? found;
  });
}
