// The only script of our own: "/" leads to the search field, "j" and "k" through a queue; who goes back from a form that
// was refused finds what was typed. All else works without scripts.
function along(step) {
  const neighbour = document.querySelector(step > 0 ? 'a[rel="next"]' : 'a[rel="prev"]');
  if (neighbour) {
    neighbour.click();
    return;
  }
  const links = [...document.querySelectorAll("[data-queue] tbody tr")].map((row) => row.querySelector("a")).filter(Boolean);
  const here = links.findIndex((link) => link.closest("tr").contains(document.activeElement));
  const there = links[here < 0 ? (step > 0 ? 0 : links.length - 1) : here + step];
  if (there) there.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const find = document.getElementById("find");
  if (event.key === "/" && find) {
    event.preventDefault();
    find.focus();
    find.select();
  } else if (event.key === "j" || event.key === "k") {
    along(event.key === "j" ? 1 : -1);
  }
});

// Pages are not stored by the browser, and their fields not remembered: going back would empty them. They are held in this
// tab alone, from the form's submission until the next page that is no refusal.
const TYPED = "typed";
function fieldsOf(form) {
  return [...form.elements].filter((each) => each.name && !["hidden", "password", "file", "submit"].includes(each.type));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.querySelector('input[type="password"]')) return;
  const values = fieldsOf(form).map((each) => (["checkbox", "radio"].includes(each.type) ? each.checked : each.value));
  const index = [...document.forms].indexOf(form);
  sessionStorage.setItem(TYPED, JSON.stringify({ page: location.pathname + location.search, index, values }));
});

window.addEventListener("pageshow", (event) => {
  const typed = JSON.parse(sessionStorage.getItem(TYPED) || "null");
  if (!typed || document.querySelector("[data-refused]")) return;
  sessionStorage.removeItem(TYPED);
  const [visit] = performance.getEntriesByType("navigation");
  const form = document.forms[typed.index];
  if (event.persisted || visit.type !== "back_forward" || typed.page !== location.pathname + location.search || !form) return;
  fieldsOf(form).forEach((each, place) => {
    const value = typed.values[place];
    if (typeof value === "boolean") each.checked = value;
    else if (value !== undefined) each.value = value;
  });
});
