import {
  FIELD_MIX,
  isProfileName,
  PROFILES,
  type ProfileMix,
  type ProfileName,
} from "./profiles.ts";
import { Random } from "./random.ts";

/** A device before it exists: who it is and of which kind. */
export interface PlannedDevice {
  /** DevInfo/DevId; unique and the same for the same seed. */
  readonly stableId: string;
  readonly name: string;
  readonly manufacturer: string;
  readonly model: string;
  readonly profile: ProfileName;
  /** Seeds everything the device does by chance. */
  readonly seed: number;
}

type Models = readonly [readonly [string, string], ...(readonly [string, string])[]];

const PCS: Models = [
  ["Microsoft Corporation", "Surface Laptop 6"],
  ["LENOVO", "ThinkPad T14 Gen 5"],
  ["Dell Inc.", "OptiPlex 7020"],
  ["HP", "EliteDesk 800 G9"],
];
const HANDHELDS: Models = [
  ["Microsoft", "Lumia 950"],
  ["Microsoft", "Lumia 650"],
  ["HP", "Elite x3"],
  ["Honeywell", "CT50"],
  ["Panasonic", "FZ-F1"],
  ["Zebra", "TC70x"],
];

/** `count` devices of a fleet, drawn from `seed`; the mix holds as exactly as whole devices allow. */
export function planFleet(
  count: number,
  seed: number,
  options: { readonly mix?: ProfileMix; readonly prefix?: string } = {},
): PlannedDevice[] {
  const random = new Random(seed);
  const profiles = shuffled(profilesOf(count, options.mix ?? FIELD_MIX), random);
  return profiles.map((profile, index) => {
    const [manufacturer, model] = random.pick(PROFILES[profile].isPc ? PCS : HANDHELDS);
    return {
      stableId: `urn:uuid:${uuid(random)}`,
      name: `${options.prefix ?? "handheld"}-${String(index + 1).padStart(3, "0")}`,
      manufacturer,
      model,
      profile,
      seed: random.between(0, 2 ** 31),
    };
  });
}

function profilesOf(count: number, mix: ProfileMix): ProfileName[] {
  return apportion(count, mix).filter(isProfileName);
}

/**
 * Largest remainders: every kind gets its share of `count`, rounded so that the sum is right.
 *
 * @throws Error when no share is more than 0
 */
export function apportion(count: number, mix: Readonly<Record<string, number>>): string[] {
  const shares = Object.entries(mix)
    .map(([name, share]) => ({ name, share }))
    .filter(({ share }) => share > 0);
  const sum = shares.reduce((total, { share }) => total + share, 0);
  if (sum === 0) throw new Error("the mix names no kind of device");
  const exact = shares.map(({ name, share }) => ({ name, exact: (share / sum) * count }));
  const given = exact.flatMap(({ name, exact: part }) =>
    Array.from({ length: Math.floor(part) }, () => name),
  );
  const rest = [...exact].sort((a, b) => (b.exact % 1) - (a.exact % 1)).map(({ name }) => name);
  return [...given, ...rest.slice(0, count - given.length)];
}

function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  return values
    .map((value) => ({ value, key: random.next() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value);
}

function uuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.between(0, 15).toString(16)).join("");
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join("-");
}
