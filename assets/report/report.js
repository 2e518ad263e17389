/* Turns series of pictures over with a slider. Without it, they stand side by side. */
'use strict';

/** @param {HTMLElement} series */
function addSlider(series) {
  const control = series.querySelector('.control');
  const slider = series.querySelector('input');
  const output = series.querySelector('output');
  const frames = [...series.querySelectorAll('.frame')];
  if (control === null || slider === null || output === null) return;
  const show = () => {
    const chosen = frames[Number(slider.value)];
    for (const frame of frames) frame.hidden = frame !== chosen;
    const label = chosen?.dataset.label ?? '';
    output.textContent = label;
    slider.setAttribute('aria-valuetext', label);
  };
  slider.addEventListener('input', show);
  control.hidden = false;
  series.classList.add('interactive');
  // Nothing is left to scroll.
  series.querySelector('.frames')?.removeAttribute('tabindex');
  show();
}

/** How near the pointer must be to a point, in CSS pixels of the picture. */
const REACH = 24;

/** @param {HTMLElement} map */
function addPeek(map) {
  const card = map.querySelector('.card');
  const picture = card?.querySelector('img');
  const tiles = map.querySelector('.tiles-of-map');
  const peek = map.querySelector('.peek');
  const canvas = map.querySelector('canvas');
  const output = map.querySelector('output');
  const hint = map.querySelector('.peek-hint');
  if (!card || !picture || !tiles || !peek || !canvas || !output || !hint) return;
  const points = JSON.parse(map.dataset.points ?? '[]');
  const [columns, width, height] = ['columns', 'width', 'height'].map((name) => Number(map.dataset[name]));
  canvas.width = width;
  canvas.height = height;
  let chosen = -1;
  const show = (index) => {
    chosen = index;
    peek.hidden = index < 0;
    if (index < 0) return;
    const [x, y, label] = points[index];
    const [column, row] = [index % columns, Math.floor(index / columns)];
    const context = canvas.getContext('2d');
    context?.clearRect(0, 0, width, height);
    context?.drawImage(tiles, column * width, row * height, width, height, 0, 0, width, height);
    output.textContent = label === null ? `image ${index + 1}` : label;
    const scale = picture.clientWidth / Number(picture.getAttribute('width'));
    // Beside the point, on the side where there is room.
    const left = x * scale;
    peek.style.left = `${left > map.clientWidth / 2 ? left - peek.offsetWidth - 12 : left + 12}px`;
    peek.style.top = `${Math.max(0, y * scale - peek.offsetHeight / 2)}px`;
  };
  card.addEventListener('pointermove', (event) => {
    const box = picture.getBoundingClientRect();
    const scale = box.width / Number(picture.getAttribute('width'));
    const [x, y] = [(event.clientX - box.left) / scale, (event.clientY - box.top) / scale];
    let nearest = -1;
    let least = REACH;
    points.forEach(([px, py], index) => {
      const distance = Math.hypot(px - x, py - y);
      if (distance >= least) return;
      least = distance;
      nearest = index;
    });
    if (nearest !== chosen) show(nearest);
  });
  card.addEventListener('pointerleave', () => show(-1));
  card.addEventListener('blur', () => show(-1));
  card.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') show(-1);
    if (step === undefined) return;
    event.preventDefault();
    show((chosen + step + points.length) % points.length);
  });
  card.tabIndex = 0;
  card.setAttribute('role', 'group');
  card.setAttribute('aria-label', 'Map: the arrow keys go from image to image');
  hint.hidden = false;
}

/** Opens a folded section that a link leads to. Browsers do this only for what is inside of it. */
function unfoldTarget() {
  const target = document.getElementById(location.hash.slice(1));
  const fold = target?.matches('.folded') ? target.querySelector('details') : null;
  if (fold) fold.open = true;
}

addEventListener('hashchange', unfoldTarget);
unfoldTarget();
document.querySelectorAll('.series').forEach(addSlider);
document.querySelectorAll('.map').forEach(addPeek);
