/** How frames look: coloured by where their code comes from, one row for each level of the stack. */
export const FLAME_STYLE = `
.flame-tools { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; margin: 8px 0; }
.flame-tools input { font: inherit; padding: 4px 8px; border: 1px solid var(--line); border-radius: 6px; background: var(--page); color: var(--text); max-width: 100%; }
.flame-tools button { font: inherit; padding: 4px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--page); color: var(--text); cursor: pointer; }
.flame { position: relative; width: 100%; overflow: hidden; font: 12px/18px ui-monospace, monospace; }
.flame div { position: absolute; height: 18px; overflow: hidden; white-space: nowrap; padding: 0 3px; border: solid var(--card); border-width: 0 1px 1px 0; cursor: pointer; color: #14171a; border-radius: 2px; }
.flame .own { background: #8fb8f6; } .flame .dependency { background: #f3c07b; } .flame .runtime { background: #c3c9d1; }
.flame .odd { filter: brightness(0.93); } .flame .above { opacity: 0.55; } .flame .found { background: #e879d6; }
.flame [hidden] { display: none; }
.swatch { display: inline-block; width: 12px; height: 12px; border-radius: 2px; margin-right: 6px; vertical-align: -1px; }
.swatch.own { background: #8fb8f6; } .swatch.dependency { background: #f3c07b; } .swatch.runtime { background: #c3c9d1; }
`;

/** A click makes a frame as wide as the page, what is typed marks the frames with it in their names. */
export const FLAME_SCRIPT = `
"use strict";
const flame = document.querySelector(".flame");
const frames = [...flame.children].map((element) => {
  const [left, width, depth] = element.dataset.place.split(" ").map(Number);
  return { element, left, width, depth };
});
function show(root) {
  for (const { element, left, width, depth } of frames) {
    const right = left + width;
    const isAbove = depth < root.depth && left <= root.left + 1e-9 && right >= root.left + root.width - 1e-9;
    const from = Math.max(left, root.left), to = Math.min(right, root.left + root.width);
    element.hidden = to - from <= root.width * 1e-4;
    element.classList.toggle("above", isAbove);
    element.style.left = (100 * (from - root.left)) / root.width + "%";
    element.style.width = (100 * (to - from)) / root.width + "%";
  }
}
const all = { left: 0, width: 1, depth: 0 };
flame.addEventListener("click", (event) => {
  const frame = frames.find(({ element }) => element === event.target);
  if (frame) show(frame);
});
document.querySelector("#flame-reset").addEventListener("click", () => show(all));
addEventListener("keydown", (event) => { if (event.key === "Escape") show(all); });
document.querySelector("#flame-search").addEventListener("input", (event) => {
  const wanted = event.target.value.toLowerCase();
  for (const { element } of frames) {
    element.classList.toggle("found", wanted !== "" && element.title.toLowerCase().includes(wanted));
  }
});
`;
