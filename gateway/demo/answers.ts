/** What the demo reads of the gateways' answers; the OpenAPI document has the whole of them. */
import { z } from "zod";

export const RegisteredDevice = z.object({ userName: z.string(), password: z.string() });
export const JoinCode = z.object({ code: z.string() });
export const UploadedFile = z.object({ sha256: z.string() });
export const Created = z.object({ id: z.string() });
export const Clock = z.object({ now: z.string() });
export const Distributions = z.array(Created);
export const Sites = z.array(
  z.object({ id: z.string(), asOf: z.string().nullable(), stale: z.boolean() }),
);
