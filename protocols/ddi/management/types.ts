/** hawkBit's kinds of modules and sets, as a new tenant of it has them. */

export interface ModuleKind {
  readonly name: string;
  /** Of one kind in one set. */
  readonly max: number;
  /** What clients of DDI read as the part. [1.3] */
  readonly part: string;
}

export const MODULE_TYPES = {
  os: { name: "OS", max: 1, part: "os" },
  application: { name: "Application", max: Number.POSITIVE_INFINITY, part: "bApp" },
} as const satisfies Record<string, ModuleKind>;
export type ModuleType = keyof typeof MODULE_TYPES;

export interface SetKind {
  readonly name: string;
  /** One of each at least. */
  readonly mandatory: readonly ModuleType[];
  readonly optional: readonly ModuleType[];
}

export const SET_TYPES = {
  os: { name: "OS only", mandatory: ["os"], optional: [] },
  app: { name: "App(s) only", mandatory: ["application"], optional: [] },
  os_app: { name: "OS with app(s)", mandatory: ["os"], optional: ["application"] },
} as const satisfies Record<string, SetKind>;
export type SetType = keyof typeof SET_TYPES;

/** Why modules of these kinds cannot be in a set of that one, in words; undefined where they can. */
export function whyUnfit(type: SetType, modules: readonly ModuleType[]): string | undefined {
  const { mandatory, optional }: SetKind = SET_TYPES[type];
  const stranger = modules.find((one) => !mandatory.includes(one) && !optional.includes(one));
  if (stranger !== undefined)
    return `a set of the type ${type} has no modules of the type ${stranger}`;
  const crowded = modules.find(
    (one) => modules.filter((other) => other === one).length > MODULE_TYPES[one].max,
  );
  return crowded === undefined
    ? undefined
    : `a set has at most ${MODULE_TYPES[crowded].max} module of the type ${crowded}`;
}

/** Is there one of each that it needs? */
export function isComplete(type: SetType, modules: readonly ModuleType[]): boolean {
  return SET_TYPES[type].mandatory.every((one: ModuleType) => modules.includes(one));
}
