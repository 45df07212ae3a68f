import { sampleCpio } from "../../gateway/demo/packages/sample-archives.ts";

export const SW_DESCRIPTION = `
# An image for two boards.
software =
{
    version = "1.0." "2"; // Texts that follow each other are one.
    description = "Till";
    beaglebone = {
        hardware-compatibility: [ "1.0", "#RE:^2" ];
        images: ( { filename = "rootfs.ext4"; device = "/dev/mmcblk0p2"; size = 0x10L; compressed = true; } );
    }; /* The other
          one. */
    hardware-compatibility: [ "1.0", "rev-b" ]
}
`;

export function sampleSwu(description: string = SW_DESCRIPTION, isSigned = true) {
  return sampleCpio([
    ["sw-description", description],
    ...(isSigned ? ([["sw-description.sig", "signature"]] as const) : []),
    ["rootfs.ext4", Buffer.alloc(1_000, "root")],
  ]);
}
