/** The contracts of sync's ports, over the stores of the simulation and over libSQL. */
import type { SiteId } from "../../../devices/model/ids.ts";
import { SqlHubStore } from "../../../gateway/db/stores/hub-store.ts";
import { SqlPolicyStore } from "../../../gateway/db/stores/policy-store.ts";
import { SqlSiteLinkStore } from "../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { RESTORED_AT, ValueStore } from "../../../gateway/db/stores/value-store.ts";
import { openMemory } from "../../gateway/db/temporary.ts";
import { MemoryPolicyStore } from "../simulation/memory-documents.ts";
import { emptyHubDisk, MemoryHubStore } from "../simulation/memory-hub.ts";
import { commitDevice, emptySiteDisk, MemorySiteLinkStore } from "../simulation/memory-site.ts";
import { hubStoreContract } from "./hub-store.contract.ts";
import { policyStoreContract } from "./policy-store.contract.ts";
import { siteLinkStoreContract } from "./site-link-store.contract.ts";

const nothingToClose = async () => undefined;

policyStoreContract("memory", async () => ({
  store: new MemoryPolicyStore(emptySiteDisk()),
  close: nothingToClose,
}));

policyStoreContract("libSQL", async () => {
  const database = await openMemory();
  return { store: new SqlPolicyStore(database), close: () => database.close() };
});

hubStoreContract("memory", async () => ({
  store: new MemoryHubStore(emptyHubDisk()),
  close: nothingToClose,
}));

hubStoreContract("libSQL", async () => {
  const database = await openMemory();
  return { store: new SqlHubStore(database), close: () => database.close() };
});

siteLinkStoreContract("memory", async () => {
  const disk = emptySiteDisk();
  return {
    store: new MemorySiteLinkStore(disk),
    record: async (device, rows, facts) => commitDevice(disk, { device, rows, facts }),
    markRestored: async () => {
      disk.restored = true;
    },
    close: nothingToClose,
  };
});

siteLinkStoreContract("libSQL", async () => {
  const database = await openMemory();
  const provisional = "alone" as SiteId;
  const devices = new SqlSiteStore(database, provisional);
  return {
    store: new SqlSiteLinkStore(database, provisional),
    record: (device, installations, facts) =>
      devices.commit([{ device: device.id, put: device, installations, facts }]),
    markRestored: () => new ValueStore(database).put(RESTORED_AT, "now"),
    close: () => database.close(),
  };
});
