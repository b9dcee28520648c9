// The service portal's views: drawn late, from data, in one page. Its words are in the page's templates.
"use strict";

const view = document.getElementById("vue");
const VIEWS = { "raccordements": drawDomain, "compte-technique": drawForm };
let chosen = {};

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-goes]");
  if (!link) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  draw();
});
window.addEventListener("popstate", draw);
draw();

function draw() {
  const id = new URLSearchParams(location.search).get("id");
  (VIEWS[id] || (() => put("vue-absente")))().catch(() => {}); // what went wrong is already on the page
}

function part(id) {
  return document.getElementById(id).content.cloneNode(true);
}

async function put(id) {
  view.setAttribute("aria-busy", "true");
  await new Promise((done) => setTimeout(done, Number(view.dataset.delay)));
  view.replaceChildren(part(id));
  view.removeAttribute("aria-busy");
}

async function call(path, body) {
  const options = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, options).catch(() => null);
  if (!answer) await put("vue-coupee");
  else if (answer.headers.get("Content-Type").includes("json")) return opened(await answer.json());
  else {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    view.replaceChildren(...page.querySelector("main").childNodes);
  }
  throw new Error("no data");
}

function opened(data) {
  if (data.popup) document.body.append(part("vue-information"));
  return data;
}

async function drawDomain() {
  await call("/api/sp/raccordements");
  await put("vue-raccordements");
}

async function drawForm() {
  const types = await call("/api/sp/compte-technique");
  await put("vue-compte-technique");
  chosen = {};
  const structures = (words) => call(`/api/sp/structures?mots=${encodeURIComponent(words)}`);
  const accounts = () => call(`/api/sp/comptes?siret=${chosen.structure}`);
  picker("type", async () => types, (type) => show("structure", type === "reinitialisation"));
  picker("structure", structures, () => show("compte", true));
  picker("compte", accounts, offerCandidate);
  view.querySelector("[data-form]").addEventListener("submit", submit);
}

function show(name, shown) {
  const place = view.querySelector(`[data-picker=${name}]`);
  place.hidden = !shown;
  place.querySelector("[role=combobox] > span").textContent = "-- Aucun --";
  delete chosen[name];
  if (name === "structure") show("compte", false);
  view.querySelector("[data-candidate]").hidden = true;
  view.querySelector("[type=submit]").disabled = true;
}

function picker(name, load, choose) {
  const place = view.querySelector(`[data-picker=${name}]`);
  const box = place.querySelector("[role=combobox]"), drop = place.querySelector(".drop");
  const search = drop.querySelector("input"), list = drop.querySelector("ul");
  const open = (is) => { drop.hidden = !is; box.setAttribute("aria-expanded", String(is)); };
  const option = (item) => {
    const line = document.createElement("li");
    line.setAttribute("role", "option");
    line.textContent = item.text;
    line.addEventListener("click", () => {
      open(false);
      box.firstElementChild.textContent = item.text;
      chosen[name] = item.id;
      choose(item.id);
    });
    return line;
  };
  const fill = async () => {
    const words = search.value.trim().toLowerCase();
    const data = await load(search.value.trim()).catch(() => null);
    if (!data || search.value.trim().toLowerCase() !== words) return; // an answer that came too late
    const items = name === "structure" ? data.items : data.items.filter((item) => item.text.toLowerCase().includes(words));
    list.replaceChildren(...items.map(option));
    drop.querySelector("[data-empty]").hidden = items.length > 0;
  };
  box.addEventListener("click", () => {
    if (!drop.hidden) return open(false);
    search.value = "";
    list.replaceChildren();
    open(true);
    search.focus();
    fill();
  });
  box.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") box.click(); });
  search.addEventListener("input", fill);
}

async function offerCandidate(account) {
  const data = await call("/api/sp/candidat", { siret: chosen.structure, compte: account }).catch(() => null);
  if (!data) return;
  await new Promise((done) => setTimeout(done, Number(view.dataset.delay)));
  const box = view.querySelector("[data-candidate]");
  box.querySelector("output").textContent = data.password;
  box.hidden = false;
  view.querySelector("[type=submit]").disabled = false;
}

async function submit(event) {
  event.preventDefault();
  view.querySelector("[type=submit]").disabled = true;
  const data = await call("/api/sp/demande", { siret: chosen.structure, compte: chosen.compte }).catch(() => null);
  if (!data) return;
  if (data.error) {
    const error = view.querySelector("[data-error]");
    error.textContent = data.error;
    error.hidden = false;
    return;
  }
  await put("vue-soumise");
  view.querySelector("[data-number]").textContent = data.number;
}
