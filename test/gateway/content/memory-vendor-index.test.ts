import { vendorIndexContract } from "../../contracts/vendor-index.contract.ts";
import { MemoryVendorIndex } from "./memory-vendor-index.ts";

vendorIndexContract("memory", async () => ({
  index: new MemoryVendorIndex(),
  close: async () => {},
}));
