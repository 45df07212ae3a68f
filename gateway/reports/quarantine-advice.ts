/** What became of a frame that was set aside, and what an administrator can do, in words. */
export interface QuarantineAdvice {
  /** What the site has done by itself. */
  readonly happened: string;
  /** What is left to do; empty when nothing is. */
  readonly todo: string;
  /** It can be taken in after all, once the hub can read it. */
  readonly canBeTakenAgain: boolean;
}

const LOOK =
  "If it comes again, compare the versions of site and hub, and look at the frame's bytes and the site's log.";

/** @param kind `status`, `journal`, `policy` or `keys`; anything else is of another version */
export function quarantineAdvice(kind: string): QuarantineAdvice {
  switch (kind) {
    case "status":
      return {
        happened: "The site has sent its whole status again: the report lacks nothing.",
        todo: LOOK,
        canBeTakenAgain: false,
      };
    case "journal":
      return {
        happened:
          "The journal went on behind it. Rows are right, as the status brings them; the facts in this frame are missing from the history here.",
        todo: "After an update of the hub, take it in again: the history gets what it lacks. The site's own console has the facts, too, for as long as it keeps history.",
        canBeTakenAgain: true,
      };
    case "policy":
      return {
        happened:
          "The site's decisions travel whole with its next change; until then the hub has the ones of before.",
        todo: "Take it in again after an update of the hub, or change something at the site to have them sent again.",
        canBeTakenAgain: true,
      };
    case "keys":
      return {
        happened: "The site keeps the keys that it has.",
        todo: "Make new keys at the site once more (Settings, Keys).",
        canBeTakenAgain: false,
      };
    default:
      return { happened: "Later frames of the site went on.", todo: LOOK, canBeTakenAgain: false };
  }
}
