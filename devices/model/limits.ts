/** The limits that hold across rooms; a room's own limits stand beside the code they bound. */

/** A SyncML or SOAP body, in bytes. A larger one is answered 413 without being read. */
export const DEVICE_BODY_BYTES_MAX = 1024 * 1024;
/** A JSON body of the administration API, in bytes. */
export const API_BODY_BYTES_MAX = 1024 * 1024;
/** One uploaded file, in bytes. */
export const UPLOAD_BYTES_MAX = 10 * 1024 ** 3;
/** Devices of one site. */
export const DEVICES_MAX = 10_000;
/** How long facts are kept at a site once the hub has acknowledged them, in days. */
export const FACT_RETENTION_DAYS = 90;
/** Tombstones of removed devices are kept longer than a site may be away. */
export const OFFLINE_HORIZON_DAYS = 180;

/**
 * What a device calls itself or an app: names, versions, models, in characters. Whatever a device sends
 * is cut to this before it is stored, because the hub reads no frame that holds a longer one.
 */
export const NAME_CHARACTERS_MAX = 256;
/** A device's own word for a state, and its sentence beside it, in characters: both stand in rows. */
export const WORDS_CHARACTERS_MAX = 2_000;
/** A device's list of apps as it is kept in its history, in characters of JSON. */
export const LIST_CHARACTERS_MAX = 256 * 1024;
