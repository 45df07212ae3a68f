import type { RegisteredDevice } from "../../../devices/service/register-device.ts";
import type { View } from "../view.ts";
import { Secret } from "./secret.tsx";

/** What a new device proves itself with, shown once. */
export function NewCredentials({ view, made }: { view: View; made: RegisteredDevice }) {
  if (made.password === null) {
    return made.token === null ? (
      <p>
        {made.device.protocol === "ce"
          ? "It is given its token in the answer to its first poll."
          : "It shows the token or key that it has already."}
      </p>
    ) : (
      <Secret view={view} label="Token" text={made.token} />
    );
  }
  return (
    <>
      <p>
        User name: <code>{made.userName}</code>
      </p>
      <Secret view={view} label="Password" text={made.password} />
    </>
  );
}
