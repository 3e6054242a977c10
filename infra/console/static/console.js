// The only script of our own: "/" leads to the search field, "j" and "k" through a queue. All else works without scripts.
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
