import { blobIndexContract } from "../../contracts/blob-index.contract.ts";
import { MemoryBlobIndex } from "./memory-blob-index.ts";

blobIndexContract("memory", async () => ({
  index: new MemoryBlobIndex(),
  close: async () => {},
}));
