import { expect, test } from "bun:test";
import { may } from "../../../gateway/access/principal.ts";
import { apiTokens } from "../../../gateway/db/schema/access.ts";
import { SqlAccessStore } from "../../../gateway/db/stores/access-store.ts";
import { openMemory } from "../db/temporary.ts";
import { accessStoreContract } from "./access-store.contract.ts";

accessStoreContract("libSQL", async () => {
  const database = await openMemory();
  return { store: new SqlAccessStore(database), close: () => database.close() };
});

test("a scope that this version does not know allows nothing, least of all everything", async () => {
  const database = await openMemory();
  const row = {
    id: "1",
    name: "from a newer version",
    tokenHash: "hash",
    role: "admin",
    scopes: "teleport:write",
    createdBy: "adam",
    createdAtMs: 1,
  };
  await database.writer.submit((db) => db.insert(apiTokens).values(row).run());
  const token = await new SqlAccessStore(database).findToken("hash");
  if (!token) throw new Error("the token is gone");
  const { id, name, role, scopes } = token;
  expect(may({ kind: "token", id, name, role, scopes }, "reports:read")).toBe(false);
  await database.close();
});
