/** One-time codes by which devices make themselves known. Only their hashes are kept. */
export interface EnrolmentCode {
  readonly id: string;
  /** SHA-256 of the normalised code, hexadecimal. */
  readonly codeHash: string;
  readonly note: string;
  /** JSON: facts that a device enrolled by this code starts with. */
  readonly template: string;
  /** The name by which one device calls itself, and may use the code; null: any that is not served. */
  readonly stableId: string | null;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  /** The device that used it. */
  readonly usedBy: string | null;
}

export interface EnrolmentCodes {
  /** Adding the same id twice is a no-op. */
  add(code: EnrolmentCode): Promise<void>;
  find(codeHash: string): Promise<EnrolmentCode | undefined>;
  /** Newest first. */
  list(): Promise<readonly EnrolmentCode[]>;
  /** Removing an unknown id is a no-op. */
  remove(id: string): Promise<void>;
}
