import yazl from "yazl";

export interface SampleMsix {
  readonly name?: string;
  readonly publisher?: string;
  readonly version?: string;
  readonly architecture?: string;
  readonly displayName?: string;
  /** Names of frameworks of the same publisher. */
  readonly dependencies?: readonly string[];
  readonly isBundle?: boolean;
  readonly isFramework?: boolean;
  /** Stands in the file, so that two of one version differ. */
  readonly note?: string;
}

/** The publisher whose hash is in the documentation's samples. */
export const MICROSOFT =
  "CN=Microsoft Corporation, O=Microsoft Corporation, L=Redmond, S=Washington, C=US";
const MODIFIED_AT = new Date("2026-01-01T00:00:00Z");

/** An MSIX that has what a device and an upload look at: a ZIP file with a manifest. Unsigned. */
export async function sampleMsix(wanted: SampleMsix = {}): Promise<Uint8Array<ArrayBuffer>> {
  const {
    name = "Contoso.App",
    publisher = MICROSOFT,
    version = "1.0.0.0",
    architecture = "x64",
    displayName = "Contoso Shop",
    dependencies = [],
    isBundle = false,
    isFramework = false,
    note = "",
  } = wanted;
  const needed = dependencies.map(
    (one) => `<PackageDependency Name="${one}" Publisher="${publisher}" MinVersion="14.0.0.0"/>`,
  );
  const manifest = isBundle
    ? `<?xml version="1.0" encoding="utf-8"?>
<b:Bundle xmlns:b="http://schemas.microsoft.com/appx/2013/bundle" SchemaVersion="5.0">
  <b:Identity Name="${name}" Publisher="${publisher}" Version="${version}"/>
</b:Bundle>`
    : `<?xml version="1.0" encoding="utf-8"?>
<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10"
  xmlns:uap="http://schemas.microsoft.com/appx/manifest/uap/windows10" IgnorableNamespaces="uap">
  <Identity Name="${name}" Publisher="${publisher}" Version="${version}" ProcessorArchitecture="${architecture}"/>
  <Properties>
    <DisplayName>${displayName}</DisplayName>
    <PublisherDisplayName>Contoso</PublisherDisplayName>
    ${isFramework ? "<Framework>true</Framework>" : ""}
    <Logo>logo.png</Logo>
  </Properties>
  <Dependencies>
    <TargetDeviceFamily Name="Windows.Desktop" MinVersion="10.0.17763.0" MaxVersionTested="10.0.22621.0"/>
    ${needed.join("")}
  </Dependencies>
</Package>`;
  const zip = new yazl.ZipFile();
  const add = (path: string, content: string, compress: boolean) =>
    zip.addBuffer(Buffer.from(content), path, { mtime: MODIFIED_AT, compress });
  add("Assets/content.txt", `content of ${name} ${version} ${note}`.padEnd(2_000, "."), false);
  // The byte order mark that Visual Studio writes.
  add(
    isBundle ? "AppxMetadata/AppxBundleManifest.xml" : "AppxManifest.xml",
    `\uFEFF${manifest}`,
    true,
  );
  zip.end();
  const chunks: Uint8Array[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}
