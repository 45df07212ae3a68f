/** The limits of the link. PROTOCOL.md section 9 says what happens at each. */

/** A frame's header, in bytes of JSON. */
export const FRAME_HEADER_BYTES_MAX = 4096;
/** A frame's body as it travels (compressed), in bytes. */
export const FRAME_BODY_BYTES_MAX = 2 * 1024 * 1024;
/** A frame's body when it is unpacked, in bytes. */
export const FRAME_RAW_BYTES_MAX = 8 * 1024 * 1024;
/** Magic, two lengths, header, body, signature. */
export const FRAME_BYTES_MAX = 4 + 4 + 4 + FRAME_HEADER_BYTES_MAX + FRAME_BODY_BYTES_MAX + 64;

/** Rows that one status frame changes. */
export const STATUS_ROWS_MAX = 5000;
/** Elements (entries and directory lines) of one status update. */
export const STATUS_ELEMENTS_MAX = 5 * STATUS_ROWS_MAX;
/** Yjs structs, deleted ranges and values of one status update: an entry has eleven values. */
export const STATUS_PARTS_MAX = 12 * STATUS_ELEMENTS_MAX;

/** Facts of one journal frame. */
export const JOURNAL_FACTS_MAX = 2000;
/** A journal frame is closed when its facts have this many bytes of JSON. */
export const JOURNAL_RAW_BYTES_TARGET = 1024 * 1024;
/** The longest text in a fact (an inventory as JSON), in characters. */
export const FACT_TEXT_CHARACTERS_MAX = 1024 * 1024;

/** A JSON message of the link, in bytes, both ways; adoption and policy answers may be larger. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
/** An answer that the site reads, in bytes. */
export const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** A policy document as a whole, in bytes. */
export const POLICY_BYTES_MAX = 8 * 1024 * 1024;
/** Yjs structs, deleted ranges and values of an update of a policy document. */
export const POLICY_PARTS_MAX = 500_000;
/** Records of all kinds in one policy document. */
export const POLICY_RECORDS_MAX = 10_000;

/** How long the hub remembers a frame that it took, in days, and how many of one site. */
export const INBOX_DAYS = 30;
export const INBOX_FRAMES_PER_SITE_MAX = 1000;
/** The last frames of the incarnation that is on are always remembered: they may come again. */
export const INBOX_REPEATABLE_FRAMES = 64;
/** How long a frame stays in quarantine, bytes and reason, in days. */
export const QUARANTINE_DAYS = 90;
/** What quarantine holds of one site, in bytes; of a frame on top everything but the bytes is kept. */
export const QUARANTINE_BYTES_PER_SITE_MAX = 64 * 1024 * 1024;

/** Devices in one page of an adoption. */
export const ADOPT_DEVICES_MAX = 200;
/** A page is closed when its devices and rows have this many bytes of JSON. */
export const ADOPT_BYTES_TARGET = 2 * 1024 * 1024;
/** Devices in one request for incarnations. */
export const INCARNATIONS_MAX = 100;

/** Changes of its keys that a site can tell a hub that went back of; before these it has to join again. */
export const SUCCESSIONS_MAX = 8;

/** A challenge may be answered for this long. */
export const CHALLENGE_MS_MAX = 60_000;
/** A session is good for this long after its hello. */
export const SESSION_MS_MAX = 24 * 60 * 60 * 1000;
/** A join code may be made for at most this long. */
export const JOIN_CODE_MS_MAX = 30 * 24 * 60 * 60 * 1000;
/** Two processes that speak for one site within this time of each other are an alarm. */
export const CLONE_WINDOW_MS = 10 * 60 * 1000;
