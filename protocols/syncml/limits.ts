/** Bounds on one document, in XML or in WBXML; going over any of them refuses it whole. */
export interface DocumentLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Characters of text directly inside one element. */
  readonly textMax: number;
}

export const DOCUMENT_LIMITS: DocumentLimits = {
  bytesMax: 1024 * 1024,
  depthMax: 32,
  elementsMax: 50_000,
  attributesMax: 16,
  textMax: 512 * 1024,
};
