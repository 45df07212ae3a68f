import { hex, hresultOf } from "../../../devices/install/hresult.ts";

export interface DeviceErrorProps {
  /** HRESULT as the signed integer of the wire. */
  readonly code: number | null;
  /** The device's own words. */
  readonly text: string | null;
  /** With the signed number too, as some logs write it. */
  readonly signed?: true;
}

/** An error of a device: what it says itself, what the code means and what to do, and the code. */
export function DeviceError({ code, text, signed }: DeviceErrorProps) {
  if (code === null && text === null) return null;
  const known = code === null ? undefined : hresultOf(code);
  return (
    <span class="why">
      {text ?? (known ? "" : "The device gave an error code that is not in our list")}
      {known && (text === null ? known.meaning : <span class="sub">{known.meaning}</span>)}
      {code !== null && (
        <>
          {" "}
          <code title={known?.name}>{hex(code)}</code>
          {signed && <code> ({code})</code>}
        </>
      )}
    </span>
  );
}
