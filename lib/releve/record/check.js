"use strict";
// Holds the dropped files of this folder against record.json, here in the browser: nothing leaves it, nothing is loaded.
const zone = document.getElementById("controle-zone"), told = document.getElementById("controle-resultat");
const hex = bytes => Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, "0")).join("");
const sha256 = async content => hex(await crypto.subtle.digest("SHA-256", content));

// Chromium refuses to read the entries of a folder dropped on a page that was opened from the disk; it allows their handles.
const walk = async (handle, path = handle.name) => {
  if (handle.kind === "file") return [[path, await handle.getFile()]];
  const found = [];
  for await (const each of handle.values()) found.push(...await walk(each, `${path}/${each.name}`));
  return found;
};
const walkEntry = async entry => {
  if (entry.isFile) return [[entry.fullPath.slice(1), await new Promise((done, failed) => entry.file(done, failed))]];
  const reader = entry.createReader(), found = [];
  for (;;) {
    const part = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!part.length) return found;
    for (const each of part) found.push(...await walkEntry(each));
  }
};
const dropped = item => item.getAsFileSystemHandle ? item.getAsFileSystemHandle().then(handle => walk(handle)) : walkEntry(item.webkitGetAsEntry());

// The register is one folder above the record; every other path is taken from where record.json lies: in the folder of this
// rotation if there are several, else as high as it stands in a folder, else among files given without their folders.
const isStatement = path => /(^|\/)record\.json$/.test(path), isRegister = path => /(^|\/)register\.jsonl$/.test(path);
const rank = path => [path.endsWith(`_${zone.dataset.run}/record.json`) ? 0 : path.includes("/") ? 1 : 2, path.length];
const sort = found => {
  const statement = found.map(([path]) => path).filter(isStatement).sort((a, b) => rank(a)[0] - rank(b)[0] || rank(a)[1] - rank(b)[1])[0];
  const base = statement === undefined ? "" : statement.slice(0, -"record.json".length);
  const files = new Map(), registers = [];
  for (const [path, file] of found)
    if (isRegister(path)) registers.push(file);
    else if (path.startsWith(base)) files.set(path.slice(base.length), file);
  const loose = base === "" && !Array.from(files.keys()).some(path => path.includes("/"));
  return { files, register: registers.at(-1), folder: base.split("/").at(-2), loose };
};

const checkRegister = async (file, said, hash) => {
  const faults = [], lines = (await file.text()).split("\n");
  if (lines.pop() !== "") faults.push("registre : la dernière ligne est coupée");
  let previous = "0".repeat(64), entered = false;
  for (const [index, line] of lines.entries()) {
    let entry = null;
    try { entry = JSON.parse(line); } catch { entry = {}; }
    if (entry.previous !== previous || entry.n !== index + 1) faults.push(`registre, ligne ${index + 1} : la chaîne est rompue`);
    if (entry.kind === "record" && entry.record === said.predicate.record) {
      entered = true;
      if (entry.statement !== hash) faults.push(`registre, ligne ${index + 1} : record.json n'est pas celui qui a été inscrit`);
    }
    previous = await sha256(new TextEncoder().encode(line));
  }
  if (!entered) faults.push("registre : ce dossier n'y est pas inscrit");
  return { faults, head: previous };
};

const check = async found => {
  const { files, register, folder, loose } = sort(found);
  if (!files.has("record.json")) return { title: "Il manque record.json", faults: ["Donnez le dossier entier de la rotation."], notes: [] };
  const content = await files.get("record.json").arrayBuffer(), hash = await sha256(content), faults = [];
  let said = null;
  try { said = JSON.parse(new TextDecoder().decode(content)); said.subject.map(each => each.digest.sha256); said.predicate.record; }
  catch { return { faults: ["record.json : modifié, il ne se lit plus"], notes: [] }; }
  if (said.predicate.run !== zone.dataset.run) faults.push("record.json : il décrit une autre rotation que cette page");
  if (folder && folder !== said.predicate.record) faults.push(`${folder} : ce dossier a été scellé sous le nom ${said.predicate.record}`);
  const seen = new Set(["record.json"]);
  for (const { name, digest } of said.subject) {
    const path = loose ? name.split("/").pop() : name;
    if (!files.has(path)) { faults.push(`${name} : manque`); continue; }
    seen.add(path);
    if (await sha256(await files.get(path).arrayBuffer()) !== digest.sha256) faults.push(`${name} : modifié`);
  }
  for (const path of files.keys()) if (!seen.has(path)) faults.push(`${path} : ajouté`);
  const notes = [`${said.subject.length} fichiers comparés à record.json, dont l'empreinte SHA-256 est ${hash}.`];
  if (register) {
    const { faults: more, head } = await checkRegister(register, said, hash);
    faults.push(...more);
    notes.push(`L'empreinte de la dernière ligne du registre est ${head}.`);
    if (!more.length) notes.push("Ce dossier est inscrit au registre donné, dont les lignes se suivent jusqu'à celle-là. "
      + "Des lignes coupées à la fin ne se verraient que par le trousseau du poste ou un horodatage.");
  } else notes.push("Le registre (register.jsonl, un dossier plus haut) n'a pas été donné. Qui aurait refait aussi record.json ne se verrait "
    + "que par lui : ajoutez-le, ou comparez cette empreinte avec la ligne de ce dossier dans le registre.");
  return { faults, notes, good: register ? "Ce dossier est intact" : "Les fichiers sont ceux que décrit record.json" };
};

const tell = ({ title, faults, notes, good }) => {
  told.className = faults.length ? "bad" : "good";
  told.replaceChildren(...[[title ?? (faults.length ? "Ce dossier n'est pas intact" : good), "strong"],
    ...faults.map(text => [text, "p"]), ...notes.map(text => [text, "small"])].map(([text, tag]) => {
    const line = document.createElement(tag);
    line.textContent = text;
    return line;
  }));
};

// What is given without a record.json (the register) is added to what was given before.
let held = [];
const run = async given => {
  told.className = "";
  told.textContent = "Contrôle en cours…";
  try {
    const found = await given;
    held = [...held.filter(([path]) => isRegister(path) || !found.some(([each]) => isStatement(each))), ...found];
    tell(await check(held));
  } catch (error) {
    tell({ title: "Le contrôle n'a pas pu se faire", faults: [`Essayez par « Choisir le dossier ». (${error.message})`], notes: [] });
  }
};

if (globalThis.crypto && crypto.subtle) {
  document.getElementById("controle").hidden = false;
  document.getElementById("controle-dossier").webkitdirectory = true;  // every browser knows it, the standard of HTML does not
  zone.addEventListener("dragover", event => { event.preventDefault(); zone.classList.add("over"); });
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", event => {
    event.preventDefault();
    zone.classList.remove("over");
    const files = Array.from(event.dataTransfer.items).filter(item => item.kind === "file");
    run(Promise.all(files.map(dropped)).then(all => all.flat()));
  });
  for (const input of zone.querySelectorAll("input"))
    input.addEventListener("change", () => run(Array.from(input.files, file => [file.webkitRelativePath || file.name, file])));
}
