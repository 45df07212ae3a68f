import yazl from "yazl";

const MODIFIED_AT = new Date("2026-01-01T00:00:00Z");

/** A ZIP file with these contents. */
export async function sampleZip(
  contents: Readonly<Record<string, Uint8Array | string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new yazl.ZipFile();
  for (const [path, content] of Object.entries(contents)) {
    zip.addBuffer(Buffer.from(content), path, { mtime: MODIFIED_AT });
  }
  zip.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}

export interface SampleXap {
  readonly productId?: string;
  readonly version?: string;
  readonly title?: string;
}

/** A Windows Phone app, as far as anybody reads it. */
export function sampleXap(wanted: SampleXap = {}): Promise<Uint8Array<ArrayBuffer>> {
  const { productId = "{b316008a-141d-4a79-810f-8b764c4cfdfb}", version = "1.2.0.0" } = wanted;
  const { title = "Till" } = wanted;
  const manifest = `<?xml version="1.0" encoding="utf-8"?>
<Deployment xmlns="http://schemas.microsoft.com/windowsphone/2012/deployment" AppPlatformVersion="8.0">
  <App xmlns="" ProductID="${productId}" Title="${title}" RuntimeType="Silverlight" Version="${version}"
    Genre="apps.normal" Author="Contoso" Publisher="Contoso Ltd"/>
</Deployment>`;
  return sampleZip({ "WMAppManifest.xml": manifest, "app.dll": "code" });
}
