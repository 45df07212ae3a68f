import type { DeviceAttribute, DeviceToken } from "../../../devices/model/agent-device.ts";
import type { DeviceCredential } from "../../../devices/model/credential.ts";
import type { DeviceAlias } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { NewFact } from "../../../devices/model/fact.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { InventoryItem, InventoryRead } from "../../../devices/model/inventory.ts";
import { hasWaitingOrders, type VirtualTree } from "../../../devices/model/virtual-tree.ts";
import type { DeviceChanges, StoredSession } from "../../../devices/ports/site-store.ts";
import type { OutpostDatabase } from "../database.ts";
import type { Connection } from "../driver/connection.ts";
import type { Statement } from "../driver/statement.ts";
import { deviceAttributes, deviceJobs, deviceTokens } from "../schema/agents.ts";
import { deviceCertificates, windowsEnrolments } from "../schema/certificates.ts";
import {
  deviceAliases,
  deviceCredentials,
  devices,
  deviceTrees,
  downloadNodes,
  instants,
  inventory,
  inventoryReads,
  sessions,
} from "../schema/devices.ts";
import { facts } from "../schema/installations.ts";
import { NEXT_FACT, type Numbering, type Scope } from "./numbering.ts";
import type { RowWriter } from "./row-writer.ts";
import { insertInto, upsertInto } from "./upsert.ts";

/**
 * Writes the changes of use-cases, inside a transaction of the writer. Devices, rows and facts are
 * written under the name the site has at that moment: a use-case may have begun before it joined.
 */
export class DeviceWriter {
  readonly #connection: Connection;
  readonly #numbering: Numbering;
  readonly #now: () => number;
  readonly #rows: RowWriter;
  readonly #put: ReturnType<typeof prepareWrites>;
  readonly #revoke: Statement;

  constructor(database: OutpostDatabase, numbering: Numbering, rows: RowWriter) {
    this.#connection = database.connection;
    this.#numbering = numbering;
    this.#now = database.now;
    this.#rows = rows;
    this.#put = prepareWrites(database.connection);
    this.#revoke = database.connection.prepare(REVOKE);
  }

  /** @throws AppError "conflict" for a used enrolment code, an alias or certificate of another device */
  write(changes: readonly DeviceChanges[]): void {
    const scope = this.#numbering.scope();
    const { site } = scope;
    for (const change of changes) {
      if (change.consumeEnrolmentCode !== undefined) {
        this.#consumeCode(change.consumeEnrolmentCode, change.device);
      }
      this.#putCertificates(change);
      if (change.put) this.#put.device({ ...change.put, site });
      if (change.alias) this.#putAlias(change.alias);
      if (change.credential) this.#putCredential(change.credential);
      if (change.token) this.#putToken(change.token);
      if (change.attributes) this.#replaceAttributes(change.device, change.attributes);
      if (change.forgetJobs) this.#forgetJobs(change.device);
      for (const job of change.jobs ?? []) this.#put.job(job);
      if (change.inventory) this.#replaceInventory(change.device, change.inventory);
      if (change.inventoryReads) this.#replaceReads(change.device, change.inventoryReads);
      for (const node of change.downloads ?? []) this.#put.downloadNode(node);
      for (const instant of change.instants ?? []) this.#put.instant(instant);
      if (change.tree !== undefined) this.#putTree(change.device, change.tree);
      if (change.session !== undefined) this.#putSession(change.device, change.session);
    }
    for (const change of changes) {
      this.#rows.putNow((change.installations ?? []).map((row) => ({ ...row, site })));
    }
    for (const change of changes) this.#putFacts(change.facts ?? [], scope);
  }

