/** Pages with numbers that lead to lists. */
export const LIST_PAGES = [
  "",
  "/installations",
  "/installations?filter=platform%3Awindows%20bucket%3Afailed",
  "/apps",
  "/apps/point-of-sale",
  "/distributions",
  "/distributions/d-point-of-sale",
  "/devices",
  "/groups",
];
