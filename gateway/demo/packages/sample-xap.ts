import { createHash } from "node:crypto";
import yazl from "yazl";
import { sha256Hex } from "../../../devices/model/sha256.ts";

export interface MadeXap {
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** GUID in braces, upper case. */
  readonly productId: string;
  readonly title: string;
  readonly version: string;
  readonly publisher: string;
}

/** Every file in the package has this time, so that the same input gives the same bytes. */
const MODIFIED_AT = new Date("2026-01-01T00:00:00Z");

/**
 * A real XAP: a ZIP file with the two manifests of a Windows Phone app and a payload of `payloadBytes`
 * that does not compress. The same input gives the same file.
 */
export async function makeXap(input: {
  readonly productId: string;
  readonly title: string;
  readonly version: string;
  readonly publisher: string;
  readonly payloadBytes: number;
}): Promise<MadeXap> {
  const zip = new yazl.ZipFile();
  const add = (name: string, content: Uint8Array | string, compress: boolean) =>
    zip.addBuffer(Buffer.from(content), name, { mtime: MODIFIED_AT, compress });
  add("WMAppManifest.xml", appManifest(input), true);
  add("AppManifest.xaml", DEPLOYMENT_MANIFEST, true);
  add("Assets/payload.bin", noise(input.payloadBytes, input.version), false);
  zip.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  const bytes = new Uint8Array(Buffer.concat(chunks));
  const { payloadBytes: _, ...facts } = input;
  return {
    ...facts,
    fileName: `${input.title.replaceAll(" ", "")}-${input.version}.xap`,
    bytes,
    sha256: sha256Hex(bytes),
  };
}

function appManifest(app: {
  readonly productId: string;
  readonly title: string;
  readonly version: string;
  readonly publisher: string;
}): string {
  return `<?xml version="1.0" encoding="utf-8"?>
<Deployment xmlns="http://schemas.microsoft.com/windowsphone/2012/deployment" AppPlatformVersion="8.0">
  <DefaultLanguage xmlns="" code="en-US"/>
  <App xmlns="" ProductID="${app.productId}" Title="${app.title}" RuntimeType="Silverlight"
    Version="${app.version}" Genre="apps.normal" Author="${app.publisher}"
    Description="${app.title}" Publisher="${app.publisher}">
    <Capabilities>
      <Capability Name="ID_CAP_NETWORKING"/>
    </Capabilities>
    <Tasks>
      <DefaultTask Name="_default" NavigationPage="MainPage.xaml"/>
    </Tasks>
  </App>
</Deployment>
`;
}

const DEPLOYMENT_MANIFEST = `<Deployment xmlns="http://schemas.microsoft.com/client/2007/deployment"
  xmlns:x="http://schemas.microsoft.com/winfx/2006/xaml" EntryPointAssembly="App"
  EntryPointType="App.App" RuntimeVersion="4.7.50308.0">
  <Deployment.Parts/>
</Deployment>
`;

/** Bytes that look random, from a chain of digests. The same seed gives the same. */
export function noise(bytes: number, seed: string): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  let block = createHash("sha256").update(seed).digest();
  for (let have = 0; have < bytes; have += block.length) {
    blocks.push(block);
    block = createHash("sha256").update(block).digest();
  }
  return new Uint8Array(Buffer.concat(blocks).subarray(0, bytes));
}
