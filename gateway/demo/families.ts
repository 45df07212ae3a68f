import { MENDER_DEVICE_TYPE } from "../../devices/simulator/pull/mender-device.ts";
import { sampleCpio, sampleMender, sampleTar } from "./packages/sample-archives.ts";
import { sampleCab } from "./packages/sample-cab.ts";
import { sampleMsi } from "./packages/sample-msi.ts";
import { makeXap, noise } from "./packages/sample-xap.ts";

/** A file of an app, as it is uploaded. */
export interface AppFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** As the API takes it. */
export interface GivenFile {
  readonly sha256: string;
  readonly name: string;
}

/** Devices of one kind, and the app that is brought to them. */
export interface Family {
  /** Of its group, its package and its distribution. */
  readonly id: string;
  readonly label: string;
  /** In the filter grammar: which devices these are. */
  readonly devices: string;
  readonly app: {
    readonly name: string;
    readonly version: string;
    readonly platform: "Windows" | "iOS" | "Android";
    readonly productId?: string;
  };
  /** Made here, of nothing. None: their MDM has the app from elsewhere. */
  readonly files: () => Promise<readonly AppFile[]>;
  /** What a revision of these files is, beside its version. */
  readonly revision: (files: readonly GivenFile[]) => object;
}

/** What the kiosks are given, so that it can be looked for on them. */
export const KIOSK_APP = {
  folder: "\\kiosk",
  page: "<!doctype html><title>Prices</title><h1>Ask me what it costs</h1>\n",
  settings: '{"shop":"Contoso","currency":"EUR"}\n',
  /** What its set-up program leaves behind. */
  setUp: "Price Kiosk 5.2 is set up\n",
} as const;

const STOCK_COUNT = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const LABEL_PRINTER = "{6C1F2A3E-51B0-4F0B-9C58-2D9E0A47C0D1}";
const PUBLISHER = "Contoso";
const IMAGE_BYTES = 300_000;
/** How a squashfs begins, and so a RAUC bundle. */
const SQUASHFS = "hsqs";

