import { WINDOW_CLIENTS } from "../../../protocols/ddi/clients.ts";
import { POLLING_DEFAULT } from "../../../protocols/ddi/polling-time.ts";

/** What holds for clients of DDI at a site. */
export interface DdiSettings {
  /** The first part of the paths; hawkBit's default is `DEFAULT`. Compared ignoring case. */
  readonly tenant: string;
  /** Ways of proving who asks; with none of them on nobody is served. */
  readonly targetToken: boolean;
  readonly gatewayToken: boolean;
  readonly certificate: boolean;
  /** SHA-256 (hex) of the token that speaks for every device; null: none was made. */
  readonly gatewayTokenDigest: string | null;
  /** Its text where a tool of hawkBit set it, which may read it again; null for one that was made here. */
  readonly gatewayTokenText: string | null;
  /** Fingerprints of the authorities whose certificates a trusted proxy may pass on. */
  readonly authorities: readonly string[];
  /** Who shows the gateway token or a certificate and is not known is registered at once. */
  readonly plugAndPlay: boolean;
  /** `INTERVAL[~NN%][, FILTER -> INTERVAL[~NN%]]*` */
  readonly pollingTime: string;
  /** `HH:mm:ss`: so long after it should have polled a device is overdue. */
  readonly pollingOverdueTime: string;
  /** How User-Agents begin of clients that wait while a window is closed. */
  readonly windowClients: readonly string[];
}

export const AUTHORITIES_MAX = 20;
export const WINDOW_CLIENTS_MAX = 50;

export const DDI_DEFAULT: DdiSettings = {
  tenant: "DEFAULT",
  targetToken: true,
  gatewayToken: false,
  certificate: false,
  gatewayTokenDigest: null,
  gatewayTokenText: null,
  authorities: [],
  plugAndPlay: false,
  pollingTime: POLLING_DEFAULT,
  pollingOverdueTime: POLLING_DEFAULT,
  windowClients: WINDOW_CLIENTS,
};
