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

document.querySelectorAll('.series').forEach(addSlider);
