// Runs inside a page. Answers the texts of less contrast than WCAG AA asks for: 4.5, or 3 when large.
(() => {
  const canvas = document.createElement("canvas");
  canvas.width = 1;
  canvas.height = 1;
  const paint = canvas.getContext("2d", { willReadFrequently: true });

  function channels(color) {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = color;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  }

  function luminance(color) {
    const [red, green, blue] = color.map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function groundOf(element) {
    for (let one = element; one; one = one.parentElement) {
      const color = channels(getComputedStyle(one).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255, 255];
  }

  function hasText(element) {
    return [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
  }

  const pale = new Set();
  for (const element of document.querySelectorAll("body *")) {
    if (!hasText(element) || element.closest("svg, option")) continue;
    if (element.getClientRects().length === 0) continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const size = Number.parseFloat(fontSize);
    const isLarge = size >= 24 || (size >= 18.6 && Number(fontWeight) >= 700);
    const [one, other] = [luminance(channels(color)), luminance(groundOf(element))];
    const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (ratio >= (isLarge ? 3 : 4.5)) continue;
    pale.add(`${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return [...pale];
})();
