// Sends files one after the other as they are, so that a file of gigabytes never sits in memory, and
// shows how far each has come.
const drop = document.querySelector("[data-upload]");
const input = drop.querySelector("input[type=file]");
const list = document.getElementById("uploads");
const { url, csrf, next, files: pages } = drop.dataset;
let waiting = Promise.resolve();

input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  drop.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.remove("over");
  });
}
drop.addEventListener("drop", (event) => add(event.dataTransfer.files));

function add(files) {
  for (const file of files) {
    const row = rowFor(file);
    waiting = waiting.then(() => send(file, row));
  }
}

function rowFor(file) {
  const item = document.createElement("li");
  item.className = "card";
  const body = document.createElement("div");
  body.className = "body";
  const name = document.createElement("b");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  const words = document.createElement("p");
  words.className = "small muted";
  words.setAttribute("role", "status");
  words.textContent = "Waiting for its turn";
  body.append(name, bar, words);
  item.append(body);
  list.prepend(item);
  return { bar, words, body };
}

function send(file, { bar, words, body }) {
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${url}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-CSRF-Token", csrf);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.responseType = "json";
    const startedAt = performance.now();
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      bar.value = total > 0 ? loaded / total : 0;
      const perSecond = loaded / Math.max(0.001, (performance.now() - startedAt) / 1000);
      words.textContent =
        loaded < total
          ? `${Math.floor((100 * loaded) / total)} % of ${bytes(total)}, ${bytes(perSecond)}/s`
          : "Checking and storing";
    });
    request.addEventListener("loadend", () => {
      const answer = request.response;
      if (request.status === 200 && answer) {
        bar.value = 1;
        words.textContent = `Stored, ${bytes(answer.bytes)}, SHA-256 ${answer.sha256}`;
        if (answer.found) body.append(paragraph("small", answer.found));
        for (const notice of answer.notices) body.append(paragraph("badge warn", notice));
        const links = paragraph("small", "");
        links.append(
          link(`${next}?file=${answer.sha256}`, "Make an app of it"),
          " ",
          link(`${pages}/${answer.sha256}`, "What is in it"),
        );
        body.append(links);
      } else {
        bar.remove();
        words.className = "badge bad";
        words.textContent = answer?.detail ?? "The connection broke off. Choose the file again.";
      }
      done();
    });
    request.send(file);
  });
}

function paragraph(className, text) {
  const element = document.createElement("p");
  element.className = className;
  element.textContent = text;
  return element;
}

function link(href, text) {
  const element = document.createElement("a");
  element.href = href;
  element.textContent = text;
  return element;
}

function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
