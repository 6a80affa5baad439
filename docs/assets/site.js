/* The theme puts a landmark around the button of each block of code, which has no name. A reader who
   goes from landmark to landmark has no use for any of them. */
function hush() {
  for (const each of document.querySelectorAll("nav.md-code__nav:not([role])")) {
    each.setAttribute("role", "presentation");
  }
}
hush();
new MutationObserver(hush).observe(document.body, { childList: true, subtree: true });
