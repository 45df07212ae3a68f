import { SqlBlobIndex } from "../../../../gateway/db/stores/blob-index.ts";
import { blobIndexContract } from "../../../contracts/blob-index.contract.ts";
import { openMemory } from "../temporary.ts";

blobIndexContract("libSQL", async () => {
  const database = await openMemory();
  return { index: new SqlBlobIndex(database), close: () => database.close() };
});
