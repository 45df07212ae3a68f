import { z } from "zod";
import { readAs } from "../agent/read-message.ts";
import { ProtocolError } from "../errors.ts";

/** Bytes of a question for work. */
export const NEXT_BYTES_MAX = 64 * 1024;
export const PROVIDES_MAX = 64;
const PROVIDED_CHARACTERS_MAX = 256;

const value = z.string().max(PROVIDED_CHARACTERS_MAX);
const Provides = z.record(value, value).refine((all) => Object.keys(all).length <= PROVIDES_MAX, {
  message: `at most ${PROVIDES_MAX} of them`,
});
const Next = z.object({ device_provides: Provides });

/** What a device says it is and has. */
export interface Provided {
  readonly deviceType: string;
  readonly artifactName: string;
  /** All that it says, those two included. */
  readonly all: Readonly<Record<string, string>>;
}

/** Version 2. @throws ProtocolError `mender-next` */
export function readNext(body: Uint8Array): Provided {
  return needBoth(readAs("mender-next", Next, body).device_provides);
}

/** Version 1, which has two things to say. @throws ProtocolError `mender-next` */
export function readNextQuery(query: URLSearchParams): Provided {
  const all = Object.fromEntries(
    ["device_type", "artifact_name"].map((name) => [name, query.get(name) ?? ""]),
  );
  const read = Provides.safeParse(all);
  if (!read.success) throw new ProtocolError("mender-next", "device_type or artifact_name is long");
  return needBoth(read.data);
}

function needBoth(all: Readonly<Record<string, string>>): Provided {
  const { device_type: deviceType = "", artifact_name: artifactName = "" } = all;
  if (deviceType === "") throw new ProtocolError("mender-next", "it says no device_type");
  return { deviceType, artifactName, all };
}
