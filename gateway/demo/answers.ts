/** What the demo reads of the gateways' answers; the OpenAPI document has the whole of them. */
import { z } from "zod";

export const RegisteredDevice = z.object({
  device: z.object({ id: z.string() }),
  userName: z.string(),
  password: z.string(),
  serverId: z.string().nullable(),
  serverPassword: z.string().nullable(),
});
/** In another protocol than OMA DM; no token where it brought its own, or an MDM looks after it. */
export const RegisteredPuller = z.object({
  device: z.object({ id: z.string() }),
  token: z.string().nullable(),
});
export const IssuedToken = z.object({ token: z.string() });
export const EnrolmentCode = z.object({ code: z.string() });
export const JoinCode = z.object({ code: z.string() });
export const UploadedFile = z.object({ sha256: z.string() });
export const Created = z.object({ id: z.string() });
export const Clock = z.object({ now: z.string() });
export const Distributions = z.array(Created);
export const Sites = z.array(
  z.object({ id: z.string(), asOf: z.string().nullable(), stale: z.boolean() }),
);
