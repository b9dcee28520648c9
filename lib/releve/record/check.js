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

// Every path is taken from where a record.json lies; one that lies within another record is none of its own. The page of a
// record looks for its own run, a page that came from elsewhere takes every record that is given.
const run = zone.dataset.run;
const isStatement = path => /(^|\/)record\.json$/.test(path), isRegister = path => /(^|\/)register\.jsonl$/.test(path);
const recordsOf = paths => {
  const bases = paths.filter(isStatement).map(path => path.slice(0, -"record.json".length)).sort((a, b) => a.length - b.length);
  const outer = bases.filter((base, n) => !bases.slice(0, n).some(other => base.startsWith(other)));
  const own = run ? bases.find(base => base.endsWith(`_${run}/`)) : undefined;
  return own !== undefined ? [own] : run ? outer.slice(0, 1) : outer;
};
const filesOf = (base, found) => {
  const files = new Map(found.filter(([path]) => path.startsWith(base)).map(([path, file]) => [path.slice(base.length), file]));
  const loose = base === "" && !Array.from(files.keys()).some(path => path.includes("/"));
  if (loose) for (const path of files.keys()) if (isRegister(path)) files.delete(path);
  return { files, loose };
};
const registerOf = (bases, found) => found.filter(([path]) => isRegister(path)
  && !bases.some(base => base !== "" && path.startsWith(base))).map(([, file]) => file).at(-1);

const bytes = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));

// A statement as it was written: alone (version 0.1), or in the envelope that the machine signed (DSSE).
const read = content => {
  const text = new TextDecoder().decode(content), outer = JSON.parse(text);
  const payload = outer.payloadType === "application/vnd.in-toto+json" ? bytes(outer.payload) : null;
  const said = payload ? JSON.parse(new TextDecoder().decode(payload)) : outer;
  said.subject.map(each => each.digest.sha256);
  said.predicate.record.split("");
  return { said, payload, signatures: outer.signatures ?? [] };
};

// true, false, or null for a browser that does not know Ed25519.
const verified = async (payload, signature, key) => {
  const start = new TextEncoder().encode(`DSSEv1 28 application/vnd.in-toto+json ${payload.length} `);
  const signed = new Uint8Array([...start, ...payload]);
  try {
    const imported = await crypto.subtle.importKey("spki", key, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, bytes(signature), signed);
  } catch { return null; }
};

const checkSignature = async ({ payload, signatures }, files) => {
  if (!payload) return { faults: [], notes: ["record.json n'est pas signé : il date d'une version de Relève qui ne signait pas."] };
  if (!files.has("signer.pem") || signatures.length !== 1) return { faults: ["record.json : sa signature, ou la clé de celui qui a signé, manque"], notes: [] };
  const pem = await files.get("signer.pem").text();
  const key = bytes(pem.replace(/-----[A-Z ]+-----|\s/g, "")), id = await sha256(key);
  const good = await verified(payload, signatures[0].sig, key);
  if (good === false) return { faults: ["record.json : sa signature est fausse"], notes: [] };
  return { faults: [], notes: [`${good ? "Signé par" : "Signature non vérifiée (ce navigateur ne sait pas le faire) ; clé annoncée :"} la clé `
    + `${id.slice(0, 32).replace(/(.{4})(?=.)/g, "$1 ")}, à comparer avec l'empreinte que le poste affiche et que vous avez notée ailleurs.`] };
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

const checkRecord = async (base, found, register) => {
  const { files, loose } = filesOf(base, found), faults = [], notes = [], folder = base.split("/").at(-2);
  const content = await files.get("record.json").arrayBuffer(), hash = await sha256(content);
  let sealed = null;
  try { sealed = read(content); } catch { return { faults: ["record.json : modifié, il ne se lit plus"], notes }; }
  const { said } = sealed;
  if (run && said.predicate.run !== run) faults.push("record.json : il décrit une autre rotation que cette page");
  if (folder && folder !== said.predicate.record) faults.push(`${folder} : ce dossier a été scellé sous le nom ${said.predicate.record}`);
  const seen = new Set(["record.json"]);
  for (const { name, digest } of said.subject) {
    const path = loose ? name.split("/").pop() : name;
    if (!files.has(path)) { faults.push(`${name} : manque`); continue; }
    seen.add(path);
    if (await sha256(await files.get(path).arrayBuffer()) !== digest.sha256) faults.push(`${name} : modifié`);
  }
  for (const path of files.keys()) if (!seen.has(path))
    faults.push(isRegister(path) ? `${path} : un registre dans le dossier même n'est pas le registre` : `${path} : ajouté`);
  notes.push(`${said.subject.length} fichiers de ${said.predicate.record} comparés à record.json, dont l'empreinte SHA-256 est ${hash}.`);
  const parts = [await checkSignature(sealed, files)];
  if (register) parts.push(await checkRegister(register, said, hash));
  for (const part of parts) { faults.push(...part.faults); notes.push(...part.notes ?? []); }
  if (register) notes.push(`L'empreinte de la dernière ligne du registre est ${parts[1].head}.`);
  return { faults, notes };
};

const check = async found => {
  const bases = recordsOf(found.map(([path]) => path)), register = registerOf(bases, found);
  if (!bases.length) return { title: "Il manque record.json", faults: ["Donnez le dossier entier de la rotation."], notes: [] };
  const faults = [], notes = [];
  for (const base of bases) {
    const one = await checkRecord(base, found, register);
    faults.push(...one.faults.map(text => bases.length > 1 ? `${base.slice(0, -1)} : ${text}` : text));
    notes.push(...one.notes);
  }
  notes.push(register ? "Des lignes coupées à la fin du registre ne se verraient que par le trousseau du poste ou un horodatage."
    : "Le registre (register.jsonl, un dossier plus haut) n'a pas été donné. Qui aurait refait aussi record.json ne se verrait "
      + "que par lui : ajoutez-le, ou comparez cette empreinte avec la ligne de ce dossier dans le registre.");
  const many = bases.length > 1;
  return { faults, notes, good: register ? (many ? `Ces ${bases.length} dossiers sont intacts` : "Ce dossier est intact")
    : "Les fichiers sont ceux que décrit record.json", bad: many ? "Ces dossiers ne sont pas tous intacts" : "Ce dossier n'est pas intact" };
};

const tell = ({ title, faults, notes, good, bad }) => {
  told.className = faults.length ? "bad" : "good";
  told.replaceChildren(...[[title ?? (faults.length ? bad : good), "strong"],
    ...faults.map(text => [text, "p"]), ...notes.map(text => [text, "small"])].map(([text, tag]) => {
    const line = document.createElement(tag);
    line.textContent = text;
    return line;
  }));
};

// What is given without a record.json (the register) is added to what was given before.
let held = [];
const take = async given => {
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
    take(Promise.all(files.map(dropped)).then(all => all.flat()));
  });
  for (const input of zone.querySelectorAll("input"))
    input.addEventListener("change", () => take(Array.from(input.files, file => [file.webkitRelativePath || file.name, file])));
}
