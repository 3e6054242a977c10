// The only script of our own: "/" leads to the search field. All else works without scripts.
document.addEventListener("keydown", (event) => {
  const find = document.getElementById("find");
  const typing = event.target instanceof HTMLElement && event.target.closest("input, select, textarea, [contenteditable]");
  if (event.key === "/" && find && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    find.focus();
    find.select();
  }
});
