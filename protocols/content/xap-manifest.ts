import { ProtocolError } from "../errors.ts";
import type { Steps } from "../steps.ts";
import type { Element } from "../syncml/element.ts";
import { xmlSteps } from "../syncml/parse-xml.ts";
import { MANIFEST_LIMITS } from "./appx-manifest.ts";

/** What a Windows Phone app (XAP) says of itself. */
export interface XapManifest {
  /** A GUID in braces and upper case. */
  readonly productId: string;
  readonly version: string;
  /** Null where it is a resource of the app (`@AppResLib.dll,-100`) or missing. */
  readonly title: string | null;
  readonly publisher: string | null;
}

const GUID = /^\{?([0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12})\}?$/i;

/**
 * Reads WMAppManifest.xml.
 *
 * @throws ProtocolError `xml-…` for what is no XML, `xap-manifest` for what is no manifest
 */
export function* readXapManifest(xml: Uint8Array): Steps<XapManifest> {
  const root = yield* xmlSteps(xml, MANIFEST_LIMITS);
  const app = root.name === "Deployment" ? root.children.find(isApp) : undefined;
  if (app === undefined) throw broken("there is no <Deployment> with an <App>");
  const attribute = (name: string) =>
    app.attributes.find((one) => one.name === name)?.value.trim() ?? "";
  const id = GUID.exec(attribute("ProductID"))?.[1];
  if (id === undefined) throw broken("its ProductID is no GUID");
  const words = (name: string) => {
    const text = attribute(name);
    return text === "" || text.startsWith("@") ? null : text;
  };
  return {
    productId: `{${id.toUpperCase()}}`,
    version: attribute("Version"),
    title: words("Title"),
    publisher: words("Publisher") ?? words("Author"),
  };
}

function isApp({ name }: Element): boolean {
  return name === "App";
}

function broken(why: string): ProtocolError {
  return new ProtocolError("xap-manifest", `WMAppManifest.xml cannot be used: ${why}`);
}
