import { SqlVendorIndex } from "../../../../gateway/db/stores/vendor-index.ts";
import { vendorIndexContract } from "../../../contracts/vendor-index.contract.ts";
import { openMemory } from "../temporary.ts";

vendorIndexContract("libSQL", async () => {
  const database = await openMemory();
  return { index: new SqlVendorIndex(database), close: () => database.close() };
});