  #putFacts(newFacts: readonly NewFact[], { site, incarnation: siteIncarnation }: Scope): void {
    for (const fact of newFacts) this.#put.fact({ ...fact, site, siteIncarnation });
  }

  #forgetJobs(device: DeviceId): void {
    this.#connection.prepare("DELETE FROM device_jobs WHERE device = ?").run(device);
  }

  #consumeCode(codeHash: string, device: DeviceId): void {
    const nowMs = this.#now();
    const { changes } = this.#connection
      .prepare(
        "UPDATE enrolment_codes SET used_at_ms = ?, used_by = ? " +
          "WHERE code_hash = ? AND used_at_ms IS NULL AND expires_at_ms > ?",
      )
      .run(nowMs, device, codeHash, nowMs);
    if (changes === 1) return;
    throw new AppError(
      "conflict",
      "The enrolment code was used already, has expired or was taken back. Ask for a new one.",
    );
  }

  #putCertificates(change: DeviceChanges): void {
    const { device, revoke, certificate, windowsEnrolment } = change;
    if (revoke !== undefined) {
      const serial = revoke.serial ?? null;
      this.#revoke.run(revoke.atMs, device, serial, serial);
    }
    if (certificate) this.#put.certificate(certificate);
    if (windowsEnrolment) this.#put.windowsEnrolment(windowsEnrolment);
  }

  /** A device that was removed gives its names away; any other keeps them. */
  #putAlias(alias: DeviceAlias): void {
    const [owner] = this.#connection
      .prepare(
        "SELECT a.device, d.removed_at_ms FROM device_aliases a LEFT JOIN devices d ON d.id = a.device " +
          "WHERE a.protocol = ? AND a.external_id = ?",
      )
      .rows(alias.protocol, alias.externalId);
    if (owner && owner[0] !== alias.device && owner[1] === null) {
      throw new AppError(
        "conflict",
        `Another device is known as ${alias.externalId} (${alias.protocol}) already.`,
      );
    }
    this.#put.alias(alias);
  }

  /** A certificate stands for one device; one that was removed gives its own away. */
  #putCredential(credential: DeviceCredential): void {
    const { device, certificateSubject } = credential;
    if (certificateSubject !== null) {
      const [owner] = this.#connection
        .prepare(
          "SELECT c.device, d.removed_at_ms FROM device_credentials c LEFT JOIN devices d ON d.id = c.device " +
            "WHERE c.certificate_subject = ? AND c.device <> ?",
        )
        .rows(certificateSubject, device);
      if (owner && owner[1] === null) {
        throw new AppError(
          "conflict",
          `The certificate ${certificateSubject} stands for another device already.`,
        );
      }
      if (owner) {
        this.#connection
          .prepare("UPDATE device_credentials SET certificate_subject = NULL WHERE device = ?")
          .run(String(owner[0]));
      }
    }
    this.#put.credential({ ...credential, guard: JSON.stringify(credential.guard) });
  }

  /** A device that was removed gives its key away; any other keeps it. */
  #putToken(token: DeviceToken): void {
    const [owner] = this.#connection
      .prepare(
        "SELECT t.device, d.removed_at_ms FROM device_tokens t LEFT JOIN devices d ON d.id = t.device " +
          "WHERE t.protocol = ? AND t.digest = ? AND t.device <> ?",
      )
      .rows(token.protocol, token.digest, token.device);
    if (owner && owner[1] === null) {
      throw new AppError("conflict", "Another device proves itself with this key already.");
    }
    if (owner) {
      this.#connection
        .prepare("DELETE FROM device_tokens WHERE protocol = ? AND device = ?")
        .run(token.protocol, String(owner[0]));
    }
    this.#put.token(token);
  }

  #replaceAttributes(device: DeviceId, attributes: readonly DeviceAttribute[]): void {
    this.#connection.prepare("DELETE FROM device_attributes WHERE device = ?").run(device);
    for (const attribute of attributes) this.#put.attribute({ ...attribute, device });
  }

  #replaceInventory(device: DeviceId, items: readonly InventoryItem[]): void {
    this.#connection.prepare("DELETE FROM inventory WHERE device = ?").run(device);
    for (const item of items) this.#put.inventoryItem({ ...item, device });
  }

  #putTree(device: DeviceId, tree: VirtualTree | null): void {
    if (tree) {
      const hasOrders = hasWaitingOrders(tree);
      this.#put.tree({ device, tree: JSON.stringify(tree), hasOrders });
    } else this.#connection.prepare("DELETE FROM device_trees WHERE device = ?").run(device);
  }

  #replaceReads(device: DeviceId, reads: readonly InventoryRead[]): void {
    this.#connection.prepare("DELETE FROM inventory_reads WHERE device = ?").run(device);
    for (const read of reads) this.#put.inventoryRead({ ...read, device });
  }

  #putSession(device: DeviceId, session: StoredSession | null): void {
    if (session) this.#put.session(session);
    else this.#connection.prepare("DELETE FROM sessions WHERE device = ?").run(device);
  }
}

/** The first revocation holds. Without a serial number all of a device's are meant. */
const REVOKE = `UPDATE device_certificates SET revoked_at_ms = ?
  WHERE device = ? AND revoked_at_ms IS NULL AND (? IS NULL OR serial = ?)`;

function prepareWrites(connection: Connection) {
  return {
    device: upsertInto(connection, devices, ["site", "id"]),
    alias: upsertInto(connection, deviceAliases, ["protocol", "externalId"]),
    credential: upsertInto(connection, deviceCredentials, ["device"]),
    inventoryItem: upsertInto(connection, inventory, ["device", "productId"]),
    inventoryRead: insertInto(connection, inventoryReads),
    downloadNode: upsertInto(connection, downloadNodes, ["device", "productId"]),
    instant: upsertInto(connection, instants, ["device", "startMs"]),
    tree: upsertInto(connection, deviceTrees, ["device"]),
    session: upsertInto(connection, sessions, ["device"]),
    token: upsertInto(connection, deviceTokens, ["device", "protocol"]),
    attribute: upsertInto(connection, deviceAttributes, ["device", "name"]),
    job: upsertInto(
      connection,
      deviceJobs,
      ["device", "distribution", "attempt", "protocol"],
      // SQLite gives the number.
      { kept: ["id"], computed: { id: { sql: "NULL", from: [] } } },
    ),
    certificate: insertInto(connection, deviceCertificates),
    windowsEnrolment: insertInto(connection, windowsEnrolments),
    // Facts are only ever added: a number that is taken is a mistake of ours.
    fact: insertInto(connection, facts, { seq: NEXT_FACT }),
  };
}
