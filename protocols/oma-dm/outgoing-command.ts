/**
 * A command a server wants a device to carry out, before it has numbers. The `tag` is the caller's
 * own word for it: the session's events name the command by it. Tags are unique in one package.
 */
export type OutgoingCommand = OutgoingItems | OutgoingAlert | OutgoingContainer;

export interface OutgoingItems {
  readonly name: "Add" | "Copy" | "Delete" | "Exec" | "Get" | "Replace";
  readonly tag: string;
  readonly correlator?: string | undefined;
  readonly items: readonly OutgoingItem[];
}

export interface OutgoingAlert {
  readonly name: "Alert";
  readonly tag: string;
  readonly code: number;
  readonly items: readonly OutgoingItem[];
}

export interface OutgoingContainer {
  readonly name: "Atomic" | "Sequence";
  readonly tag: string;
  readonly commands: readonly OutgoingCommand[];
}

export interface OutgoingItem {
  readonly target?: string | undefined;
  /** What a Copy copies. */
  readonly source?: string | undefined;
  /** Written as given; missing means `chr`. */
  readonly format?: string | undefined;
  readonly type?: string | undefined;
  readonly data?: string | undefined;
  /** Of a large object, in its first chunk: all its bytes. Set where it is cut. */
  readonly size?: number | undefined;
  readonly moreData?: true | undefined;
}