export const FAMILIES: readonly Family[] = [
  {
    id: "handhelds",
    label: "Windows handhelds",
    devices: 'osPlatform:"Windows 10 Mobile","Windows Phone*"',
    app: {
      ...{ name: "Stock Count", version: "2.0.0.0", platform: "Windows" },
      productId: STOCK_COUNT,
    },
    files: async () => {
      const wanted = { productId: STOCK_COUNT, title: "Stock Count", version: "2.0.0.0" };
      const app = await makeXap({ ...wanted, publisher: PUBLISHER, payloadBytes: 400_000 });
      return [{ name: app.fileName, bytes: app.bytes }];
    },
    revision: ([file]) => ({ file }),
  },
  {
    id: "pcs",
    label: "Windows PCs",
    devices: 'osPlatform:"Windows 10 Enterprise","Windows 11*"',
    app: { name: "Label Printer", version: "3.1.0", platform: "Windows" },
    files: async () => {
      const program = noise(200_000, "LabelPrinter");
      const msi = sampleMsi({
        properties: {
          ProductCode: LABEL_PRINTER,
          ProductVersion: "3.1.0",
          ProductName: "Label Printer",
          Manufacturer: PUBLISHER,
        },
        files: [{ name: "LabelPrinter.exe", bytes: program.length, version: "3.1.0.0" }],
        cabinet: sampleCab({ folders: [[{ path: "F0", content: program }]] }),
      });
      return [{ name: "LabelPrinter.msi", bytes: msi }];
    },
    revision: ([file]) => ({ file, msi: { productCode: LABEL_PRINTER } }),
  },
  {
    id: "terminals",
    label: "Windows CE",
    devices: "osPlatform:WinCE",
    app: { name: "Goods In", version: "1.4", platform: "Windows" },
    files: async () => {
      const content = noise(120_000, "GoodsIn");
      const cab = sampleCab({ folders: [[{ path: "GoodsIn.exe", content }]] });
      return [{ name: "GoodsIn.cab", bytes: cab }];
    },
    revision: (files) => ({
      agent: {
        files,
        actions: [
          { kind: "Download", source: "GoodsIn.cab", target: "\\Temp\\GoodsIn.cab" },
          { kind: "Install", file: "\\Temp\\GoodsIn.cab" },
        ],
      },
    }),
  },
  {
    id: "kiosks",
    label: "Linux, Outpost agent",
    devices: "manufacturer:Advantech",
    app: { name: "Price Kiosk", version: "5.2", platform: "Windows" },
    files: async () => {
      const setUp = `echo "${KIOSK_APP.setUp.trim()}" > set-up.txt\n`;
      const tar = sampleTar([
        ["index.html", KIOSK_APP.page],
        ["set-up.sh", setUp],
        ["pictures.bin", noise(IMAGE_BYTES, "kiosk")],
      ]);
      return [
        { name: "price-kiosk.tar", bytes: tar },
        { name: "settings.json", bytes: new TextEncoder().encode(KIOSK_APP.settings) },
      ];
    },
    revision: (files) => {
      const place = (name: string) => `${KIOSK_APP.folder}\\${name}`;
      const settings = { source: "settings.json", target: place("settings.json") };
      return {
        agent: {
          files,
          actions: [
            { kind: "Download", source: "price-kiosk.tar", target: place("price-kiosk.tar") },
            { kind: "Install", file: place("price-kiosk.tar") },
            { kind: "DeleteFiles", path: place("price-kiosk.tar") },
            { kind: "Download", ...settings },
            { kind: "Install", file: place("set-up.sh") },
          ],
          uninstall: [{ kind: "RemoveFolder", path: KIOSK_APP.folder }],
          metrics: [{ kind: "FileHash", file: settings.target, source: { file: settings.source } }],
        },
      };
    },
  },
  {
    id: "gates",
    label: "hawkBit, swupdate",
    devices: "manufacturer:Toradex",
    app: { name: "Gate Reader", version: "2026.3", platform: "Windows" },
    files: async () => {
      const description = `software = { version = "2026.3"; images: ( { filename = "gate.ext4"; device = "/dev/mmcblk2p2"; } ); };\n`;
      const swu = sampleCpio([
        ["sw-description", description],
        ["gate.ext4", noise(IMAGE_BYTES, "gate")],
      ]);
      return [{ name: "gate-reader-2026.3.swu", bytes: swu }];
    },
    revision: (files) => ({ ddi: { chunks: [{ part: "os", files }] } }),
  },
  {
    id: "displays",
    label: "hawkBit, rauc",
    devices: "manufacturer:Phytec",
    app: { name: "Shelf Display", version: "4.0", platform: "Windows" },
    // Nobody here looks into it: a client that did would miss the file system and the signature.
    files: async () => {
      const image = noise(IMAGE_BYTES, "shelf");
      const bytes = Buffer.concat([Buffer.from(SQUASHFS), image]);
      return [{ name: "shelf-display-4.0.raucb", bytes: new Uint8Array(bytes) }];
    },
    revision: (files) => ({ ddi: { chunks: [{ part: "os", files }] } }),
  },
  {
    id: "freezers",
    label: "Mender",
    devices: 'manufacturer:"Raspberry Pi"',
    app: { name: "Freezer Watch", version: "1.9", platform: "Windows" },
    files: async () => [
      {
        name: "freezer-watch-1.9.mender",
        bytes: sampleMender({
          name: "freezer-watch-1.9",
          deviceTypes: [MENDER_DEVICE_TYPE],
          payload: noise(IMAGE_BYTES, "freezer"),
        }),
      },
    ],
    revision: ([file]) => ({
      file,
      mender: { artifactName: "freezer-watch-1.9", deviceTypes: [MENDER_DEVICE_TYPE] },
    }),
  },
  {
    id: "ipads",
    label: "iPads, by their MDM",
    devices: "platform:iOS",
    app: { name: "Sales Floor", version: "7.3", platform: "iOS" },
    files: async () => [],
    revision: () => ({}),
  },
  {
    id: "androids",
    label: "Android, by its MDM",
    devices: "platform:Android",
    app: { name: "Price Check", version: "3.0", platform: "Android" },
    files: async () => [],
    revision: () => ({}),
  },
];
