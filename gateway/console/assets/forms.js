// Small conveniences of forms. Each works without this file too, only less comfortably.

// Boxes in a list: one box for all, and a count on the button.
function bulk() {
  return document.querySelector("form[data-bulk]");
}

function boxes(form) {
  return [...form.elements].filter((one) => one.type === "checkbox" && one.name === "id");
}

function showCount() {
  const form = bulk();
  if (!form) return;
  const all = boxes(form);
  const chosen = all.filter((one) => one.checked).length;
  const label = form.querySelector("[data-bulk-count]");
  if (label) label.textContent = chosen === 0 ? "none selected" : `${chosen} selected`;
  const head = document.querySelector("[data-check-all]");
  if (head) {
    head.hidden = false;
    head.checked = chosen > 0 && chosen === all.length;
    head.indeterminate = chosen > 0 && chosen < all.length;
  }
}

document.addEventListener("change", (event) => {
  const { target } = event;
  if (target.matches?.("[data-check-all]")) {
    for (const box of boxes(bulk())) box.checked = target.checked;
  }
  showCount();
  // Fields that only some choices need.
  if (target.matches?.("[data-shows]")) showParts(target);
});

function showParts(control) {
  const scope = control.closest("form");
  for (const part of scope.querySelectorAll(`[data-when="${control.name}"]`)) {
    part.hidden = !part.dataset.is.split(" ").includes(control.value);
  }
}

// A question before something that cannot be taken back.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("button");
  // A disabled button keeps its reason readable and focusable, so it is not `disabled` for real.
  if (button?.getAttribute("aria-disabled") === "true") event.preventDefault();
  if (!button?.dataset.copy) return;
  const text = document.getElementById(button.dataset.copy)?.textContent ?? "";
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
});

function prepare() {
  showCount();
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard;
  }
  for (const control of document.querySelectorAll("select[data-shows]")) showParts(control);
  document.querySelector('[aria-invalid="true"]')?.focus();
  for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
    form.addEventListener("change", () => form.requestSubmit());
  }
}

document.addEventListener("htmx:after:swap", showCount);
prepare();
