import type { DeviceLock } from "../../devices/service/device-lock.ts";
import type { SiteLinkStore } from "../../sync/ports/site-link-store.ts";

/** What the site's use-cases remember of devices. */
interface Remembered {
  /** It may be wrong from now on: it is read again. */
  forget(): void;
}

/**
 * The link writes devices and rows past the use-cases: when the site joins, and when it adopts what
 * the hub knows. A use-case that read a device before and commits after would put the rows back that
 * were adopted, so an adoption waits for the use-cases of its devices and holds up the next ones.
 */
export function besideUseCases(
  linkStore: SiteLinkStore,
  remembered: Remembered,
  lock: DeviceLock,
): SiteLinkStore {
  const join = linkStore.join.bind(linkStore);
  const adopt = linkStore.adopt.bind(linkStore);
  return Object.assign(linkStore, {
    // Every device may get another id: nothing speaks meanwhile.
    join: (...args: Parameters<typeof join>) =>
      lock.exclusive(async () => {
        await join(...args);
        remembered.forget();
      }),
    adopt: (adoption: Parameters<typeof adopt>[0]) =>
      lock.runAll(
        adoption.known.map(({ id }) => id),
        async () => {
          await adopt(adoption);
          remembered.forget();
        },
      ),
  } satisfies Pick<SiteLinkStore, "join" | "adopt">);
}
