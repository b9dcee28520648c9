// The little that needs a script: panels and menus that open, pop-ups that appear and go.
"use strict";

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.hasAttribute("aria-expanded")) toggle(button);
  if (button.dataset.confirms) confirmReset(button.dataset.confirms);
  if (button.dataset.closes) document.getElementById(button.dataset.closes).hidden = true;
});

function toggle(button) {
  const open = button.getAttribute("aria-expanded") !== "true";
  button.setAttribute("aria-expanded", String(open));
  document.getElementById(button.getAttribute("aria-controls")).hidden = !open;
}

function confirmReset(account) {
  const dialog = document.getElementById("GES_Structure_Confirmation");
  dialog.querySelector("[data-account]").textContent = account;
  dialog.querySelector("[name=compte]").value = account;
  dialog.hidden = false;
  dialog.querySelector("[type=submit]").focus();
}
