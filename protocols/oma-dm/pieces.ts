/**
 * Cutting a command that is too large for one message: item by item, and an item that no message can
 * hold into chunks, where the other side takes large objects. [syncml 3.7]
 */

/** Where the rest of a command begins: an item, and how much of its data has gone already. */
export interface Cut {
  readonly item: number;
  /** UTF-16 units; 0: nothing of the item has gone. */
  readonly offset: number;
}

export const WHOLE_CUT: Cut = { item: 0, offset: 0 };

/** An item of a command, as far as cutting it is concerned. */
export interface DivisibleItem {
  readonly data?: string | undefined;
  readonly moreData?: true | undefined;
}

export interface Piece<Item> {
  readonly items: readonly Item[];
  /** Where the rest begins; undefined when this was the last piece. */
  readonly rest: Cut | undefined;
  /** The last item goes on in the next message. */
  readonly isChunk: boolean;
}

/** How the items of one kind of command are cut. */
export interface Cutting<Item> {
  readonly fits: (items: readonly Item[]) => boolean;
  /** Says of the whole object how large it is, in bytes as it is transported. */
  readonly withSize: (item: Item, bytes: number) => Item;
  /** The other side takes large objects. */
  readonly chunks: boolean;
}

/** A chunk holds at least so much, or the message is too small for chunks. */
export const CHUNK_CHARACTERS_MIN = 64;

/**
 * The largest piece that fits: as many whole items as possible; else, if that is allowed, a chunk of
 * one. Undefined when there is none.
 */
export function cutPiece<Item extends DivisibleItem>(
  items: readonly Item[],
  from: Cut,
  cutting: Cutting<Item>,
): Piece<Item> | undefined {
  const rest = items.slice(from.item);
  const [first] = rest;
  if (first === undefined) return undefined;
  if (from.offset === 0) {
    const count = largest(rest.length, (n) => cutting.fits(rest.slice(0, n)));
    if (count > 0) {
      const next = from.item + count;
      const isLast = next >= items.length;
      return {
        items: rest.slice(0, count),
        rest: isLast ? undefined : { item: next, offset: 0 },
        isChunk: false,
      };
    }
    if (!cutting.chunks) return undefined;
  }
  return cutChunk(items, first, from, cutting);
}

function cutChunk<Item extends DivisibleItem>(
  items: readonly Item[],
  item: Item,
  { item: index, offset }: Cut,
  { fits, withSize }: Cutting<Item>,
): Piece<Item> | undefined {
  const data = item.data ?? "";
  const left = data.length - offset;
  const whole = offset === 0 ? withSize(item, Buffer.byteLength(data)) : item;
  const chunk = (length: number): Item => {
    const end = wholeCharacter(data, offset + length);
    const part = { ...whole, data: data.slice(offset, end) };
    return end < data.length ? { ...part, moreData: true } : part;
  };
  // The first chunk is never the last: an object that fits whole has none.
  const most = offset === 0 ? left - 1 : left;
  const length = largest(most, (n) => fits([chunk(n)]));
  if (length === 0 || length < Math.min(CHUNK_CHARACTERS_MIN, most)) return undefined;
  const piece = chunk(length);
  if (piece.moreData) {
    const end = offset + (piece.data?.length ?? 0);
    return { items: [piece], rest: { item: index, offset: end }, isChunk: true };
  }
  const next = index + 1;
  const isLast = next >= items.length;
  return {
    items: [piece],
    rest: isLast ? undefined : { item: next, offset: 0 },
    isChunk: false,
  };
}

/** A character beyond the basic plane has two units; it is not cut in half. */
function wholeCharacter(text: string, end: number): number {
  if (end >= text.length || end < 2) return end;
  const unit = text.charCodeAt(end - 1);
  return unit >= 0xd800 && unit <= 0xdbff ? end - 1 : end;
}

/** The largest n from 1 to `max` that is good, 0 when 1 is not. What is good for n is so for less. */
export function largest(max: number, isGood: (n: number) => boolean): number {
  if (max < 1 || isGood(max)) return Math.max(max, 0);
  let low = 0;
  let high = max;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (isGood(middle)) low = middle;
    else high = middle;
  }
  return low;
}
